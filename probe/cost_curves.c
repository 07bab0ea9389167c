/* Gathers what the break-even plot shows: see cost_curves.h. */
#include "probe/cost_curves.h"

#include <math.h>

#include "lib/base/xalloc.h"

enum { STAIRS = 60 };

struct plot {
	const struct cost_case *c;
	size_t samples;
	struct cost_curves *out;
};

static double sample(const struct plot *p, size_t i)
{
	return p->out->x_min *
	       pow(p->out->x_max / p->out->x_min, (double)i / (double)(p->samples - 1));
}

static struct cost_case at_rate(const struct plot *p, double rate)
{
	struct cost_case c = *p->c;

	c.load.rate = rate;
	return c;
}

static void add_line(struct plot *p, char *name, struct chart_point *points, size_t n)
{
	p->out->lines[p->out->n_lines++] = (struct chart_line){name, points, n};
}

/* "load: 466.7/s", "even with X at 12500/s": @value with @digits that count, and no exponent. */
static char *rate_words(const char *what, double value, int digits)
{
	return value >= 1000 ? xasprintf("%s %.0f/s", what, value)
			     : xasprintf("%s %.*g/s", what, digits, value);
}

/* @line: 1 and more; 0: on none. */
static void add_mark(struct plot *p, size_t line, double rate, double cost, char *text)
{
	p->out->marks[p->out->n_marks++] = (struct chart_mark){{rate, cost}, text, line};
}

/* Both ends of the range, and wide enough for each load of interest. */
static void widen(struct plot *p, double rate)
{
	if (!(rate > 0) || isinf(rate))
		return;
	p->out->x_min = fmin(p->out->x_min, rate / 10);
	p->out->x_max = fmax(p->out->x_max, rate * 10);
}

static void choose_range(struct plot *p, const struct cost_offer *offers, size_t n)
{
	double rate = p->c->load.rate > 0 ? p->c->load.rate : 1;

	p->out->x_min = fmin(rate / 10, COST_MAX_RATE / 1e4);
	p->out->x_max = fmin(rate * 10, COST_MAX_RATE);
	for (size_t i = 0; i < n; i++)
		if (!cost_by_use(p->c, &offers[i]).refusal)
			widen(p, cost_break_even(p->c, &offers[i]).first);
	p->out->x_min = fmax(p->out->x_min, p->out->x_max / 1e9);
	chart_decades(&p->out->x_min, &p->out->x_max);
	p->out->x_max = fmin(p->out->x_max, COST_MAX_RATE);
}

static void add_offer(struct plot *p, const struct cost_offer *o)
{
	struct chart_point *points = xcalloc(p->samples, sizeof(*points));
	struct cost_break_even b = cost_break_even(p->c, o);

	for (size_t i = 0; i < p->samples; i++) {
		struct cost_case c = at_rate(p, sample(p, i));

		points[i] = (struct chart_point){c.load.rate, cost_by_use(&c, o).total};
	}
	add_line(p, xstrdup(o->provider->title), points, p->samples);
	if (b.first > 0 && !isinf(b.first)) {
		struct cost_case c = at_rate(p, b.first);
		_cleanup_free_ char *with = xasprintf("even with %s at", o->provider->title);

		add_mark(p, p->out->n_lines, b.first, cost_by_use(&c, o).total,
			rate_words(with, b.first, 3));
	}
}

/* Exact as long as the stairs are few; finer ones are a ramp of samples. */
static size_t climb(const struct plot *p, struct chart_point *points)
{
	struct cost_case c = at_rate(p, p->out->x_min);
	uint64_t servers = cost_servers(&c);
	double edge = c.load.rate;
	size_t n = 0;

	points[n++] = (struct chart_point){edge, cost_on_servers(&c).total};
	for (int step = 0; step < STAIRS; step++, servers++) {
		double below = points[n - 1].y;

		edge = cost_carried(&c.fleet, servers);
		if (!(edge < p->out->x_max)) {
			edge = p->out->x_max;
			break;
		}
		points[n++] = (struct chart_point){edge, below};
		points[n++] = (struct chart_point){edge, below + c.fleet.price};
	}
	for (size_t i = 0; i < p->samples; i++)
		if (sample(p, i) > edge) {
			c.load.rate = sample(p, i);
			points[n++] = (struct chart_point){c.load.rate, cost_on_servers(&c).total};
		}
	c.load.rate = p->out->x_max;
	points[n++] = (struct chart_point){c.load.rate, cost_on_servers(&c).total};
	return n;
}

static void add_servers(struct plot *p)
{
	struct chart_point *points = xcalloc(2 * STAIRS + p->samples + 2, sizeof(*points));
	const struct cost_fleet *f = &p->c->fleet;
	size_t n = climb(p, points);

	add_line(p,
		xasprintf("%llu server%s%s", (unsigned long long)f->count, f->count == 1 ? "" : "s",
			f->capacity > 0 ? " and up" : ""),
		points, n);
}

/* From a hundredth of what the servers cost to where the dearest line ends. */
static void choose_height(struct cost_curves *v)
{
	double low = v->lines[0].points[0].y / 100, high = 0; /* the first are the servers */

	for (size_t i = 0; i < v->n_lines; i++)
		high = fmax(high, v->lines[i].points[v->lines[i].n - 1].y);
	if (!(high > 0))
		high = 1; /* nothing costs anything */
	if (!(low > 0))
		low = high / 1e6;
	v->y_min = low;
	v->y_max = fmin(fmax(high, low * 1000), low * 1e9);
	chart_decades(&v->y_min, &v->y_max);
}

void cost_curves_make(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	size_t samples, struct cost_curves *ret)
{
	struct plot p = {c, samples, ret};
	size_t n = MIN_OF(n_offers, (size_t)CHART_MAX_LINES - 1);

	*ret = (struct cost_curves){0};
	choose_range(&p, offers, n);
	add_servers(&p);
	for (size_t i = 0; i < n; i++)
		if (!cost_by_use(c, &offers[i]).refusal)
			add_offer(&p, &offers[i]);
	if (c->load.rate > 0)
		add_mark(&p, 0, c->load.rate, cost_on_servers(c).total,
			rate_words("load:", c->load.rate, 4));
	choose_height(ret);
}

void cost_curves_done(struct cost_curves *v)
{
	for (size_t i = 0; i < v->n_lines; i++) {
		free((void *)v->lines[i].points);
		free((void *)v->lines[i].name);
	}
	for (size_t i = 0; i < v->n_marks; i++)
		free((void *)v->marks[i].text);
	*v = (struct cost_curves){0};
}
