/*
 * Bills: what a month's load costs by use and on servers.  See cost.h; docs/cost.md has the
 * formulae in words.
 */
#include "probe/cost.h"

#include <math.h>

enum { KB_PER_GB = 1024 * 1024, MB_PER_GB = 1024, MS_PER_SECOND = 1000, SECONDS_PER_HOUR = 3600 };

double cost_calls(const struct cost_load *load)
{
	return load->rate * SECONDS_PER_HOUR * load->hours;
}

/* @value in whole steps of @step.  What is a step but for the last bit of a double is no more. */
static double round_up(double value, double step)
{
	return step > 0 ? ceil(value / step - 1e-9) * step : value;
}

static double gb_seconds(const struct cost_load *load, const struct price_provider *p)
{
	double ms = fmax(round_up(load->ms, p->step_ms), p->min_ms);
	double mb = fmax(round_up(load->mb, p->step_mb), p->min_mb);

	return ms / MS_PER_SECOND * (mb / MB_PER_GB);
}

static double front_calls(const struct cost_load *load, const struct price_provider *p)
{
	if (p->front_step_kb <= 0)
		return 1;
	return fmax(round_up(load->kb, p->front_step_kb) / p->front_step_kb, 1);
}

double cost_units(const struct cost_case *c, const struct price_provider *p, enum meter meter)
{
	double calls = cost_calls(&c->load);

	switch (meter) {
	case METER_REQUESTS: return calls;
	case METER_GB_SECONDS: return calls * gb_seconds(&c->load, p);
	case METER_FRONT: return c->front ? calls * front_calls(&c->load, p) : 0;
	case METER_EGRESS: return calls * c->load.kb / KB_PER_GB;
	case N_METERS: break;
	}
	return 0;
}

/* The price of the first @units of @meter, nothing given away. */
static double price_of(const struct price_provider *p, enum meter meter, double units)
{
	double sum = 0;

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct price_row *r = &p->rows[i];
		bool last = i + 1 == p->n_rows || p->rows[i + 1].meter != r->meter;
		double end = last ? units : fmin(units, p->rows[i + 1].above);

		if (r->meter == (int)meter && end > r->above)
			sum += (end - r->above) / r->per * r->price;
	}
	return sum;
}

/* What is given away is the first of a month. */
static double free_units(const struct price_provider *p, enum meter meter)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (p->rows[i].meter == (int)meter)
			return p->rows[i].free;
	return 0;
}

static enum cost_refusal refusal(const struct cost_load *load, const struct price_provider *p)
{
	if (p->max_ms > 0 && load->ms > p->max_ms)
		return COST_TOO_LONG;
	return p->max_mb > 0 && load->mb > p->max_mb ? COST_TOO_LARGE : COST_TAKEN;
}

struct cost_bill cost_by_use(const struct cost_case *c, const struct cost_offer *offer)
{
	const struct price_provider *p = offer->provider;
	struct cost_bill bill = {.refusal = refusal(&c->load, p)};

	if (bill.refusal)
		return bill;
	for (int i = 0; i < N_METERS; i++) {
		enum meter meter = (enum meter)i;
		double units = cost_units(c, p, meter), price = price_of(p, meter, units);

		if (c->free_tier)
			price -= price_of(p, meter, fmin(units, free_units(p, meter)));
		bill.part[i] = price * offer->exchange;
		bill.total += bill.part[i];
	}
	return bill;
}

/* ---- servers ---- */

/* The mean rate that one server carries and still has room for the peak. */
static double usable(const struct cost_fleet *f)
{
	return f->capacity * (1 - f->headroom) / f->peak;
}

double cost_carried(const struct cost_fleet *f, uint64_t n)
{
	if (f->capacity <= 0)
		return INFINITY;
	return n > f->spare ? (double)(n - f->spare) * usable(f) : 0;
}

uint64_t cost_servers(const struct cost_case *c)
{
	const struct cost_fleet *f = &c->fleet;
	uint64_t needed;

	if (f->capacity <= 0 || c->load.rate <= cost_carried(f, f->count))
		return f->count;
	needed = f->spare + (uint64_t)ceil(c->load.rate / usable(f) - 1e-9);
	return MAX_OF(needed, f->count);
}

static double fixed_of(const struct cost_fleet *f, uint64_t n)
{
	return (double)n * f->price + f->ops_hours * f->ops_rate;
}

struct cost_bill cost_on_servers(const struct cost_case *c)
{
	struct cost_bill bill = {.servers = cost_servers(c)};

	bill.fixed = (double)bill.servers * c->fleet.price;
	bill.operations = c->fleet.ops_hours * c->fleet.ops_rate;
	bill.total = bill.fixed + bill.operations;
	return bill;
}

/* ---- break-even ---- */

enum { MAX_STEPS = 20000 }; /* numbers of servers that are looked at */

static double offer_at(const struct cost_case *c, const struct cost_offer *offer, double rate)
{
	struct cost_case at = *c;

	at.load.rate = rate;
	return cost_by_use(&at, offer).total;
}

/* Between @low and @high, where the offer costs @amount at least, the first rate at which it does:
 * an offer never gets cheaper with more calls. */
static double reach_amount(const struct cost_case *c, const struct cost_offer *offer, double amount,
	double low, double high)
{
	if (offer_at(c, offer, low) >= amount)
		return low;
	for (int i = 0; i < 200 && low < high; i++) {
		double middle = low + (high - low) / 2;

		if (offer_at(c, offer, middle) >= amount)
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* While the number of servers stays the same their cost does, so that each number has one point at
 * most from which on they win; with the next server they may lose again. */
struct cost_break_even cost_break_even(const struct cost_case *c, const struct cost_offer *offer)
{
	struct cost_break_even b = {.first = INFINITY, .for_good = INFINITY};
	uint64_t n = c->fleet.count;
	double low = 0;

	for (int step = 0; step < MAX_STEPS && low < COST_MAX_RATE; step++, n++) {
		double high = fmin(cost_carried(&c->fleet, n), COST_MAX_RATE), at;
		double amount = fixed_of(&c->fleet, n);

		if (high <= low)
			continue;
		if (offer_at(c, offer, high) < amount) {
			b.for_good = INFINITY;
			low = high;
			continue;
		}
		at = reach_amount(c, offer, amount, low, high);
		b.first = fmin(b.first, at);
		if (at > low || isinf(b.for_good))
			b.for_good = at;
		low = high;
	}
	b.reach = low;
	return b;
}
