/* From values to places on an axis; part of chart.c. */
#pragma once

#include "probe/chart/chart.h"

/* An axis laid out on the paper, from @from (its min) to @to (its max), in pixels. */
struct scale {
	const struct chart_axis *axis; /* borrowed */
	double from, to;
};

/* Where @value stands; may be outside.  -INFINITY or INFINITY for what a logarithm has no place. */
double scale_at(const struct scale *s, double value);

enum { SCALE_MAX_TICKS = 64 };
struct tick {
	double value;
	bool major; /* has a number beside it */
};
/* Round values from min to max; returns how many. */
size_t scale_ticks(const struct chart_axis *axis, struct tick ret[SCALE_MAX_TICKS]);

/*
 * Cut the line from *@a to *@b (in pixels) to the rectangle of both scales.  False when nothing is
 * left of it.
 */
bool scale_clip(
	const struct scale *x, const struct scale *y, struct chart_point *a, struct chart_point *b);
