/* Gathers the points of the break-even plot and has them drawn: see cost_plot.h. */
#include "probe/cost_plot.h"

#include <math.h>

#include "lib/base/xalloc.h"
#include "probe/chart/chart.h"

enum { SAMPLES = 400 }; /* of a line */

struct plot {
	const struct cost_case *c;
	double from, to; /* calls per second */
	struct chart_line lines[CHART_MAX_LINES];
	size_t n_lines;
	struct chart_mark marks[CHART_MAX_LINES + 1];
	size_t n_marks;
};

static double sample(const struct plot *p, size_t i)
{
	return p->from * pow(p->to / p->from, (double)i / (SAMPLES - 1));
}

static struct cost_case at_rate(const struct plot *p, double rate)
{
	struct cost_case c = *p->c;

	c.load.rate = rate;
	return c;
}

static void add_line(struct plot *p, char *name, struct chart_point *points, size_t n)
{
	p->lines[p->n_lines++] = (struct chart_line){name, points, n};
}

static void add_mark(struct plot *p, double rate, double cost, char *text)
{
	p->marks[p->n_marks++] = (struct chart_mark){{rate, cost}, text, 0};
}

/* Both ends of the range, and wide enough for each load of interest. */
static void widen(struct plot *p, double rate)
{
	if (!(rate > 0) || isinf(rate))
		return;
	p->from = fmin(p->from, rate / 10);
	p->to = fmax(p->to, rate * 10);
}

static void choose_range(struct plot *p, const struct cost_offer *offers, size_t n)
{
	double rate = p->c->load.rate > 0 ? p->c->load.rate : 1;

	p->from = fmin(rate / 10, COST_MAX_RATE / 1e4);
	p->to = fmin(rate * 10, COST_MAX_RATE);
	for (size_t i = 0; i < n; i++)
		if (!cost_by_use(p->c, &offers[i]).refusal)
			widen(p, cost_break_even(p->c, &offers[i]).first);
	p->from = fmax(p->from, p->to / 1e9);
	chart_decades(&p->from, &p->to);
	p->to = fmin(p->to, COST_MAX_RATE);
}

static void add_offer(struct plot *p, const struct cost_offer *o)
{
	struct chart_point *points = xcalloc(SAMPLES, sizeof(*points));
	struct cost_break_even b = cost_break_even(p->c, o);

	for (size_t i = 0; i < SAMPLES; i++) {
		struct cost_case c = at_rate(p, sample(p, i));

		points[i] = (struct chart_point){c.load.rate, cost_by_use(&c, o).total};
	}
	add_line(p, xstrdup(o->provider->title), points, SAMPLES);
	if (b.first > 0 && !isinf(b.first)) {
		struct cost_case c = at_rate(p, b.first);

		add_mark(p, b.first, cost_by_use(&c, o).total,
			xasprintf("even with %s at %.3g/s", o->provider->title, b.first));
	}
}

/* Where a server more is needed between two samples the line goes straight up. */
static void add_servers(struct plot *p)
{
	struct chart_point *points = xcalloc(3 * SAMPLES, sizeof(*points));
	uint64_t before = 0;
	size_t n = 0;

	for (size_t i = 0; i < SAMPLES; i++) {
		struct cost_case c = at_rate(p, sample(p, i));
		struct cost_bill bill = cost_on_servers(&c);
		double edge = cost_carried(&p->c->fleet, before);

		if (i && bill.servers != before) {
			points[n] = (struct chart_point){edge, points[n - 1].y};
			n++;
		}
		/* Stairs finer than the samples are a ramp. */
		if (i && bill.servers == before + 1)
			points[n++] = (struct chart_point){edge, bill.total};
		points[n++] = (struct chart_point){c.load.rate, bill.total};
		before = bill.servers;
	}
	add_line(p,
		xasprintf("%llu server%s%s", (unsigned long long)p->c->fleet.count,
			p->c->fleet.count == 1 ? "" : "s",
			p->c->fleet.capacity > 0 ? " and up" : ""),
		points, n);
}

/* From a hundredth of what the servers cost to where the dearest line ends. */
static struct chart_axis height(const struct plot *p, const char *title)
{
	double low = p->lines[0].points[0].y / 100, high = 0; /* the first are the servers */

	for (size_t i = 0; i < p->n_lines; i++)
		high = fmax(high, p->lines[i].points[p->lines[i].n - 1].y);
	if (!(high > 0))
		high = 1; /* nothing costs anything */
	if (!(low > 0))
		low = high / 1e6;
	high = fmin(fmax(high, low * 1000), low * 1e9);
	chart_decades(&low, &high);
	return (struct chart_axis){title, low, high, true};
}

static void draw(struct plot *p, const char *currency, struct buf *out)
{
	const struct cost_load *l = &p->c->load;
	_cleanup_free_ char *y = xasprintf("%s a month", currency);
	_cleanup_free_ char *load = xasprintf(
		"calls of %g ms, %g MB, %g KB; %g hours a month", l->ms, l->mb, l->kb, l->hours);
	_cleanup_free_ char *words = xasprintf("Cost a month in %s over calls per second, both "
					       "logarithmic: %zu lines for %s.",
		currency, p->n_lines, load);
	const struct chart chart = {
		.title = "Cost a month over the load",
		.subtitle = load,
		.description = words,
		.x = {"calls per second", p->from, p->to, true},
		.y = height(p, y),
		.lines = p->lines,
		.n_lines = p->n_lines,
		.marks = p->marks,
		.n_marks = p->n_marks,
	};

	chart_svg(&chart, out);
}

static void plot_done(struct plot *p)
{
	for (size_t i = 0; i < p->n_lines; i++) {
		free((void *)p->lines[i].points);
		free((void *)p->lines[i].name);
	}
	for (size_t i = 0; i < p->n_marks; i++)
		free((void *)p->marks[i].text);
}

void cost_plot(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	const char *currency, struct buf *out)
{
	struct plot p = {.c = c};
	size_t n = MIN_OF(n_offers, (size_t)CHART_MAX_LINES - 1);

	choose_range(&p, offers, n);
	add_servers(&p);
	for (size_t i = 0; i < n; i++)
		if (!cost_by_use(c, &offers[i]).refusal)
			add_offer(&p, &offers[i]);
	if (c->load.rate > 0)
		add_mark(&p, c->load.rate, cost_on_servers(c).total,
			xasprintf("now: %g/s", c->load.rate));
	draw(&p, currency, out);
	plot_done(&p);
}
