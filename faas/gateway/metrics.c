/* Counters: see metrics.h. */
#include "faas/gateway/metrics.h"

#include <stdatomic.h>

static _Atomic unsigned long long counters[METRIC_COUNT];

static const struct {
	const char *name, *help;
} info[METRIC_COUNT] = {
	[METRIC_ASYNC_ACCEPTED] = {"svarm_async_accepted_total", "Asynchronous calls stored."},
	[METRIC_ASYNC_REFUSED] = {"svarm_async_refused_total",
		"Asynchronous calls answered 503: Redis away or full, or too many at once."},
	[METRIC_SYNCS] = {"svarm_docker_syncs_total", "Times the services and tasks were read."},
	[METRIC_SYNC_FAILURES] = {"svarm_docker_sync_failures_total", "Times that failed."},
	[METRIC_TABLES] = {"svarm_nginx_tables_total",
		"Tables of functions and tasks that nginx took, without a reload."},
	[METRIC_TABLE_FAILURES] = {"svarm_nginx_table_failures_total",
		"Tables that nginx did not take; tried again."},
	[METRIC_NGINX_STARTS] = {"svarm_nginx_starts_total", "Times nginx was started."},
	[METRIC_UNAUTHORIZED] = {"svarm_unauthorized_total", "Calls answered 401."},
	[METRIC_SYSTEM_CALLS] = {"svarm_system_calls_total", "Authorized calls to /system/."},
};

void metric_add(enum metric m)
{
	atomic_fetch_add_explicit(&counters[m], 1, memory_order_relaxed);
}

void metrics_print(struct buf *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		buf_addf(out, "# HELP %s %s\n# TYPE %s counter\n%s %llu\n", info[i].name,
			info[i].help, info[i].name, info[i].name, counters[i]);
}
