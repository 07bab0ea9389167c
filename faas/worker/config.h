/* Settings of svarm-queue-worker, read once from the environment; faas/README.md lists them. */
#pragma once

#include "lib/base/buf.h"
#include "lib/ext/redis.h"

struct config {
	struct redis_address redis;
	const char *gateway; /* SVARM_GATEWAY: "http://host:port", no slash at the end */
	const char *queues;  /* SVARM_QUEUES: the only ones to serve, "a,b,default"; "": all */
	const char *callback_allow; /* SVARM_CALLBACK_ALLOW: see allow.h */
	long max_inflight;          /* SVARM_MAX_INFLIGHT: calls at once */
	long max_callbacks;         /* SVARM_MAX_CALLBACKS: being sent at once, besides */
	long per_host;              /* SVARM_CALLBACKS_PER_HOST: of them, to one host */
	long max_held; /* SVARM_MAX_HELD: entries in memory, most of them waiting to be retried */
	long max_held_bytes;   /* SVARM_MAX_HELD_BYTES: of them */
	long max_answer_bytes; /* SVARM_MAX_ANSWER_BYTES: of answers on their way to callbacks */
	long max_attempts;     /* SVARM_MAX_ATTEMPTS: then the dead-letter stream */
	long max_deliveries;   /* SVARM_MAX_DELIVERIES: of an entry that takes its worker down */
	long max_dead;         /* SVARM_MAX_DEAD: length of the dead-letter stream, about */
	long peer_port;
	long exec_timeout_ms;     /* SVARM_EXEC_TIMEOUT: one call */
	long callback_timeout_ms; /* SVARM_CALLBACK_TIMEOUT: one callback */
	long retry_ms;      /* SVARM_RETRY: pause before the second attempt; then times four */
	long retry_max_ms;  /* SVARM_RETRY_MAX */
	long claim_idle_ms; /* SVARM_CLAIM_IDLE: an entry untouched that long has lost its worker */
	long max_wait_ms;   /* SVARM_MAX_WAIT: for a function without any instance */
	long stop_timeout_ms; /* SVARM_STOP_TIMEOUT */
	struct buf password;
};

int worker_config_load(struct config *ret, struct err *err) _must_check_;
void worker_config_done(struct config *c);
