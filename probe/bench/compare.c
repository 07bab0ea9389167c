/*
 * The noise of a figure is estimated from the rounds of both runs, by their ranges: with three to
 * five rounds, as many as anybody waits for, the range holds nearly all that a standard deviation
 * would say, needs no assumption about the distribution's middle, and no round can hide in it as in
 * a median of deviations (of three values that is the smaller of two differences, often near 0).
 *
 *	band = k * (range before + range after), at least 5 % of the median before
 *
 * k falls with the number of rounds, as ranges grow and medians steady: 1.5 for 3, 1 for 4, 0.75
 * from 5, 0.5 from 8.  For rounds that differ by chance alone (normally distributed) fewer than
 * 0.3 % of figures then differ by more than the band (tests/unit/test_compare.c draws them), which
 * matters because a run has thirty.  The 5 % are for what rounds of one run cannot show: two runs
 * are hours or weeks apart, their rounds seconds.
 */
#include "probe/bench/compare.h"

#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/bench/document.h"
#include "probe/bench/section.h"

#define LEAST_BAND 0.05 /* of the median before */

static double range_of(const double *v, size_t n)
{
	double low = n ? v[0] : 0, high = low;

	for (size_t i = 1; i < n; i++) {
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	return high - low;
}

double compare_band(const double *before, size_t n_before, const double *after, size_t n_after)
{
	size_t n = MIN_OF(n_before, n_after);
	double k = n >= 8 ? 0.5 : n >= 5 ? 0.75 : n == 4 ? 1 : 1.5;
	double band = k * (range_of(before, n_before) + range_of(after, n_after));

	return fmax(band, LEAST_BAND * fabs(median_of(before, n_before)));
}

/* ---- one figure ---- */

struct pair {
	double before, after, band; /* band NAN: not known */
	const char *verdict;
};

static struct pair judge(const json_t *old, const json_t *new)
{
	_cleanup_free_ double *before = NULL, *after = NULL;
	size_t n_before = document_rounds(old, &before), n_after = document_rounds(new, &after);
	const char *better = json_str(new, "better");
	struct pair p = {document_value(old), document_value(new), NAN, "unjudged"};
	double by;

	if (n_before < COMPARE_ROUNDS || n_after < COMPARE_ROUNDS)
		return p;
	p.band = compare_band(before, n_before, after, n_after);
	if (!better || (strcmp(better, "lower") != 0 && strcmp(better, "higher") != 0) ||
		!isfinite(p.band))
		return p;
	by = !strcmp(better, "lower") ? p.after - p.before : p.before - p.after;
	p.verdict = by > p.band ? "worse" : by < -p.band ? "better" : "same";
	return p;
}

static void add_figure(json_t *list, const json_t *doc, const json_t *earlier, const char *section,
	const char *name)
{
	const json_t *new = document_figure(doc, section, name);
	const json_t *old = document_figure(earlier, section, name);
	const char *unit = json_str(new, "unit"), *old_unit = json_str(old, "unit");
	_cleanup_buf_ struct buf full = BUF_INIT;
	struct pair p;
	json_t *o;

	if (!unit || !old_unit || strcmp(unit, old_unit) != 0)
		return;
	p = judge(old, new);
	if (!isfinite(p.before) || !isfinite(p.after))
		return;
	o = json_object();
	buf_addf(&full, "%.60s.%.60s", section, name);
	json_set_text(o, "figure", buf_str(&full), full.len);
	json_set_text(o, "unit", unit, strlen(unit));
	json_object_set_new(o, "before", document_real(p.before));
	json_object_set_new(o, "after", document_real(p.after));
	json_object_set_new(o, "ratio",
		document_real(p.before != 0 ? document_round(p.after / p.before, "") : NAN));
	json_object_set_new(o, "noise", document_real(document_round(p.band, "")));
	json_object_set_new(o, "verdict", json_string(p.verdict));
	json_array_append_new(list, o);
}

static void add_figures(json_t *list, const json_t *doc, const json_t *earlier)
{
	_cleanup_free_ const char **sections = NULL;
	size_t n = document_sections(doc, &sections);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ const char **names = NULL;
		size_t k = document_figures(doc, sections[i], &names);

		for (size_t j = 0; j < k; j++)
			add_figure(list, doc, earlier, sections[i], names[j]);
	}
}

