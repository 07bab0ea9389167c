/* A load run: threads, their share of the connections, and the sum of what they saw: see load.h. */
#include "probe/load/load.h"

#include <math.h>
#include <sys/resource.h>

#include "lib/base/xalloc.h"
#include "probe/load/loop.h"

enum { SPARE_DESCRIPTORS = 64 };

const char *const load_error_names[N_LOAD_ERRORS] = {
	[LOAD_CONNECT] = "connect",
	[LOAD_RESET] = "reset",
	[LOAD_CLOSED] = "closed",
	[LOAD_SHORT] = "short",
	[LOAD_MALFORMED] = "malformed",
	[LOAD_TIMEOUT] = "timeout",
	[LOAD_TLS] = "tls",
};

static int make_room(const struct load_options *o, struct err *err)
{
	rlim_t need = (rlim_t)o->connections + 2 * (rlim_t)o->threads + SPARE_DESCRIPTORS;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_errno(err, -errno, "limit of descriptors");
	if (files.rlim_cur >= need)
		return 0;
	if (files.rlim_max < need)
		return err_set(err, -EMFILE,
			"%u connections need more descriptors than this machine gives (%llu)",
			o->connections, (unsigned long long)files.rlim_max);
	files.rlim_cur = need;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_errno(err, -errno, "limit of descriptors");
	return 0;
}

/* All but the time it took, and its course. */
static void add_up(struct load_result *into, const struct load_result *from)
{
	hist_merge(&into->latency, &from->latency);
	hist_merge(&into->service, &from->service);
	hist_merge(&into->lag, &from->lag);
	for (int i = 0; i < LOAD_STATUSES; i++)
		into->statuses[i] += from->statuses[i];
	for (int i = 0; i < N_LOAD_ERRORS; i++)
		into->errors[i] += from->errors[i];
	into->in_time += from->in_time;
	into->bytes_in += from->bytes_in;
	into->connects += from->connects;
	into->connect_errno = from->connect_errno ? from->connect_errno : into->connect_errno;
	into->tls_reason = from->tls_reason ? from->tls_reason : into->tls_reason;
	into->cpu_seconds += from->cpu_seconds;
	into->cpu_busiest = MAX_OF(into->cpu_busiest, from->cpu_busiest);
	into->unsent += from->unsent;
}

/* How long the part that counts took: to its end, or to the last of a given number. */
static double measured(const struct schedule *s, const struct loop *loops)
{
	uint64_t last = 0, stopped = 0, until;

	for (unsigned i = 0; i < s->o->threads; i++) {
		last = MAX_OF(last, loops[i].last);
		stopped = MAX_OF(stopped, loops[i].stopped);
	}
	until = MIN_OF(stopped, s->end);
	if (s->o->count && atomic_load(&s->claimed) >= s->o->count)
		until = MIN_OF(last, s->end);
	return until > s->from ? (double)(until - s->from) / 1e9 : 0;
}

static void tell_progress(const struct load_options *o, struct series *s)
{
	size_t seen = 0;

	while (o->progress && series_wait(s, seen)) {
		struct load_progress p = series_progress(s, &seen);

		o->progress(o->arg, &p);
	}
}

static int run_threads(struct loop *loops, const struct load_options *o, struct err *err)
{
	unsigned started = 0;
	int r = 0;

	for (; started < o->threads && r == 0; started++)
		r = -pthread_create(&loops[started].thread, NULL, loop_run, &loops[started]);
	if (r < 0) { /* those that run must not run for nothing */
		atomic_store(&loops[0].schedule->given_up, true);
		started--;
	}
	if (r == 0)
		tell_progress(o, loops[0].schedule->series);
	for (unsigned i = 0; i < started; i++)
		pthread_join(loops[i].thread, NULL);
	return r < 0 ? err_errno(err, r, "starting thread %u", started + 1) : 0;
}

static int run(struct schedule *s, struct loop *loops, struct load_result *ret, struct err *err)
{
	const struct load_options *o = s->o;
	int r;

	for (unsigned i = 0; i < o->threads; i++) {
		loops[i].schedule = s;
		loops[i].index = i;
		loops[i].n_conns = o->connections / o->threads + (i < o->connections % o->threads);
		r = loop_open(&loops[i], err);
		if (r < 0)
			return r;
	}
	s->start = clock_ns();
	s->from = s->start + o->warmup * 1000;
	s->seconds = (o->duration + USEC_PER_SEC - 1) / USEC_PER_SEC;
	s->end = o->duration ? s->from + o->duration * 1000 : UINT64_MAX;
	r = run_threads(loops, o, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < o->threads; i++)
		add_up(ret, loops[i].result);
	ret->rounds = 1;
	ret->seconds = measured(s, loops);
	series_give(s->series, ret);
	if (!(o->rate > 0))
		ret->service = ret->latency;
	return 0;
}

int load_run(const struct load_options *o, struct load_result *ret, struct err *err)
{
	struct series series;
	struct schedule s = {.o = o, .series = &series};
	struct loop *loops;
	int r;

	if (!o->connections || !o->threads || o->threads > o->connections || !o->timeout ||
		(!o->duration && !o->count) || !(o->rate >= 0))
		return err_set(err, -EINVAL,
			"a load needs connections, no more threads than those, a timeout, and an "
			"end");
	r = make_room(o, err);
	if (r < 0)
		return r;
	series_init(&series, o->threads,
		o->duration ? (double)o->duration / (double)USEC_PER_SEC : INFINITY);
	loops = xcalloc(o->threads, sizeof(*loops));
	r = run(&s, loops, ret, err);
	for (unsigned i = 0; i < o->threads; i++)
		loop_close(&loops[i]);
	free(loops);
	series_done(&series);
	return r;
}

void load_result_done(struct load_result *r)
{
	free(r->series);
	free(r->steps);
	r->series = NULL;
	r->steps = NULL;
	r->n_series = r->cap_series = r->n_steps = 0;
}

void load_merge(struct load_result *into, const struct load_result *from)
{
	for (size_t i = 0; i < from->n_series; i++) {
		struct load_point p = from->series[i];

		p.t += into->seconds;
		xgrow(into->series, into->n_series, into->cap_series);
		into->series[into->n_series++] = p;
	}
	add_up(into, from);
	into->seconds += from->seconds;
	into->rounds += from->rounds;
}

uint64_t load_answers(const struct load_result *r)
{
	return r->latency.n;
}

uint64_t load_failed(const struct load_result *r)
{
	uint64_t n = 0;

	for (int i = 0; i < N_LOAD_ERRORS; i++)
		n += r->errors[i];
	for (int i = 400; i < LOAD_STATUSES; i++)
		n += r->statuses[i];
	return n;
}

double load_rps(const struct load_result *r)
{
	return r->seconds > 0 ? (double)r->in_time / r->seconds : 0;
}
