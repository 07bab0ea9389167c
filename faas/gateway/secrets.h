/*
 * Secrets of functions.  Swarm's cannot be changed, so what clients call NAME is a series of Swarm
 * secrets "NAME.1", "NAME.2" …, all with the label LABEL_SECRET=NAME, of which the one with the
 * highest number counts.  One that faas-swarm made under its own name counts as number 0.  Pure:
 * see secret_store.h for Docker.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/ext/json.h"

#define SECRET_OWN "svarm-" /* svarm's own secrets begin with it: never a function's */

enum {
	SECRET_MAX_BYTES = 500 * 1024, /* Swarm's limit */
	SECRET_MAX_NAME = 56,          /* of 64 for Swarm's name, with the number */
	SECRET_MAX_NUMBER = 9999999,
};

/* One Swarm secret; strings live in the list's arena. */
struct secret {
	const char *name;       /* for clients */
	const char *swarm_name; /* Swarm's own */
	const char *id;
	unsigned number;
	bool ours; /* made for functions; else by an operator, who keeps it up by hand */
};

/* Sorted by name, what is ours first, the newest first. */
struct secret_list {
	struct secret *v;
	size_t n;
};

/* From Docker's answer to GET /secrets, without svarm's own and what has an impossible name. */
void secrets_read(const json_t *answer, struct arena *a, struct secret_list *ret);
/* The one that counts; NULL when there is none. */
const struct secret *secrets_newest(const struct secret_list *l, const char *name);

/* A secret as clients send it. */
struct secret_request {
	char name[SECRET_MAX_NAME + 1];
	struct buf value; /* wiped by secret_request_done(); empty when only a name was wanted */
};

/* Parse and check; @want_value: a request without one is wrong.  -EBADMSG, -EINVAL, -EFBIG as
 * deploy_parse(); no message holds a part of the value. */
int secret_request_parse(const char *text, size_t len, bool want_value, struct secret_request *ret,
	struct err *err) _must_check_;
void secret_request_done(struct secret_request *rq);

/* Docker's SecretSpec for @rq as version @number.  Owned by the caller. */
json_t *secret_spec(const struct secret_request *rq, unsigned number);

/* True when a service in Docker's list @services refers to secret @id, now or to roll back to; then
 * *@ret_service (may be NULL) is its name, borrowed. */
bool secret_in_use(const json_t *services, const char *id, const char **ret_service);
