/*
 * Line charts as SVG, drawn by us: one text without scripts, fonts or links, that stands alone as
 * a file or inside an HTML page.  Colours follow the reader's dark or light scheme and become black
 * on white on paper; lines differ in their dashes too, and each has its name at its end.
 *
 * What lies outside the axes is cut off at their edge; on a logarithmic axis that is also what is
 * not above 0.  All text is escaped here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum { CHART_WIDTH = 860, CHART_HEIGHT = 500, CHART_MAX_LINES = 16, CHART_MAX_MARKS = 32 };

struct chart_point {
	double x, y;
};

struct chart_line {
	const char *name;                 /* at its end */
	const struct chart_point *points; /* x never decreases; INFINITY and NAN are skipped */
	size_t n;
};

/* A point of interest with its text beside it. */
struct chart_mark {
	struct chart_point at;
	const char *text;
	size_t line; /* that it is on, from 1; 0: on none */
};

struct chart_axis {
	const char *title; /* with the unit */
	double min, max;   /* min < max; both above 0 when logarithmic */
	bool log;
};

struct chart {
	const char *title, *subtitle; /* subtitle may be NULL */
	const char *description;      /* in words, for who cannot see it */
	struct chart_axis x, y;
	const struct chart_line *lines;
	size_t n_lines; /* at most CHART_MAX_LINES */
	const struct chart_mark *marks;
	size_t n_marks; /* those beyond CHART_MAX_MARKS are left out */
};

/* Append the <svg> element and a newline. */
void chart_svg(const struct chart *c, struct buf *out);

/* Widen *@min and *@max, both above 0, to whole decades. */
void chart_decades(double *min, double *max);
/* Append a number as an axis shows it: "0.01", "250", "1k", "2.5M". */
void chart_number(struct buf *out, double value);
