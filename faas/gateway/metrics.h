/* Counters of the gateway, in Prometheus' text format.  Any thread may count. */
#pragma once

#include "lib/base/buf.h"

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
	METRIC_COUNT,
};

void metric_add(enum metric m);
/* Append all counters.  Gauges are the caller's. */
void metrics_print(struct buf *out);
