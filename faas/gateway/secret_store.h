/* Secrets of functions in Swarm: see secrets.h for what they are.  Talks to Docker: not for event
 * threads. */
#pragma once

#include "faas/common/docker.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/secrets.h"

int secret_store_list(struct docker *d, struct arena *a, struct secret_list *ret, struct err *err)
	_must_check_;
/* A first version; -EEXIST when there is a secret of that name. */
int secret_store_create(struct docker *d, const struct secret_request *rq, struct err *err)
	_must_check_;
/* A new version, that functions get when they are deployed next; -ENOENT when there is none yet. */
int secret_store_update(struct docker *d, const struct secret_request *rq, struct err *err)
	_must_check_;
/* All versions; -ENOENT; -EBUSY when a service uses one, and then nothing is removed. */
int secret_store_remove(struct docker *d, const char *name, struct err *err) _must_check_;
/* What deploy_spec() wants for @names: {NAME: {"id", "name"}}.  -ENOENT when one does not exist. */
int secret_store_resolve(struct docker *d, const struct deploy_words *names, json_t **ret,
	struct err *err) _must_check_;
/* Remove old versions that nobody uses any more, as far as it works. */
void secret_store_collect(struct docker *d);
