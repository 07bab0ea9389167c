/*
 * Draws charts as wide as their place.  Text and grid stand at percentages of the outer picture;
 * lines are in an inner one that is stretched, with strokes that are not.
 */
#include "probe/chart/fluid.h"

#include <math.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "probe/chart/scale.h"

enum { INNER = 1000, HEIGHT = 220, DOTS = 40, UPRIGHT_TEXT = 24, DOT = 10 };

static const char *const dashes[] = {"", "7 4", "2 4", "10 4 2 4", "", "5 3"};

/* ---- axes ---- */

static void draw_x(
	const struct chart *c, void (*number)(struct buf *out, double value), struct buf *out)
{
	const struct scale s = {&c->x, 0, 100};
	struct tick ticks[SCALE_MAX_TICKS];
	size_t n = scale_ticks(&c->x, ticks);

	for (size_t i = 0; i < n; i++) {
		double at = scale_at(&s, ticks[i].value);

		if (!ticks[i].major)
			continue;
		buf_addf(out,
			"<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"100%%\"/>"
			"<text x=\"%.2f%%\" y=\"100%%\" dy=\"19\" text-anchor=\"middle\">",
			at, at, at);
		number(out, ticks[i].value);
		buf_adds(out, "</text>\n");
	}
}

static void draw_y(const struct chart *c, struct buf *out)
{
	const struct scale s = {&c->y, 100, 0};
	struct tick ticks[SCALE_MAX_TICKS];
	size_t n = scale_ticks(&c->y, ticks);

	for (size_t i = 0; i < n; i++) {
		double at = scale_at(&s, ticks[i].value);

		if (!ticks[i].major)
			continue;
		buf_addf(out,
			"<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.2f%%\" y2=\"%.2f%%\"/>"
			"<text x=\"0\" dx=\"-8\" y=\"%.2f%%\" dy=\"4\" text-anchor=\"end\">",
			at, at, at);
		chart_number(out, ticks[i].value);
		buf_adds(out, "</text>\n");
	}
}

/* ---- lines ---- */

static void draw_line(const struct chart *c, size_t index, struct buf *out)
{
	const struct scale x = {&c->x, 0, INNER}, y = {&c->y, INNER, 0};
	const struct chart_line *l = &c->lines[index];
	struct chart_point last = {NAN, NAN}, before = {NAN, NAN};

	buf_addf(out, "<path class=\"c%zu\" stroke-dasharray=\"%s\" d=\"M0 %d", index % FLUID_HUES,
		dashes[index % ARRAY_SIZE(dashes)], INNER);
	for (size_t i = 0; i < l->n; i++) {
		struct chart_point here = {
			scale_at(&x, l->points[i].x), scale_at(&y, l->points[i].y)};
		struct chart_point a = before, b = here;

		if (isnan(here.x) || isnan(here.y))
			continue;
		before = here;
		if (isnan(a.x) || !scale_clip(&x, &y, &a, &b))
			continue;
		if (!(last.x == a.x && last.y == a.y))
			buf_addf(out, "M%.1f %.1f", a.x, a.y);
		buf_addf(out, "L%.1f %.1f", b.x, b.y);
		last = b;
	}
	buf_adds(out, "\"/>\n");
}

/* A stroke of no length with a round end is a dot that is not stretched. */
static void draw_dots(const struct chart *c, size_t index, struct buf *out)
{
	const struct scale x = {&c->x, 0, INNER}, y = {&c->y, INNER, 0};
	const struct chart_line *l = &c->lines[index];

	if (l->n > DOTS)
		return;
	buf_addf(out, "<path class=\"dot c%zu\" d=\"M0 %d", index % FLUID_HUES, INNER);
	for (size_t i = 0; i < l->n; i++) {
		double at_x = scale_at(&x, l->points[i].x), at_y = scale_at(&y, l->points[i].y);

		if (at_x >= 0 && at_x <= INNER && at_y >= 0 && at_y <= INNER)
			buf_addf(out, "M%.1f %.1fh0", at_x, at_y);
	}
	buf_adds(out, "\"/>\n");
}

/* ---- marks ---- */

/* Would the dot of mark @index hide that of an earlier one? */
static bool hides(const struct chart *c, size_t index)
{
	const struct scale x = {&c->x, 0, INNER}, y = {&c->y, INNER, 0};
	const struct chart_mark *m = &c->marks[index];

	for (size_t i = 0; i < index; i++) {
		const struct chart_mark *o = &c->marks[i];

		if (o->line && fabs(scale_at(&x, o->at.x) - scale_at(&x, m->at.x)) < DOT &&
			fabs(scale_at(&y, o->at.y) - scale_at(&y, m->at.y)) < 3 * DOT)
			return true;
	}
	return false;
}

