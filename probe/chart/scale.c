/* Axes: where a value stands, which round values get a line, and what lies outside. */
#include "probe/chart/scale.h"

#include <math.h>

enum { MAX_DECADES = 14, FAR_AWAY = 1000000 }; /* pixels */

double scale_at(const struct scale *s, double value)
{
	const struct chart_axis *a = s->axis;
	double share;

	if (!a->log)
		share = (value - a->min) / (a->max - a->min);
	else if (value > 0)
		share = log10(value / a->min) / log10(a->max / a->min);
	else
		share = -INFINITY;
	if (isnan(share))
		return NAN;
	/* Infinity would make a line's slope not a number. */
	return s->from + (s->to - s->from) * fmax(-FAR_AWAY, fmin(share, FAR_AWAY));
}

static void add(
	struct tick *ticks, size_t *n, const struct chart_axis *axis, double value, bool major)
{
	double slack = (axis->max - axis->min) * 1e-9;

	if (axis->log)
		slack = value * 1e-9;
	if (*n < SCALE_MAX_TICKS && value >= axis->min - slack && value <= axis->max + slack)
		ticks[(*n)++] = (struct tick){value, major};
}

/* Decades, with 2 and 5 between them as long as these do not crowd. */
static size_t log_ticks(const struct chart_axis *axis, struct tick *ret)
{
	int first = (int)floor(log10(axis->min) + 1e-9), last = (int)ceil(log10(axis->max) - 1e-9);
	int every = (last - first) / MAX_DECADES + 1;
	size_t n = 0;

	for (int e = first; e <= last; e += every) {
		add(ret, &n, axis, pow(10, e), true);
		if (every > 1 || last - first > 8)
			continue;
		add(ret, &n, axis, 2 * pow(10, e), last - first <= 2);
		add(ret, &n, axis, 5 * pow(10, e), last - first <= 2);
	}
	return n;
}

/* Steps of 1, 2 or 5 times a power of ten: five to ten of them. */
static size_t linear_ticks(const struct chart_axis *axis, struct tick *ret)
{
	double rough = (axis->max - axis->min) / 5, step = pow(10, floor(log10(rough)));
	double first;
	size_t n = 0;

	if (step * 5 <= rough)
		step *= 5;
	else if (step * 2 <= rough)
		step *= 2;
	first = ceil(axis->min / step - 1e-9);
	for (int i = 0; i < SCALE_MAX_TICKS; i++)
		add(ret, &n, axis, (first + i) * step, true);
	return n;
}

size_t scale_ticks(const struct chart_axis *axis, struct tick ret[SCALE_MAX_TICKS])
{
	return axis->log ? log_ticks(axis, ret) : linear_ticks(axis, ret);
}

/* Narrow the part [*t0, *t1] of a line that begins at @from and moves by @delta to what lies
 * between @low and @high. */
static bool narrow(double from, double delta, double low, double high, double *t0, double *t1)
{
	double enter, leave;

	if (delta == 0)
		return from >= low && from <= high;
	enter = ((delta > 0 ? low : high) - from) / delta;
	leave = ((delta > 0 ? high : low) - from) / delta;
	*t0 = fmax(*t0, enter);
	*t1 = fmin(*t1, leave);
	return *t0 <= *t1;
}

bool scale_clip(
	const struct scale *x, const struct scale *y, struct chart_point *a, struct chart_point *b)
{
	struct chart_point from = *a, delta = {b->x - a->x, b->y - a->y};
	double t0 = 0, t1 = 1;

	if (!narrow(from.x, delta.x, fmin(x->from, x->to), fmax(x->from, x->to), &t0, &t1) ||
		!narrow(from.y, delta.y, fmin(y->from, y->to), fmax(y->from, y->to), &t0, &t1))
		return false;
	*a = (struct chart_point){from.x + t0 * delta.x, from.y + t0 * delta.y};
	*b = (struct chart_point){from.x + t1 * delta.x, from.y + t1 * delta.y};
	return true;
}

void chart_decades(double *min, double *max)
{
	double low = pow(10, floor(log10(*min) + 1e-9)), high = pow(10, ceil(log10(*max) - 1e-9));

	*min = low;
	*max = high > low ? high : low * 10;
}

void chart_number(struct buf *out, double value)
{
	static const struct {
		double from;
		const char *unit;
	} units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
	double size = fabs(value);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (size >= units[i].from * (1 - 1e-9)) {
			buf_addf(out, "%.3g%s", value / units[i].from, units[i].unit);
			return;
		}
	if (size > 0 && size < 1e-4)
		buf_addf(out, "%.3g", value);
	else
		buf_addf(out, "%.10g", size < 1e-12 ? 0 : round(value * 1e6) / 1e6);
}