/* ---- is it the same thing that was measured? ---- */

/* A value of any type as a line; what is missing is "unknown". */
static void show(struct buf *out, const json_t *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (json_is_string(v))
		buf_adds(&text, json_string_value(v));
	else if (v && !json_is_null(v))
		json_print(v, &text);
	if (text.len)
		escape_text(out, text.data, MIN_OF(text.len, (size_t)80), false);
	else
		buf_adds(out, "none");
}

static bool same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return a && b && json_equal(a, b);
}

static void differ(json_t *list, const char *what, const json_t *before, const json_t *after)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if ((!before && !after) || same(before, after))
		return;
	buf_addf(&line, "%s: ", what);
	show(&line, before);
	buf_adds(&line, " before, ");
	show(&line, after);
	buf_adds(&line, " now");
	json_array_append_new(list, json_stringn(line.data, line.len));
}

static void differ_nodes(json_t *list, const json_t *earlier, const json_t *doc)
{
	static const char *const members[] = {"name", "cpu", "cores", "memory_mb", "kernel"};
	const json_t *a = json_arr(earlier, "nodes"), *b = json_arr(doc, "nodes");
	size_t n = json_array_size(b);

	if (json_array_size(a) != n) {
		json_array_append_new(
			list, json_sprintf("nodes: %zu before, %zu now", json_array_size(a), n));
		return;
	}
	for (size_t i = 0; i < n && i < 100; i++)
		for (size_t k = 0; k < ARRAY_SIZE(members); k++) {
			_cleanup_buf_ struct buf what = BUF_INIT;
			const json_t *node = json_array_get(b, i);

			show(&what, json_object_get(node, "name"));
			buf_addf(&what, ", %s", members[k]);
			differ(list, buf_str(&what),
				json_object_get(json_array_get(a, i), members[k]),
				json_object_get(node, members[k]));
		}
}

/* What makes the comparison doubtful: another machine, another cluster, another load. */
static json_t *differences(const json_t *earlier, const json_t *doc)
{
	static const char *const client[] = {"host", "cpu", "cores", "kernel"};
	json_t *list = json_array(), *a = json_obj(earlier, "options"),
	       *b = json_obj(doc, "options");
	const char *key;
	json_t *v;

	differ(list, "cluster", json_object_get(earlier, "cluster"),
		json_object_get(doc, "cluster"));
	for (size_t i = 0; i < ARRAY_SIZE(client); i++) {
		_cleanup_buf_ struct buf what = BUF_INIT;

		buf_addf(&what, "client, %s", client[i]);
		differ(list, buf_str(&what), json_at(earlier, "client", client[i], NULL),
			json_at(doc, "client", client[i], NULL));
	}
	differ_nodes(list, earlier, doc);
	if (!a || !b)
		return list; /* from a version that did not say */
	json_object_foreach(b, key, v) if (strcmp(key, "sections") != 0)
		differ(list, key, json_object_get(a, key), v);
	json_object_foreach(a, key, v) if (strcmp(key, "sections") != 0 && !json_object_get(b, key))
		differ(list, key, v, NULL);
	return list;
}

static void copy(json_t *to, const json_t *from, const char *key)
{
	const char *text = json_str(from, key);

	json_object_set_new(to, key, json_null());
	if (text)
		json_set_text(to, key, text, MIN_OF(strlen(text), (size_t)200));
}

void compare_documents(json_t *doc, const json_t *earlier)
{
	json_t *o = json_object(), *with = json_object(), *list = json_array();

	copy(with, earlier, "started");
	copy(with, earlier, "cluster");
	copy(with, earlier, "svarm");
	add_figures(list, doc, earlier);
	json_object_set_new(o, "with", with);
	json_object_set_new(o, "figures", list);
	json_object_set_new(o, "differs", differences(earlier, doc));
	json_object_set_new(doc, "comparison", o);
}