static void draw_mark_dots(const struct chart *c, struct buf *out)
{
	const struct scale x = {&c->x, 0, INNER}, y = {&c->y, INNER, 0};

	for (size_t i = 0; i < c->n_marks && i < CHART_MAX_MARKS; i++) {
		const struct chart_mark *m = &c->marks[i];
		double at_x = scale_at(&x, m->at.x), at_y = scale_at(&y, m->at.y);
		bool small = hides(c, i);

		if (!m->line || !(at_x >= 0 && at_x <= INNER && at_y >= 0 && at_y <= INNER))
			continue;
		if (!small)
			buf_addf(out, "<path class=\"dot halo\" d=\"M%.1f %.1fh0\"/>", at_x, at_y);
		buf_addf(out, "<path class=\"dot %s c%zu\" d=\"M%.1f %.1fh0\"/>\n",
			small ? "mark small" : "mark", (m->line - 1) % FLUID_HUES, at_x, at_y);
	}
}

/* The text stands on the side that has more room. */
static void draw_uprights(const struct chart *c, struct buf *out)
{
	const struct scale x = {&c->x, 0, 100};
	bool first = true;

	for (size_t i = 0; i < c->n_marks && i < CHART_MAX_MARKS; i++) {
		_cleanup_buf_ struct buf shown = BUF_INIT;
		double at = scale_at(&x, c->marks[i].at.x);

		if (c->marks[i].line || !(at >= 0 && at <= 100))
			continue;
		buf_addf(out,
			"<line class=\"upright\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" "
			"y2=\"100%%\"/>\n",
			at, at);
		if (!first)
			continue;
		first = false;
		buf_addf(out,
			"<text class=\"upright\" x=\"%.2f%%\" dx=\"%d\" y=\"0\" dy=\"12\" "
			"text-anchor=\"%s\">",
			at, at < 50 ? 7 : -7, at < 50 ? "start" : "end");
		text_clip(&shown, c->marks[i].text, UPRIGHT_TEXT);
		quote_xml(out, buf_str(&shown));
		buf_adds(out, "</text>\n");
	}
}

void fluid_lines(
	const struct chart *c, void (*x_number)(struct buf *out, double value), struct buf *out)
{
	buf_addf(out, "<svg class=\"fluid\" role=\"img\" width=\"100%%\" height=\"%d\">\n<title>",
		HEIGHT);
	quote_xml(out, c->title);
	buf_adds(out, "</title>\n<desc>");
	quote_xml(out, c->description ? c->description : c->title);
	buf_adds(out, "</desc>\n");
	draw_x(c, x_number ? x_number : chart_number, out);
	draw_y(c, out);
	buf_adds(out, "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"100%\" y2=\"100%\"/>\n");
	draw_uprights(c, out);
	buf_addf(out,
		"<svg class=\"inner\" width=\"100%%\" height=\"100%%\" viewBox=\"0 0 %d %d\" "
		"preserveAspectRatio=\"none\">\n",
		INNER, INNER);
	for (size_t i = 0; i < c->n_lines && i < CHART_MAX_LINES; i++) {
		draw_line(c, i, out);
		draw_dots(c, i, out);
	}
	draw_mark_dots(c, out);
	buf_adds(out, "</svg>\n</svg>\n");
}

void fluid_sample(struct buf *out, size_t index)
{
	buf_addf(out,
		"<svg class=\"fluid sample\" width=\"26\" height=\"10\" aria-hidden=\"true\">"
		"<path class=\"c%zu\" stroke-dasharray=\"%s\" d=\"M1 5L25 5\"/></svg>",
		index % FLUID_HUES, dashes[index % ARRAY_SIZE(dashes)]);
}

void fluid_dot(struct buf *out, size_t index)
{
	buf_addf(out,
		"<svg class=\"fluid sample\" width=\"12\" height=\"12\" aria-hidden=\"true\">"
		"<path class=\"dot mark c%zu\" d=\"M6 6h0\"/></svg>",
		index % FLUID_HUES);
}

/* ---- bars ---- */

static double within(double percent)
{
	return percent > 0 ? fmin(percent, 100) : 0; /* not a number is 0 */
}

void fluid_bar(struct buf *out, const struct fluid_piece *pieces, size_t n, const char *words)
{
	buf_adds(out, "<svg class=\"fluid bar\" role=\"img\" width=\"100%\" height=\"18\"><title>");
	quote_xml(out, words);
	buf_adds(out, "</title>");
	for (size_t i = 0; i < n; i++) {
		double from = within(pieces[i].from), to = within(pieces[i].to);

		if (to >= from)
			buf_addf(out,
				"<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"18\"/>",
				pieces[i].class, from, to - from);
	}
	buf_adds(out, "</svg>");
}

/* ---- ranges ---- */

/* The largest round value not above @value, or the smallest not below it. */
static double round_to(double value, bool up)
{
	static const double steps[] = {1, 2, 5, 10};
	double decade = pow(10, floor(log10(value) + 1e-9)), best = up ? 10 : 1;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		double step = steps[up ? ARRAY_SIZE(steps) - 1 - i : i];

		if (up ? step * decade >= value * (1 - 1e-9) : step * decade <= value * (1 + 1e-9))
			best = step;
	}
	return best * decade;
}

void fluid_round(double *min, double *max)
{
	double low = round_to(*min, false), high = round_to(*max, true);

	*min = low;
	*max = high > low ? high : low * 10;
}

double fluid_log(double value, double min, double max)
{
	return value > 0 ? within(100 * log10(value / min) / log10(max / min)) : 0;
}
