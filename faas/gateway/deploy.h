/*
 * A function's deployment as clients send it (OpenFaaS' FunctionDeployment), the Docker service
 * that runs it, and the way back: the status that is reported for a service.  Pure: JSON in, JSON
 * out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ext/json.h"

enum { DEPLOY_MAX_BYTES = 1 << 20 };

struct deploy_pair {
	const char *name, *value;
};

struct deploy_pairs {
	struct deploy_pair *v;
	size_t n;
};

struct deploy_words {
	const char **v;
	size_t n;
};

/* An amount as written, and what it means; text NULL: not asked for. */
struct deploy_amount {
	const char *text;
	int64_t value;
};

struct deploy {
	const char *name, *image;
	const char *process; /* NULL: the image's own */
	struct deploy_pairs env, labels, annotations;
	struct deploy_words constraints, secrets;
	struct deploy_amount memory_limit, cpu_limit, memory_request, cpu_request;
	bool read_only;
	const char *registry_auth; /* "user:password"; NULL: none */
};

/* Parse and validate; all in @a.  -EBADMSG: not JSON or not of the right shape; -EINVAL: a value
 * that cannot be. */
int deploy_parse(const char *text, size_t len, struct arena *a, struct deploy *ret, struct err *err)
	_must_check_;

/* Value of @name among @pairs, or NULL. */
const char *deploy_find(const struct deploy_pairs *pairs, const char *name);

/* What of the cluster goes into a service. */
struct deploy_place {
	const char *network;
	const json_t *secrets; /* {NAME: {"id", "name"}} for all of deploy.secrets */
	const char *image_id;  /* runs in place of deploy.image; NULL: that one */
	long somaxconn;        /* of the containers; 0: the kernel's own */
};

/*
 * The Docker ServiceSpec of @d at @p.  @old is the service being replaced or NULL: its name, mode,
 * replicas, networks and stack labels are kept, and its tasks are replaced even when nothing else
 * differs.
 */
json_t *deploy_spec(const struct deploy *d, const struct deploy_place *p, const json_t *old);

/* The reported status of @service with @running tasks.  Owned by the caller. */
json_t *deploy_status(const json_t *service, unsigned running);

/* X-Registry-Auth for Docker, appended to @out; nothing when @d has none. */
void deploy_registry_auth(const struct deploy *d, struct buf *out);
