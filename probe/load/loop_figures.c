/* What a thread says of its run: see loop_figures.h. */
#include "probe/load/loop_figures.h"

#include <sys/resource.h>

double loop_cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void loop_take_cpu(struct loop *l)
{
	if (l->now >= l->schedule->from)
		l->cpu_at_start = loop_cpu_seconds();
}

void loop_next_window(struct loop *l)
{
	const struct schedule *s = l->schedule;
	uint64_t second = l->now > s->from ? (l->now - s->from) / NS_PER_SEC : 0;

	if (l->now >= s->end) {
		series_hand_in(s->series, l->index, l->window, s->seconds);
		l->window->second = WINDOW_AFTER;
		l->window_end = UINT64_MAX;
		return;
	}
	series_hand_in(s->series, l->index, l->window, second);
	l->window->second = second;
	l->window_end = MIN_OF(s->end, s->from + (second + 1) * NS_PER_SEC);
}

void loop_give(struct loop *l, double cpu_at_stop)
{
	double wall = l->stopped > l->schedule->from
			      ? (double)(l->stopped - l->schedule->from) / (double)NS_PER_SEC
			      : 0;
	double cpu = l->cpu_at_start < 0 ? 0 : cpu_at_stop - l->cpu_at_start;

	l->result->cpu_seconds = cpu;
	l->result->cpu_busiest = wall > 0 ? MIN_OF(cpu / wall, 1.0) : 0;
	l->result->connects = l->wire.connects;
	l->result->connect_errno = l->wire.connect_errno;
	l->result->tls_reason = l->wire.tls_reason;
	series_hand_in(l->schedule->series, l->index, l->window, UINT64_MAX);
}
