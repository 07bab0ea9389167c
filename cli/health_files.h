/* A finding of health as files that other programs read. */
#pragma once

#include "lib/base/buf.h"
#include "probe/health.h"

/* Append JUnit's XML: a case for each row, failed only when the row failed. */
void health_junit(const struct health *h, const char *cluster, struct buf *out);

/* Append metrics for node_exporter's textfile collector; @now: seconds since 1970. */
void health_prometheus(const struct health *h, const char *cluster, double now, struct buf *out);
