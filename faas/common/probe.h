/*
 * `PROGRAM probe …`: one check from inside a container, for `svarm health` (docker exec) and for
 * people.  Prints one JSON object with at least "probe", "ok", "ms" and, on failure, "error"; the
 * exit status says the same.
 */
#pragma once

#include "lib/ext/json.h"
#include "lib/ext/redis.h"

struct probe {
	const char *name;
	const char *args; /* for the usage line */
	int argc;         /* arguments it takes */
	/* Add members to @out; 0 when the check held. */
	int (*run)(char **argv, json_t *out, struct err *err);
};

/* Run the probe that argv[0] names, of a table ended by an empty one.  Returns the exit status. */
int probe_main(const struct probe *table, int argc, char **argv);

/* Connect to $SVARM_REDIS with the password of the secret "redis-password" (none: no AUTH). */
int probe_open_redis(struct redis **ret, struct err *err) _must_check_;

/* probe redis: SET, GET and DEL of a random key.  probe peer HOST:PORT: see peer.h and
 * mtu.h. */
int probe_redis(char **argv, json_t *out, struct err *err);
int probe_peer(char **argv, json_t *out, struct err *err);
