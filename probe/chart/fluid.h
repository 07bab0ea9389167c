/*
 * Charts for pages: as wide as their place, with text that keeps its size on a phone and on paper.
 * They have no title, style or names of lines of their own: the page has, with classes .c0 …
 * below .fluid (templates/report.css).
 */
#pragma once

#include "probe/chart/chart.h"

enum { FLUID_HUES = 6 };

/*
 * Append the <svg> of @c: its axes' titles and subtitle are left out.  A mark on a line is a dot,
 * its text is left to a legend; one on none an upright line, of the first of them with its text.
 * @x_number writes the numbers below the x axis; NULL: chart_number().
 */
void fluid_lines(
	const struct chart *c, void (*x_number)(struct buf *out, double value), struct buf *out);
/* Append a small sample of line @index, for a legend. */
void fluid_sample(struct buf *out, size_t index);

/* The same for a mark on line @index. */
void fluid_dot(struct buf *out, size_t index);

/* A piece of a bar, in per cent of its place. */
struct fluid_piece {
	double from, to;
	const char *class; /* ours: "c0", "band", "limit" */
};
/* Append a bar as <svg>; what is outside of 0 to 100 is cut off.  @words say what it shows; they
 * may be hostile. */
void fluid_bar(struct buf *out, const struct fluid_piece *pieces, size_t n, const char *words);

/* Widen *@min and *@max, both above 0, to 1, 2 or 5 times a power of ten. */
void fluid_round(double *min, double *max);
/* Where @value stands between @min and @max of a logarithmic axis, in per cent, within 0 to 100. */
double fluid_log(double value, double min, double max);
