/* The break-even plot: cost a month over the load, each offer a line, the servers a staircase. */
#pragma once

#include "probe/cost.h"

/* Append the plot as SVG (probe/chart/chart.h); @currency is the case's.  @n_offers is at least 1;
 * those beyond the first 15 are left out, as are those that refuse the case. */
void cost_plot(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	const char *currency, struct buf *out);
