/*
 * Counts and durations of requests to the daemon's own routes, under upstream's names.  Calls of
 * functions are not among them: nginx counts those, once.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/ext/httpd.h"

/* @rq, which matched the route @path, is over.  @path is borrowed for good. */
void http_metrics_count(struct httpd_request *rq, const char *path);
/* The same from its parts; for tests. */
void http_metrics_add(const char *method, const char *path, unsigned status, usec_t duration);
void http_metrics_print(struct buf *out);
