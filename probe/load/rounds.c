/*
 * Rounds and ramps: see rounds.h.
 *
 * A server keeps up with a step when 95 % of what was due and could have been answered by its end
 * was, without error.  What is due in the last moments cannot: the median latency of the lowest
 * rate says how long those are.
 */
#include "probe/load/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"

enum { DEFAULT_LAST = 3, DEFAULT_MOST = 10, DEFAULT_STEPS = 10 };
#define DEFAULT_BOUND 0.05
#define KEEPS_UP      0.95

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

bool load_agree(const double *values, size_t n, size_t last, double bound)
{
	_cleanup_free_ double *sorted = NULL;
	double median;

	if (!last || n < last)
		return false;
	sorted = xmemdup(values + n - last, last * sizeof(*sorted));
	qsort(sorted, last, sizeof(*sorted), by_value);
	median = (sorted[(last - 1) / 2] + sorted[last / 2]) / 2;
	return sorted[last - 1] - sorted[0] <= bound * median;
}

static bool cancelled(const struct load_options *o)
{
	return o->cancel && __atomic_load_n(o->cancel, __ATOMIC_RELAXED);
}

/* One run into @ret, which is emptied first, and added to @sum. */
static int run_once(const struct load_options *o, struct load_result *ret, struct load_result *sum,
	struct err *err)
{
	int r;

	load_result_done(ret);
	memset(ret, 0, sizeof(*ret));
	r = load_run(o, ret, err);
	if (r == 0)
		load_merge(sum, ret);
	return r;
}

int load_until_stable(const struct load_options *o, const struct load_rounds *how,
	struct load_result *ret, struct err *err)
{
	unsigned last = how->last ? how->last : DEFAULT_LAST;
	unsigned most = MAX_OF(how->most ? how->most : DEFAULT_MOST, last);
	double bound = how->bound > 0 ? how->bound : DEFAULT_BOUND;
	_cleanup_free_ struct load_result *one = xcalloc(1, sizeof(*one));
	_cleanup_free_ double *rps = xcalloc(most, sizeof(*rps));
	_cleanup_free_ double *p50 = xcalloc(most, sizeof(*p50));
	bool agree = false;
	int r = 0;

	for (unsigned n = 0; n < most && !agree && r == 0 && !cancelled(o);) {
		r = run_once(o, one, ret, err);
		if (r < 0)
			break;
		rps[n] = load_rps(one);
		p50[n] = (double)hist_at(&one->latency, 0.5);
		n++;
		if (how->round)
			how->round(how->arg, n, one);
		agree = load_agree(rps, n, last, bound) && load_agree(p50, n, last, bound);
	}
	ret->unstable = !agree;
	load_result_done(one);
	return r;
}

/* @base: seconds that an answer takes when there is little to do. */
static bool keeps_up(const struct load_options *o, const struct load_result *r, double base)
{
	double due = o->rate * MAX_OF(r->seconds - base, 0.0);

	return (double)r->in_time - (double)load_failed(r) >= KEEPS_UP * due;
}

static void add_step(struct load_result *into, const struct load_options *o,
	const struct load_result *r, double base)
{
	into->steps = xreallocarray(into->steps, into->n_steps + 1, sizeof(*into->steps));
	into->steps[into->n_steps++] = (struct load_step){
		.rate = o->rate,
		.rps = load_rps(r),
		.answers = load_answers(r),
		.errors = load_failed(r),
		.unsent = r->unsent,
		.p50 = hist_at(&r->latency, 0.5),
		.p99 = hist_at(&r->latency, 0.99),
		.kept_up = keeps_up(o, r, base),
	};
}

int load_ramp(const struct load_options *o, double to, unsigned steps, struct load_result *ret,
	struct err *err)
{
	struct load_options step = *o;
	_cleanup_free_ struct load_result *one = xcalloc(1, sizeof(*one));
	double base = 0;
	int r = 0;

	if (!(o->rate > 0) || !(to > 0) || !o->duration || o->count)
		return err_set(err, -EINVAL, "a ramp needs two rates and a duration, and no count");
	if (!steps)
		steps = (unsigned)MIN_OF(
			MAX_OF(o->duration / USEC_PER_SEC, 2), (usec_t)DEFAULT_STEPS);
	step.duration = MAX_OF(o->duration / steps, 1);
	for (unsigned i = 0; i < steps && r == 0 && !cancelled(o); i++) {
		step.rate = o->rate + (to - o->rate) * (steps > 1 ? i / (steps - 1.0) : 1);
		r = run_once(&step, one, ret, err);
		if (!i)
			base = (double)hist_at(&one->latency, 0.5) / 1e9;
		if (r == 0)
			add_step(ret, &step, one, base);
	}
	load_result_done(one);
	return r;
}

double load_kept_up_to(const struct load_result *r)
{
	double rate = 0;

	for (size_t i = 0; i < r->n_steps && r->steps[i].kept_up; i++)
		rate = r->steps[i].rate;
	return rate;
}
