/*
 * What the break-even plot shows, as numbers: cost a month over the load, each offer a line, the
 * servers a staircase; the points where they are even, and the present load.  Drawn by cost_plot.h,
 * and from the document of `svarm bench` by its report.
 */
#pragma once

#include "probe/chart/chart.h"
#include "probe/cost.h"

struct cost_curves {
	double x_min, x_max;                      /* calls per second; both axes are logarithmic */
	double y_min, y_max;                      /* a month */
	struct chart_line lines[CHART_MAX_LINES]; /* the first are the servers */
	size_t n_lines;
	struct chart_mark marks[CHART_MAX_LINES + 1]; /* with their line; on none: the load */
	size_t n_marks;
};

/* @n_offers is at least 1; those beyond the first 15 are left out, as are those that refuse the
 * case.  @samples, at least 2, are of a line that bends.  *@ret is owned by the caller. */
void cost_curves_make(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	size_t samples, struct cost_curves *ret);
void cost_curves_done(struct cost_curves *v);
