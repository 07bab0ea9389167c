/* The decision about a function's number of tasks: see scale_rule.h. */
#include "faas/gateway/scale_rule.h"

#include <math.h>
#include <string.h>

/* A load this close to what the tasks should carry is no reason to move. */
static const double TOLERANCE = 0.1;

static unsigned needed(const struct settings *s, const struct scale_facts *f)
{
	double should = f->replicas * s->target, tasks = f->load / s->target;
	unsigned n;

	if (fabs(f->load - should) <= should * TOLERANCE)
		tasks = f->replicas;
	if (!(tasks < s->max))
		return s->max;
	n = (unsigned)tasks;
	n += n < tasks; /* rounded up */
	return n < s->min ? s->min : n;
}

/* Note that @n tasks are needed now; returns the most that were within the last @window. */
static unsigned remember(struct scale_memory *m, unsigned n, usec_t now, usec_t window)
{
	usec_t slot = window / (SCALE_SLOTS - 1) + 1, passed;
	unsigned most = 0;

	if (!m->since)
		m->since = m->at = now;
	passed = (now - m->at) / slot;
	m->at += passed * slot;
	if (passed > SCALE_SLOTS)
		passed = SCALE_SLOTS;
	memmove(m->peaks + passed, m->peaks, (SCALE_SLOTS - passed) * sizeof(*m->peaks));
	memset(m->peaks, 0, passed * sizeof(*m->peaks));
	m->peaks[0] = m->peaks[0] > n ? m->peaks[0] : n;
	for (size_t i = 0; i < SCALE_SLOTS; i++)
		most = m->peaks[i] > most ? m->peaks[i] : most;
	return most;
}

unsigned scale_step(const struct settings *s)
{
	unsigned step = (s->max * s->factor + 99) / 100;

	return step ? step : 1;
}

static enum scale_verdict by_load(const struct settings *s, const struct scale_facts *f,
	struct scale_memory *m, usec_t now, usec_t settle_for, unsigned *ret_n)
{
	unsigned want = needed(s, f), most = remember(m, want, now, settle_for);
	unsigned least = f->floor > s->min ? f->floor : s->min;

	if (want > f->replicas) {
		if (f->ready < f->replicas)
			return SCALE_KEEP;
		*ret_n = MIN_OF(want, f->replicas + scale_step(s));
		return SCALE_UP;
	}
	most = most > least ? most : least;
	if (most >= f->replicas || now - m->since < settle_for)
		return SCALE_KEEP;
	*ret_n = most;
	return SCALE_DOWN;
}

enum scale_verdict scale_rule(const struct settings *s, const struct scale_facts *f,
	struct scale_memory *m, usec_t now, usec_t settle_for, unsigned *ret_n)
{
	if (!f->replicas) {
		*m = (struct scale_memory){0};
		return SCALE_KEEP;
	}
	if (s->zero && f->quiet && f->quiet_for >= (usec_t)s->zero_after_ms * USEC_PER_MSEC) {
		*ret_n = 0;
		return SCALE_ZERO;
	}
	if (!s->factor || s->min == s->max || !f->load_known)
		return SCALE_KEEP;
	return by_load(s, f, m, now, settle_for, ret_n);
}

unsigned scale_floor(struct scale_gift *g, unsigned replicas)
{
	if (replicas != g->set)
		g->base = g->set = replicas;
	return g->base;
}
