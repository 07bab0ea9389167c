/* What first calls come to: see cold_judge.h. */
#include "probe/bench/cold_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"

/* Callers who wait for a page leave after some seconds. */
#define SLOW_MS 5000

static const struct {
	const char *name;
	size_t offset;
} parts[] = {
	{"total", offsetof(struct cold_parts, total)},
	{"schedule", offsetof(struct cold_parts, schedule)},
	{"create", offsetof(struct cold_parts, create)},
	{"start", offsetof(struct cold_parts, start)},
	{"ready", offsetof(struct cold_parts, ready)},
	{"answer", offsetof(struct cold_parts, answer)},
};

void cold_found_add(struct cold_found *f, const struct cold_parts *p)
{
	if (p->awake) {
		f->awake++;
		return;
	}
	xgrow(f->calls, f->n, f->cap);
	f->calls[f->n++] = *p;
	if (p->missing)
		f->missing = p->missing;
}

void cold_found_done(struct cold_found *f)
{
	free(f->calls);
}

/* The values of a part that are known, into @ret of f->n places; returns how many. */
static size_t values_of(const struct cold_found *f, size_t offset, double *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		double value = *(const double *)((const char *)&f->calls[i] + offset);

		if (isfinite(value))
			ret[n++] = value;
	}
	return n;
}

/* Every call is a round of p50: their median is the median of the calls. */
static void add_figures(const struct cold_found *f, struct section_result *ret)
{
	_cleanup_free_ double *totals = xcalloc(f->n + 1, sizeof(*totals));
	size_t n = values_of(f, 0, totals);

	for (size_t i = 0; i < n; i++)
		section_figure(ret, "p50", "ms", BETTER_LOWER, totals[i]);
	if (!n)
		return;
	sort_values(totals, n);
	section_figure(ret, "p90", "ms", BETTER_LOWER, totals[(n * 9 + 9) / 10 - 1]);
	section_figure(ret, "max", "ms", BETTER_LOWER, totals[n - 1]);
}

static void add_detail(const struct cold_found *f, const char *function, json_t *detail)
{
	json_t *calls = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(calls, cold_parts_json(&f->calls[i]));
	json_object_set_new(detail, "calls", calls);
	json_set_text(detail, "function", function, strlen(function));
	if (f->missing)
		json_object_set_new(detail, "missing", json_string(f->missing));
	if (f->awake)
		json_object_set_new(detail, "awake", json_integer(f->awake));
}

/* "200 ms schedule, 16 ms create, …": the medians of what is known. */
static void add_parts(const struct cold_found *f, struct buf *out)
{
	_cleanup_free_ double *values = xcalloc(f->n + 1, sizeof(*values));
	const char *comma = ": ";

	for (size_t i = 1; i < ARRAY_SIZE(parts); i++) {
		size_t n = values_of(f, parts[i].offset, values);
		double median = median_of(values, n);

		if (!n)
			continue;
		buf_addf(out, median < 10 ? "%s%.1f ms %s" : "%s%.0f ms %s", comma, median,
			parts[i].name);
		comma = ", ";
	}
}

void cold_judge(const struct cold_found *f, const char *function, struct section_result *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	double p50, max;

	add_figures(f, ret);
	add_detail(f, function, ret->detail);
	p50 = section_median(ret, "p50");
	max = section_median(ret, "max");
	if (!f->n) {
		section_found(ret, HEALTH_WARN, "'%s' was always awake: others call it as well",
			function);
		section_remedy(ret, "measure when nobody calls it");
		return;
	}
	add_parts(f, &text);
	section_found(ret, p50 > SLOW_MS ? HEALTH_WARN : HEALTH_OK,
		"asleep, '%s' answers after %.0f ms (at most %.0f ms, %zu call%s)%s%s%s", function,
		p50, max, f->n, f->n == 1 ? "" : "s", buf_str(&text),
		f->missing ? "; some parts are not known: " : "", f->missing ? f->missing : "");
	if (p50 > SLOW_MS)
		section_remedy(ret, "keep it awake: a 'scale' with 'zero: false' in the spec, and "
				    "an image that starts faster");
}

void cold_judge_failed(const struct cold_found *f, const char *why, const char *service,
	struct section_result *ret)
{
	section_found(ret, HEALTH_FAIL, "%.400s (%zu calls before were answered)", why, f->n);
	section_remedy(ret, "on a manager, 'docker service ps %s' says why its tasks do not start",
		service);
}

/* ---- for people ---- */

static void print_call(const json_t *call, struct buf *out)
{
	buf_adds(out, "  ");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const json_t *value = json_object_get(call, parts[i].name);

		if (json_is_number(value))
			buf_addf(out, "%12.1f", json_number_value(value));
		else
			buf_addf(out, "%12s", "-");
	}
	buf_addc(out, '\n');
}

void cold_print(const json_t *section, struct buf *out)
{
	const json_t *calls = json_arr(json_obj(section, "detail"), "calls");
	const json_t *call;
	size_t i;

	if (!json_array_size(calls))
		return;
	buf_adds(out, "  ");
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		buf_addf(out, "%9s ms", parts[i].name);
	buf_addc(out, '\n');
	json_array_foreach(calls, i, call) print_call(call, out);
}
