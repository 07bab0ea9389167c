/*
 * The data plane's configuration: pure text from settings and the picture of the functions, so that
 * equal input gives equal bytes and "did anything change" is one comparison.
 */
#pragma once

#include "faas/gateway/config.h"
#include "faas/gateway/model.h"

/* What the configuration needs to know beyond the settings. */
struct nginx_env {
	const char *user;     /* "USER GROUP" for worker processes; NULL: leave it */
	unsigned long nofile; /* open files the workers may have */
};

/* Append nginx.conf.  @m may be NULL: functions are not known yet, so calls are answered 503 rather
 * than 404. */
void nginx_conf(const struct config *c, const struct nginx_env *env, const struct model *m,
	struct buf *out);
