/* Counters and timings of the daemon: see metrics.h. */
#include "faas/gateway/metrics.h"

#include <stdatomic.h>

#include "faas/gateway/metrics_text.h"

enum { TIMING_BUCKETS = 12 };

static const double timing_bounds[TIMING_BUCKETS] = {
	0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30};

static _Atomic unsigned long long counters[METRIC_COUNT];

static struct {
	_Atomic uint64_t buckets[TIMING_BUCKETS], count, micros;
} timings[METRIC_TIMING_COUNT];

static const struct metric_family info[METRIC_COUNT] = {
	[METRIC_ASYNC_ACCEPTED] = {"svarm_async_accepted_total", "counter",
		"Asynchronous calls stored."},
	[METRIC_ASYNC_REFUSED] = {"svarm_async_refused_total", "counter",
		"Asynchronous calls answered 503: Redis away or full, or too many at once."},
	[METRIC_SYNCS] = {"svarm_docker_syncs_total", "counter",
		"Times the services and tasks were read."},
	[METRIC_SYNC_FAILURES] = {"svarm_docker_sync_failures_total", "counter",
		"Times that failed."},
	[METRIC_TABLES] = {"svarm_nginx_tables_total", "counter",
		"Tables of functions and tasks that nginx took, without a reload."},
	[METRIC_TABLE_FAILURES] = {"svarm_nginx_table_failures_total", "counter",
		"Tables that nginx did not take; tried again."},
	[METRIC_NGINX_STARTS] = {"svarm_nginx_starts_total", "counter", "Times nginx was started."},
	[METRIC_UNAUTHORIZED] = {"svarm_unauthorized_total", "counter", "Calls answered 401."},
	[METRIC_SYSTEM_CALLS] = {"svarm_system_calls_total", "counter",
		"Authorized calls to /system/."},
	[METRIC_WAKES] = {"svarm_wakes_total", "counter", "Times a function was woken by a call."},
	[METRIC_WAKE_LATE] = {"svarm_wake_late_total", "counter",
		"Calls answered 503 because no task became ready in time."},
	[METRIC_WAKE_REFUSED] = {"svarm_wake_refused_total", "counter",
		"Calls answered 503 because too many waited already."},
	[METRIC_SCALED_UP] = {"svarm_scaled_up_total", "counter",
		"Times this gateway gave a function more tasks because of its load."},
	[METRIC_SCALED_DOWN] = {"svarm_scaled_down_total", "counter", "Times it took tasks back."},
	[METRIC_SLEPT] = {"svarm_put_to_sleep_total", "counter",
		"Times it took a function's last task because nobody called."},
	[METRIC_ALERTS] = {"svarm_alerts_total", "counter", "Alerts received and understood."},
};

static const struct metric_family timing_info[METRIC_TIMING_COUNT] = {
	[METRIC_WAKE_SECONDS] = {"svarm_wake_seconds", "histogram",
		"From the first call of a sleeping function to its first ready task."},
};

void metric_add(enum metric m)
{
	atomic_fetch_add_explicit(&counters[m], 1, memory_order_relaxed);
}

void metric_observe(enum metric_timing t, usec_t duration)
{
	double seconds = (double)duration / USEC_PER_SEC;

	for (size_t i = 0; i < TIMING_BUCKETS; i++) {
		if (seconds > timing_bounds[i])
			continue;
		atomic_fetch_add(&timings[t].buckets[i], 1);
		break;
	}
	atomic_fetch_add(&timings[t].count, 1);
	atomic_fetch_add(&timings[t].micros, duration);
}

static void print_timing(struct buf *out, enum metric_timing t)
{
	uint64_t buckets[TIMING_BUCKETS];
	struct metric_histogram h = {.bounds = timing_bounds,
		.buckets = buckets,
		.n = TIMING_BUCKETS,
		.count = timings[t].count,
		.sum = (double)timings[t].micros / USEC_PER_SEC};

	for (size_t i = 0; i < TIMING_BUCKETS; i++)
		buckets[i] = timings[t].buckets[i];
	metric_family(out, &timing_info[t]);
	metric_histogram(out, timing_info[t].name, NULL, &h);
}

void metrics_print(struct buf *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		metric_family(out, &info[i]);
		metric_sample(out, info[i].name, NULL, (double)counters[i]);
	}
	for (size_t i = 0; i < METRIC_TIMING_COUNT; i++)
		print_timing(out, i);
}
