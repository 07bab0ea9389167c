/* Settings of svarm-gateway, read once from the environment; faas/README.md lists them. */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/ext/redis.h"

struct config {
	const char *network;     /* SVARM_NETWORK: overlay network whose addresses are used */
	const char *docker_host; /* DOCKER_HOST; NULL: default socket */
	struct redis_address redis;
	const char *run_dir;        /* SVARM_RUN: configuration, sockets, pid file */
	const char *tmp_dir;        /* SVARM_TMP: bodies that do not fit in memory */
	const char *nginx;          /* SVARM_NGINX: program */
	const char *max_body_size;  /* SVARM_MAX_BODY: in nginx' notation */
	const char *callback_allow; /* SVARM_CALLBACK_ALLOW: see faas/common/allow.h */
	long port, metrics_port, peer_port, function_port;
	long backlog;
	long read_timeout_ms, connect_timeout_ms, upstream_idle_ms, resync_ms, stop_timeout_ms;
	long keepalive, worker_processes, worker_connections;
	long async_budget; /* bytes of asynchronous bodies held at once */
	bool access_log;
	/* secrets */
	struct buf user, password, redis_password;
};

/* Read everything; the first problem is the error.  The two basic-auth secrets must exist; a
 * missing redis-password means Redis asks for none. */
int gateway_config_load(struct config *ret, struct err *err) _must_check_;
void gateway_config_done(struct config *c);
