/* Inside probe/report: a line chart in the making, from collected lines to a <figure> with its
 * title and legend.  Axes fit what the lines have. */
#pragma once

#include "probe/chart/fluid.h"
#include "probe/report/page.h"

enum { PLOT_LINES = 6 };

struct plot {
	const char *title, *note; /* ours: "Latency", "ms, logarithmic" */
	const char *x_title;      /* ours */
	bool wide;                /* takes the whole width of the page */
	bool log_x, log_y;        /* an axis that is not logarithmic begins at 0 */
	void (*x_number)(struct buf *out, double value); /* NULL: as it is */
	struct chart_line lines[PLOT_LINES];
	size_t n;
};

/* The points of an array of objects: members @x and @y.  *@ret is owned by the caller. */
size_t plot_points(
	const json_t *o, const char *key, const char *x, const char *y, struct chart_point **ret);
/* The points of latency percentiles: [[quantile, ms], …], by 1 / (1 - quantile). */
size_t plot_nines(const json_t *o, struct chart_point **ret);
/* Writes such an x as "99.9 %". */
void plot_nines_number(struct buf *out, double value);

/* Add a line; @name (printf-like, may be hostile) is copied, *@points taken.  Fewer than two
 * points, or more lines than there is room for, are left out. */
void plot_add(struct plot *p, struct chart_point **points, size_t n, const char *name, ...)
	_printf_(4, 5);
/* Append the <figure>, nothing when there are no lines; the plot is empty afterwards. */
void plot_draw(struct plot *p, struct buf *out);
