/*
 * The nginx processes below us: test a configuration, put it in place, start, reload, stop.
 * nginx_apply() may be called from any one thread; the rest belongs to the main thread, which is
 * also the one that reaps (we are PID 1 of a container: orphans come to us).
 */
#pragma once

#include <stdbool.h>

#include "faas/gateway/config.h"
#include "faas/gateway/nginxconf.h"

struct nginx;

/* Make the folders nginx needs and see which user its workers can run as. */
int nginx_new(const struct config *c, struct nginx **ret, struct err *err) _must_check_;
const struct nginx_env *nginx_env(const struct nginx *n);

/* Test @conf, put it in place atomically, and have a running nginx reload it.  When the test fails
 * the old one stays and the error holds nginx' words. */
int nginx_apply(struct nginx *n, const struct buf *conf, struct err *err) _must_check_;

/* Start the master process. */
int nginx_start(struct nginx *n, struct err *err) _must_check_;
/* Collect dead children.  True when the master was among them; *@ret_status is its wait status. */
bool nginx_reap(struct nginx *n, int *ret_status);
/* Ask the master to finish its requests and go (hard: to go at once). */
void nginx_stop(struct nginx *n, bool hard);
bool nginx_running(const struct nginx *n);
/* How often it was started; any thread may ask. */
unsigned nginx_starts(const struct nginx *n);
