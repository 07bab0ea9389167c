/*
 * Functions as Docker services: looked up by their label, never by their name (`docker stack
 * deploy` names the function echo of the stack fn "fn_echo"), created, changed and removed.
 * Everything here talks to Docker and may take seconds: not for event threads.
 */
#pragma once

#include "faas/common/docker.h"
#include "faas/gateway/model.h"

/* All services of functions now, as Docker's list.  Owned by the caller. */
int services_fetch(struct docker *d, json_t **ret, struct err *err) _must_check_;
/* The same, and the picture made from them and the tasks now. */
int services_look(struct docker *d, const char *network, json_t **ret, struct model **ret_model,
	struct err *err) _must_check_;
/* The service in @services that function @f was read from; borrowed. */
json_t *services_of(json_t *services, const struct function *f);
/* The service of function @name now, owned by the caller: 0 with *ret NULL when there is none. */
int service_find(struct docker *d, const char *network, const char *name, json_t **ret,
	struct err *err) _must_check_;

/*
 * Create the service @spec, or make it the spec of @old, whose version it must still have.
 * @registry_auth is X-Registry-Auth's value or NULL.  -EINVAL: Docker refused it (the message says
 * why); -EAGAIN: the service had changed meanwhile, look and try again.
 */
int service_create(struct docker *d, const json_t *spec, const char *registry_auth, struct err *err)
	_must_check_;
int service_update(struct docker *d, const json_t *old, const json_t *spec,
	const char *registry_auth, struct err *err) _must_check_;
/* 0 also when it was gone already. */
int service_remove(struct docker *d, const json_t *service, struct err *err) _must_check_;

/* Give function @name @n tasks, against whoever changes it at the same time.  -ENOENT: no such
 * function; -EINVAL: it runs once on every node. */
int service_scale(struct docker *d, const char *network, const char *name, unsigned n,
	struct err *err) _must_check_;

enum { SERVICE_TRIES = 5 }; /* of a change that others may overtake */
