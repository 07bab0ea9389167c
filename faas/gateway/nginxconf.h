/*
 * The data plane's configuration: pure text from settings, written once at the start.  What changes
 * while it runs, the functions and their tasks, is not in it but in the module's table (plane.h).
 */
#pragma once

#include "faas/gateway/config.h"

/* What the configuration needs to know beyond the settings. */
struct nginx_env {
	const char *user;     /* "USER GROUP" for worker processes; NULL: leave it */
	unsigned long nofile; /* open files the workers may have */
};

/* Append nginx.conf. */
void nginx_conf(const struct config *c, const struct nginx_env *env, struct buf *out);

/* The daemon's own door in nginx, in a folder (mode 0700) that nobody else can enter. */
#define PLANE_FOLDER "plane"
#define PLANE_SOCKET PLANE_FOLDER "/control.sock"
/* The table nginx begins with; in the run folder. */
#define PLANE_TABLE  PLANE_FOLDER "/table"
