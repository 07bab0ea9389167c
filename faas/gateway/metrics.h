/* What the daemon counts about itself, in Prometheus' text format.  Any thread may count. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/clock.h"

enum metric {
	METRIC_ASYNC_ACCEPTED,
	METRIC_ASYNC_REFUSED,
	METRIC_SYNCS,
	METRIC_SYNC_FAILURES,
	METRIC_TABLES,
	METRIC_TABLE_FAILURES,
	METRIC_NGINX_STARTS,
	METRIC_UNAUTHORIZED,
	METRIC_SYSTEM_CALLS,
	METRIC_WAKES,
	METRIC_WAKE_LATE,
	METRIC_WAKE_REFUSED,
	METRIC_SCALED_UP,
	METRIC_SCALED_DOWN,
	METRIC_SLEPT,
	METRIC_ALERTS,
	METRIC_COUNT,
};

enum metric_timing {
	METRIC_WAKE_SECONDS,
	METRIC_TIMING_COUNT,
};

void metric_add(enum metric m);
void metric_observe(enum metric_timing t, usec_t duration);
/* Append all counters and timings.  Gauges are the caller's. */
void metrics_print(struct buf *out);
