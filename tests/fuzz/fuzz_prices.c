/*
 * Feeds arbitrary bytes to the reader of price lists.  What it takes is calculated with: no bill
 * may be negative or no number, and a load once reached stays reached.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "probe/cost.h"
#include "probe/cost_plot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_offer(const struct price_provider *p)
{
	struct cost_offer offer = {p, 10.5};
	struct cost_case c = {
		.load = {.rate = 50, .hours = 730, .ms = 100, .mb = 128, .kb = 10},
		.fleet = {.count = 3, .price = 450, .peak = 2, .capacity = 1e6},
		.front = true,
	};
	double before = 0;

	for (int i = 0; i < 12; i++, c.load.rate *= 10) {
		struct cost_bill b = cost_by_use(&c, &offer);

		/* Not a cent less for ten times as much; but for the last bits of large sums. */
		if (!isfinite(b.total) || b.total < before * (1 - 1e-9))
			abort();
		before = b.total;
		c.load.rate = fmin(c.load.rate, COST_MAX_RATE / 10);
	}
	if (cost_break_even(&c, &offer).first < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(prices_freep) struct prices *p = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf svg = BUF_INIT;
	struct cost_case c = {.load = {.rate = 1, .hours = 1, .ms = 1, .mb = 1},
		.fleet = {.count = 1, .price = 1, .peak = 1}};

	if (prices_parse("fuzz", (const char *)data, size, &p, &err) < 0) {
		if (!err.msg)
			abort(); /* a failure says why */
		return 0;
	}
	for (size_t i = 0; i < p->n_providers; i++)
		try_offer(&p->providers[i]);
	cost_plot(&c, &(struct cost_offer){&p->providers[0], 1}, 1, "EUR", &svg);
	return 0;
}
