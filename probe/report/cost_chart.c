/* The break-even plot of the report, drawn from the points in the document: each offer a line, the
 * servers a staircase, dots where they are even, and an upright line at the present load. */
#include "probe/report/page.h"

#include <math.h>

#include "lib/base/width.h"
#include "lib/base/xalloc.h"
#include "probe/chart/fluid.h"

enum { MAX_LINES = 6, MAX_MARKS = 8 };
#define LEAST 1e-12
#define MOST  1e18

struct drawing {
	struct chart_point *points[MAX_LINES]; /* owned */
	struct chart_line lines[MAX_LINES];
	size_t n_lines;
	struct chart_mark marks[MAX_MARKS];
	size_t n_marks;
};

static void drawing_done(struct drawing *d)
{
	for (size_t i = 0; i < d->n_lines; i++)
		free(d->points[i]);
}

/* [a, b] as two finite numbers. */
static bool pair_of(const json_t *pair, double *a, double *b)
{
	const json_t *first = json_array_get(pair, 0), *second = json_array_get(pair, 1);

	*a = json_is_number(first) ? json_number_value(first) : (double)NAN;
	*b = json_is_number(second) ? json_number_value(second) : (double)NAN;
	return isfinite(*a) && isfinite(*b);
}

/* An axis that can be drawn. */
static bool axis_of(const json_t *plot, const char *key, struct chart_axis *ret)
{
	*ret = (struct chart_axis){.log = true};
	return pair_of(json_arr(plot, key), &ret->min, &ret->max) && ret->min >= LEAST &&
	       ret->max <= MOST && ret->min < ret->max;
}

static void add_line(struct drawing *d, const json_t *line)
{
	const json_t *list = json_arr(line, "points");
	struct chart_point *points = xcalloc(PAGE_POINTS, sizeof(*points));
	const char *name = json_str(line, "name");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list) && n < PAGE_POINTS; i++)
		n += pair_of(json_array_get(list, i), &points[n].x, &points[n].y);
	d->points[d->n_lines] = points;
	d->lines[d->n_lines++] = (struct chart_line){name ? name : "?", points, n};
}

static void add_mark(struct drawing *d, const json_t *mark)
{
	double rate = page_num(mark, "rate"), cost = page_num(mark, "cost");
	double line = page_num(mark, "line");
	const char *text = json_str(mark, "text");
	bool on_line = line >= 0 && line < (double)d->n_lines;

	if (!isfinite(rate) || !isfinite(cost))
		return;
	d->marks[d->n_marks++] = (struct chart_mark){
		{rate, cost}, text ? text : "?", on_line ? (size_t)line + 1 : 0};
}

static void read_plot(struct drawing *d, const json_t *plot)
{
	const json_t *item;
	size_t at = 0;

	while (d->n_lines < MAX_LINES && page_next(plot, "lines", PAGE_ROWS, &at, &item))
		add_line(d, item);
	at = 0;
	while (d->n_marks < MAX_MARKS && page_next(plot, "marks", PAGE_ROWS, &at, &item))
		add_mark(d, item);
}

static void add_legend(const struct drawing *d, struct buf *out)
{
	buf_adds(out, "<ul class=\"legend\">");
	for (size_t i = 0; i < d->n_lines; i++) {
		buf_adds(out, "<li>");
		fluid_sample(out, i);
		page_clip(out, d->lines[i].name, PAGE_NAME);
		buf_adds(out, "</li>");
	}
	for (size_t i = 0; i < d->n_marks; i++) {
		if (!d->marks[i].line)
			continue;
		buf_adds(out, "<li>");
		fluid_dot(out, d->marks[i].line - 1);
		page_clip(out, d->marks[i].text, 2 * PAGE_NAME);
		buf_adds(out, "</li>");
	}
	buf_adds(out, "</ul>\n");
}

/* "calls of 0.21 ms, 128 MB, 0.186 KB; 730 hours a month" */
static void add_load(struct buf *out, const json_t *load)
{
	static const struct {
		const char *key, *before, *after;
	} parts[] = {{"ms", "calls of ", " ms, "}, {"mb", "", " MB, "}, {"kb", "", " KB; "},
		{"hours", "", " hours a month"}};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		buf_adds(out, parts[i].before);
		page_value(out, page_num(load, parts[i].key), NULL);
		buf_adds(out, parts[i].after);
	}
}

void report_cost_chart(const struct page *p, const json_t *cost)
{
	const json_t *plot = json_obj(cost, "plot");
	const char *currency = json_str(cost, "currency");
	_cleanup_(drawing_done) struct drawing d = {0};
	_cleanup_buf_ struct buf words = BUF_INIT;
	struct chart c = {.title = "Cost a month over the load"};

	if (!axis_of(plot, "rates", &c.x) || !axis_of(plot, "costs", &c.y))
		return;
	read_plot(&d, plot);
	if (!d.n_lines)
		return;
	c.lines = d.lines;
	c.n_lines = d.n_lines;
	c.marks = d.marks;
	c.n_marks = d.n_marks;
	buf_adds(&words, "Cost a month over calls a second, both logarithmic:");
	for (size_t i = 0; i < d.n_lines + d.n_marks; i++) {
		buf_adds(&words, i ? ", " : " ");
		text_clip(&words, i < d.n_lines ? d.lines[i].name : d.marks[i - d.n_lines].text,
			2 * PAGE_NAME);
	}
	c.description = buf_str(&words);
	buf_adds(p->out, "<div class=\"charts\"><figure class=\"chart wide cost\">\n"
			 "<figcaption>Cost a month over the load <small>");
	page_clip(p->out, currency, PAGE_NAME);
	buf_adds(p->out, "; ");
	add_load(p->out, json_obj(cost, "load"));
	buf_adds(p->out, "</small></figcaption>\n");
	add_legend(&d, p->out);
	buf_adds(p->out, "<div class=\"plot\">");
	fluid_lines(&c, NULL, p->out);
	buf_adds(p->out, "</div>\n<p class=\"axis-title\">calls a second</p>\n</figure></div>\n");
}
