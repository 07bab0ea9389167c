/* What sections say and give: see section.h. */
#include "probe/bench/section.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

bool bench_cancelled(const struct bench *b)
{
	return b->o->cancel && __atomic_load_n(b->o->cancel, __ATOMIC_RELAXED);
}

/* Format and escape. */
_printf_(2, 0) static void add_clean(struct buf *out, const char *fmt, va_list ap)
{
	_cleanup_buf_ struct buf raw = BUF_INIT;

	buf_vaddf(&raw, fmt, ap);
	escape_text(out, buf_str(&raw), raw.len, false);
}

void bench_say(const struct bench *b, const char *fmt, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	if (!b->o->progress)
		return;
	va_start(ap, fmt);
	add_clean(&line, fmt, ap);
	va_end(ap);
	b->o->progress(b->o->arg, b->section, buf_str(&line));
}

void section_found(struct section_result *r, enum health_state state, const char *fmt, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	add_clean(&line, fmt, ap);
	va_end(ap);
	r->state = state;
	r->text = arena_strdup(&r->arena, buf_str(&line));
}

void section_remedy(struct section_result *r, const char *fmt, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	add_clean(&line, fmt, ap);
	va_end(ap);
	r->remedy = arena_strdup(&r->arena, buf_str(&line));
}

static struct figure *figure_of(const struct section_result *r, const char *name)
{
	for (size_t i = 0; i < r->n_figures; i++)
		if (!strcmp(r->figures[i].name, name))
			return &r->figures[i];
	return NULL;
}

void section_figure(struct section_result *r, const char *name, const char *unit,
	enum better better, double value)
{
	struct figure *f = figure_of(r, name);
	double *rounds;

	if (!isfinite(value))
		return;
	if (!f) {
		xgrow(r->figures, r->n_figures, r->cap_figures);
		f = &r->figures[r->n_figures++];
		*f = (struct figure){.name = name, .unit = unit, .better = better};
	}
	rounds = arena_alloc(&r->arena, (f->n + 1) * sizeof(*rounds));
	if (f->n)
		memcpy(rounds, f->rounds, f->n * sizeof(*rounds));
	rounds[f->n++] = value;
	f->rounds = rounds;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort_values(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
}

double median_of(const double *values, size_t n)
{
	_cleanup_free_ double *sorted = NULL;

	if (!n)
		return NAN;
	sorted = xcalloc(n, sizeof(*sorted));
	memcpy(sorted, values, n * sizeof(*sorted));
	sort_values(sorted, n);
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double section_median(const struct section_result *r, const char *name)
{
	const struct figure *f = figure_of(r, name);

	return f ? median_of(f->rounds, f->n) : NAN;
}
