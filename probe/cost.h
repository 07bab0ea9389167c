/*
 * What a load costs a month: charged by use, as providers of functions do, and on servers at a
 * fixed price.  Pure arithmetic on doubles: a price list (prices.h) and a case in, bills out.
 *
 * All money of a case is in one currency; an offer brings the rate of exchange for its provider's.
 * Callers keep the inputs finite, not negative and within the COST_MAX_… given here; then nothing
 * overflows, and what is not a number is said to be so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/prices.h"

#define COST_MAX_RATE  1e9 /* calls per second */
#define COST_MAX_HOURS 744 /* of the longest month */

/* A month's load. */
struct cost_load {
	double rate;  /* calls per second, the mean while there is load */
	double hours; /* of the month with that load */
	double ms;    /* a call takes */
	double mb;    /* a call occupies, in 1024s */
	double kb;    /* of an answer, in 1024s */
};

/* Servers at a fixed price. */
struct cost_fleet {
	uint64_t count;             /* that are paid for in any case */
	double price;               /* of one, a month, its traffic included */
	double capacity;            /* calls per second that fill one; 0: not known */
	double headroom;            /* share of it that stays free, below 1 */
	double peak;                /* the busiest moment, as a multiple of the mean rate */
	uint64_t spare;             /* so many may be lost without the load suffering */
	double ops_hours, ops_rate; /* of work a month that only the servers need */
};

struct cost_case {
	struct cost_load load;
	struct cost_fleet fleet;
	bool free_tier; /* count what providers give away */
	bool front;     /* count a separate HTTP front, where the provider has one */
};

/* A provider with what one unit of its currency costs in the case's. */
struct cost_offer {
	const struct price_provider *provider; /* borrowed */
	double exchange;
};

enum cost_refusal { COST_TAKEN, COST_TOO_LONG, COST_TOO_LARGE };

/* A month, part by part, in the case's currency. */
struct cost_bill {
	double part[N_METERS]; /* what is charged by use */
	double fixed;          /* servers */
	double operations;
	double total;
	uint64_t servers;
	enum cost_refusal refusal; /* the provider would not run this: all else is 0 */
};

/* Calls in a month. */
double cost_calls(const struct cost_load *load);
/* How much of a meter a month's load uses, as the provider rounds it. */
double cost_units(const struct cost_case *c, const struct price_provider *p, enum meter meter);
/* Charged by use. */
struct cost_bill cost_by_use(const struct cost_case *c, const struct cost_offer *offer);

/* Servers that the case's load needs, and at least those that are there. */
uint64_t cost_servers(const struct cost_case *c);
/* Calls per second, as a mean, that @n servers carry; INFINITY when the capacity is not known. */
double cost_carried(const struct cost_fleet *f, uint64_t n);
/* On servers. */
struct cost_bill cost_on_servers(const struct cost_case *c);

/* ---- break-even ---- */

struct cost_break_even {
	double first;    /* calls per second from which on the servers cost no more than the offer;
			    INFINITY: at no load that was looked at */
	double for_good; /* from here on they never cost more again; INFINITY likewise.  Later than
			    `first` where another server tips the balance once more */
	double reach;    /* the greatest load that was looked at */
};

/* The case's own rate plays no part.  @offer must not be refused. */
struct cost_break_even cost_break_even(const struct cost_case *c, const struct cost_offer *offer);

/* ---- what the answer hangs on ---- */

enum cost_knob {
	KNOB_RATE,
	KNOB_MS,
	KNOB_MB,
	KNOB_KB,
	KNOB_PRICE,
	KNOB_OPERATIONS,
	KNOB_CAPACITY,
	KNOB_PEAK,
	KNOB_EXCHANGE,
	N_KNOBS,
};

/* How the comparison moves when one assumption is half or twice of what it is. */
struct cost_swing {
	enum cost_knob knob;
	double half, twice; /* cheapest offer ÷ servers; NAN where that says nothing */
	double swing;       /* the largest of these and of the present ratio ÷ the smallest; at
			       least 1, INFINITY when the smallest is 0 */
};

/* Cheapest offer ÷ servers; NAN when there is no offer or the servers cost nothing. */
double cost_ratio(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers);
/* Fill in @ret, the one with the largest swing first; returns how many matter in this case.
 * @n_offers is at least 1. */
size_t cost_swings(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	struct cost_swing ret[N_KNOBS]);
