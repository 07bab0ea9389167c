/* Collects lines for a chart, fits the axes to them and draws: see plot.h. */
#include "probe/report/plot.h"

#include <math.h>
#include <stdarg.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "lib/base/xalloc.h"

/* What is further out is cut off: axes of hostile numbers stay axes. */
static const double smallest = 1e-6, largest = 1e12;

size_t plot_points(
	const json_t *o, const char *key, const char *x, const char *y, struct chart_point **ret)
{
	struct chart_point *points = xcalloc(PAGE_POINTS, sizeof(*points));
	const json_t *item;
	size_t n = 0, at = 0;

	while (n < PAGE_POINTS && page_next(o, key, PAGE_POINTS, &at, &item))
		points[n++] = (struct chart_point){page_num(item, x), page_num(item, y)};
	*ret = points;
	return n;
}

size_t plot_nines(const json_t *o, struct chart_point **ret)
{
	const json_t *list = json_arr(o, "nines");
	struct chart_point *points = xcalloc(PAGE_POINTS, sizeof(*points));
	double last = 1;
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && i < PAGE_POINTS; i++) {
		const json_t *pair = json_array_get(list, i);
		double q = json_number_value(json_array_get(pair, 0));
		double ms = json_number_value(json_array_get(pair, 1));

		if (json_array_size(pair) != 2 || !(q >= 0 && q <= 1))
			continue;
		/* All of the answers stand a little beyond the last share of them. */
		last = q < 1 ? 1 / (1 - q) : last * 2;
		points[n++] = (struct chart_point){last, ms};
	}
	*ret = points;
	return n;
}

void plot_nines_number(struct buf *out, double value)
{
	buf_addf(out, "%.10g\u202f%%", round((1 - 1 / value) * 1e12) / 1e10);
}

void plot_add(struct plot *p, struct chart_point **points, size_t n, const char *name, ...)
{
	_cleanup_free_ struct chart_point *taken = TAKE_PTR(*points);
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	if (n < 2 || p->n == PLOT_LINES)
		return;
	va_start(ap, name);
	buf_vaddf(&text, name, ap);
	va_end(ap);
	p->lines[p->n++] = (struct chart_line){buf_steal(&text), TAKE_PTR(taken), n};
}

/* ---- axes ---- */

static void widen(struct chart_axis *axis, double value)
{
	if (!isfinite(value) || (axis->log && value <= 0))
		return;
	value = fmin(fmax(value, axis->log ? smallest : 0), largest);
	axis->min = fmin(axis->min, value);
	axis->max = fmax(axis->max, value);
}

static void finish(struct chart_axis *axis, bool exact)
{
	if (axis->log) {
		if (!(axis->min <= axis->max))
			axis->min = axis->max = 1;
		fluid_round(&axis->min, &axis->max);
		return;
	}
	axis->min = 0;
	if (!(axis->max > 0))
		axis->max = 1;
	if (!exact) {
		double step = pow(10, floor(log10(axis->max))) / 2;

		axis->max = step * ceil(axis->max * 1.05 / step);
	}
}

static void fit(const struct plot *p, struct chart *c)
{
	c->x = (struct chart_axis){.min = INFINITY, .max = -INFINITY, .log = p->log_x};
	c->y = (struct chart_axis){.min = INFINITY, .max = -INFINITY, .log = p->log_y};
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->lines[i].n; k++) {
			widen(&c->x, p->lines[i].points[k].x);
			widen(&c->y, p->lines[i].points[k].y);
		}
	finish(&c->x, true);
	finish(&c->y, false);
}

/* ---- the figure ---- */

static void draw_legend(const struct plot *p, struct buf *out)
{
	buf_adds(out, "<ul class=\"legend\">");
	for (size_t i = 0; i < p->n; i++) {
		buf_adds(out, "<li>");
		fluid_sample(out, i);
		page_clip(out, p->lines[i].name, PAGE_NAME);
		buf_adds(out, "</li>");
	}
	buf_adds(out, "</ul>\n");
}

void plot_draw(struct plot *p, struct buf *out)
{
	struct chart c = {.title = p->title, .lines = p->lines, .n_lines = p->n};
	_cleanup_buf_ struct buf words = BUF_INIT;

	if (!p->n)
		return;
	fit(p, &c);
	buf_addf(&words, "%s (%s) over %s:", p->title, p->note, p->x_title);
	for (size_t i = 0; i < p->n; i++) {
		buf_adds(&words, i ? ", " : " ");
		text_clip(&words, p->lines[i].name, PAGE_NAME);
	}
	c.description = buf_str(&words);
	buf_addf(out, "<figure class=\"chart%s\">\n<figcaption>%s <small>%s</small></figcaption>\n",
		p->wide ? " wide" : "", p->title, p->note);
	draw_legend(p, out);
	buf_adds(out, "<div class=\"plot\">");
	fluid_lines(&c, p->x_number, out);
	buf_addf(out, "</div>\n<p class=\"axis-title\">%s</p>\n</figure>\n", p->x_title);
	for (; p->n; p->n--) {
		free((void *)p->lines[p->n - 1].points);
		free((void *)p->lines[p->n - 1].name);
	}
}
