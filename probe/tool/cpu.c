/*
 * svarm-probe cpu: does this server get the processors it was sold?
 *
 *	svarm-probe cpu --seconds 10
 *
 * A thread on every processor does the same small piece of work over and over.  Time that the
 * hypervisor takes shows as steal, but only while somebody wants to run; credits that run out may
 * show only in that the same work takes longer at the end than at the start.  Work is timed by the
 * thread's own processor time, and at the lowest priority: what else the server does neither
 * counts nor suffers much.  A line a second, then the figures in one line of JSON.
 */
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"
#include "probe/load/hist_json.h"
#include "probe/tool/cpu_seen.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

enum { UNIT = 1000000, LEAST_UNITS = 5 };

/* The part of the run at each end that is compared. */
#define END_PART 0.2

struct worker {
	pthread_t thread;
	uint64_t start, until;
	struct hist first, last; /* ns of a piece of work */
	uint64_t cpu;
	uint64_t sum; /* so that the work is not left out */
};

/* The counts at one moment. */
struct sample {
	struct cpu_ticks ticks;
	struct cpu_quota quota;
	bool has_quota;
	uint64_t at;
};

static volatile sig_atomic_t cancel;

static void on_signal(int sig)
{
	(void)sig;
	cancel = 1;
}

static uint64_t work(uint64_t x)
{
	for (int i = 0; i < UNIT; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

/* The thread's processor time in ns. */
static uint64_t own_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	const uint64_t part = (uint64_t)((double)(w->until - w->start) * END_PART);
	uint64_t now = clock_ns(), cpu = own_cpu(), before;

	w->sum = w->start | 1;
	while (now < w->until && !cancel) {
		before = cpu;
		w->sum = work(w->sum);
		cpu = own_cpu();
		now = clock_ns();
		if (now <= w->start + part)
			hist_add(&w->first, cpu - before);
		else if (now >= w->until - part)
			hist_add(&w->last, cpu - before);
	}
	w->cpu = cpu;
	return NULL;
}

static bool sample_take(struct sample *s)
{
	s->at = clock_ns();
	s->has_quota = cpu_read_quota(&s->quota);
	return cpu_read_ticks(&s->ticks);
}

static double percent(unsigned long long part, unsigned long long whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

/* A line a second until it is over. */
static void watch(const struct sample *start, uint64_t until)
{
	struct sample last = *start, now;

	while (clock_ns() < until && !cancel) {
		clock_sleep(MIN_OF((until - clock_ns()) / 1000 + 1, USEC_PER_SEC / 10));
		if (clock_ns() - last.at < 1000000000 || !sample_take(&now))
			continue;
		printf("%.0f s: %.1f %% of the processors' time was taken\n",
			(double)(now.at - start->at) / 1e9,
			percent(now.ticks.steal - last.ticks.steal,
				now.ticks.total - last.ticks.total));
		fflush(stdout);
		last = now;
	}
}

/* The same work, at both ends; null when there was too little of it to say. */
static void print_work(const struct hist *first, const struct hist *last)
{
	const double start = hist_ms(hist_at(first, 0.5)), end = hist_ms(hist_at(last, 0.5));

	if (first->n < LEAST_UNITS || last->n < LEAST_UNITS) {
		printf("\"work_start_ms\": null, \"work_end_ms\": null, \"slowdown\": null");
		return;
	}
	printf("\"work_start_ms\": %.4f, \"work_end_ms\": %.4f, \"slowdown\": %.2f", start, end,
		end > start ? 100 * (end / start - 1) : 0);
}

static void report(size_t cores, const struct sample *a, const struct sample *b,
	const struct worker *all, uint64_t own)
{
	const double seconds = (double)(b->at - a->at) / 1e9;
	const unsigned long long total = b->ticks.total - a->ticks.total;

	printf("{\"cores\": %zu, \"seconds\": %.3f, \"steal\": %.3f, \"idle\": %.3f, "
	       "\"busy\": %.3f, \"got\": %.3f, ",
		cores, seconds, percent(b->ticks.steal - a->ticks.steal, total),
		percent(b->ticks.idle - a->ticks.idle, total),
		percent(b->ticks.busy - a->ticks.busy, total),
		100 * (double)own / 1e9 / (seconds * (double)cores));
	print_work(&all->first, &all->last);
	if (a->has_quota && b->has_quota)
		printf(", \"periods\": %llu, \"throttled\": %llu",
			b->quota.periods - MIN_OF(a->quota.periods, b->quota.periods),
			b->quota.throttled - MIN_OF(a->quota.throttled, b->quota.throttled));
	printf("}\n");
}

static int run(double seconds)
{
	cpu_set_t set;
	size_t n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
	struct worker *workers = xcalloc(n, sizeof(*workers));
	struct sample start, end;
	uint64_t own = 0;

	if (!sample_take(&start)) {
		fputs("svarm-probe cpu: /proc/stat cannot be read\n", stderr);
		free(workers);
		return TOOL_FAULT;
	}
	for (size_t i = 0; i < n; i++) {
		workers[i].start = start.at;
		workers[i].until = start.at + (uint64_t)(seconds * 1e9);
		if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]))
			abort();
	}
	watch(&start, workers[0].until);
	sample_take(&end);
	for (size_t i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		own += workers[i].cpu;
		if (!i)
			continue;
		hist_merge(&workers[0].first, &workers[i].first);
		hist_merge(&workers[0].last, &workers[i].last);
	}
	report(n, &start, &end, workers, own);
	free(workers);
	return 0;
}

static bool parse_arguments(int argc, char **argv, double *ret_seconds)
{
	static const struct option options[] = {
		{"seconds", required_argument, NULL, 's'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == '?' || !parse_time(optarg, ret_seconds))
			return false;
	return *ret_seconds > 0 && optind == argc;
}

int tool_cpu(int argc, char **argv)
{
	double seconds = 10;

	if (!parse_arguments(argc, argv, &seconds)) {
		fputs("usage: svarm-probe cpu [--seconds TIME]\n", stderr);
		return TOOL_USAGE;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (nice(19) < 0)
		return TOOL_FAULT;
	return run(seconds);
}
