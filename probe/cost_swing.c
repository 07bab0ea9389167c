/*
 * What the answer hangs on: each assumption is halved and doubled by itself, and the comparison
 * done again.  See cost.h.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/cost.h"

double cost_ratio(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers)
{
	double servers = cost_on_servers(c).total, least = NAN;

	for (size_t i = 0; i < n_offers; i++) {
		struct cost_bill bill = cost_by_use(c, &offers[i]);

		if (!bill.refusal)
			least = fmin(least, bill.total); /* of a number and NAN: the number */
	}
	return servers > 0 ? least / servers : NAN;
}

/* Where the assumption stands in a case; NULL: not there. */
static double *knob_in(struct cost_case *c, enum cost_knob knob)
{
	switch (knob) {
	case KNOB_RATE: return &c->load.rate;
	case KNOB_MS: return &c->load.ms;
	case KNOB_MB: return &c->load.mb;
	case KNOB_KB: return &c->load.kb;
	case KNOB_PRICE: return &c->fleet.price;
	case KNOB_OPERATIONS: return &c->fleet.ops_rate;
	case KNOB_CAPACITY: return &c->fleet.capacity;
	case KNOB_PEAK: return &c->fleet.peak;
	case KNOB_EXCHANGE:
	case N_KNOBS: break;
	}
	return NULL;
}

static bool matters(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	enum cost_knob knob)
{
	struct cost_case copy = *c;
	const double *value = knob_in(&copy, knob);

	if (knob == KNOB_OPERATIONS && c->fleet.ops_hours <= 0)
		return false;
	if (knob == KNOB_PEAK && c->fleet.capacity <= 0)
		return false;
	if (value)
		return *value > 0;
	for (size_t i = 0; i < n_offers; i++)
		if (offers[i].exchange != 1)
			return true;
	return false;
}

/* The ratio with the assumption @factor times what it is.  @offers is a scratch copy. */
static double turned(const struct cost_case *c, struct cost_offer *offers, size_t n_offers,
	enum cost_knob knob, double factor)
{
	struct cost_case other = *c;
	double *value = knob_in(&other, knob);

	if (value) {
		*value *= factor;
		return cost_ratio(&other, offers, n_offers);
	}
	for (size_t i = 0; i < n_offers; i++)
		offers[i].exchange *= offers[i].exchange != 1 ? factor : 1;
	return cost_ratio(&other, offers, n_offers);
}

static double swing_of(double now, const struct cost_swing *s)
{
	double low = fmin(now, fmin(s->half, s->twice)), high = fmax(now, fmax(s->half, s->twice));

	if (!(high > 0))
		return 1;
	return low > 0 ? high / low : INFINITY;
}

static int by_swing(const void *a, const void *b)
{
	const struct cost_swing *x = a, *y = b;

	if (x->swing != y->swing)
		return x->swing > y->swing ? -1 : 1;
	return (int)x->knob - (int)y->knob;
}

size_t cost_swings(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	struct cost_swing ret[N_KNOBS])
{
	double now = cost_ratio(c, offers, n_offers);
	size_t n = 0;

	for (int i = 0; i < N_KNOBS; i++) {
		_cleanup_free_ struct cost_offer *half = xmemdup(offers, n_offers * sizeof(*half));
		_cleanup_free_ struct cost_offer *twice = xmemdup(
			offers, n_offers * sizeof(*twice));
		struct cost_swing *s = &ret[n];

		if (!matters(c, offers, n_offers, (enum cost_knob)i))
			continue;
		s->knob = (enum cost_knob)i;
		s->half = turned(c, half, n_offers, s->knob, 0.5);
		s->twice = turned(c, twice, n_offers, s->knob, 2);
		s->swing = swing_of(now, s);
		n++;
	}
	qsort(ret, n, sizeof(*ret), by_swing);
	return n;
}
