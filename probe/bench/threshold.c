/*
 * Judges by the very numbers that are shown: the value of a figure is rounded before it is compared
 * (document_value), so "50 ms" never exceeds a limit of 50 ms by digits that nobody sees.
 */
#include "probe/bench/threshold.h"

#include <math.h>
#include <string.h>

#include "probe/bench/document.h"

/* How many figures are worse than before; NAN when nothing could be compared. */
static double count_worse(const json_t *doc)
{
	const json_t *list = json_at(doc, "comparison", "figures", NULL), *f;
	size_t i, worse = 0, judged = 0;

	json_array_foreach(list, i, f)
	{
		const char *verdict = json_str(f, "verdict");

		judged += verdict && strcmp(verdict, "unjudged") != 0;
		worse += verdict && !strcmp(verdict, "worse");
	}
	return judged ? (double)worse : NAN;
}

static double value_of(const json_t *doc, const struct figure_name *f)
{
	const json_t *figure;
	const char *unit;

	if (!strcmp(f->section, "compare"))
		return count_worse(doc);
	figure = document_figure(doc, f->section, f->name);
	unit = json_str(figure, "unit");
	/* Another version may have given it in another unit: not the number that was meant. */
	return unit && !strcmp(unit, f->unit) ? document_value(figure) : NAN;
}

static json_t *judge(const json_t *doc, const struct bench_threshold *b)
{
	const struct figure_name *f = b->t.figure;
	double value = value_of(doc, f);
	bool known = isfinite(value);
	json_t *o = json_object();

	json_set_text(o, "text", b->text, strlen(b->text));
	json_object_set_new(o, "source", json_string(b->source));
	json_object_set_new(o, "figure", json_sprintf("%s.%s", f->section, f->name));
	json_object_set_new(o, "value", document_real(value));
	json_object_set_new(o, "limit", document_real(b->t.limit));
	json_object_set_new(o, "unit", json_string(f->unit));
	json_object_set_new(o, "state",
		json_string(!known                             ? "unknown"
			    : threshold_exceeded(&b->t, value) ? "exceeded"
							       : "passed"));
	return o;
}

void thresholds_judge(json_t *doc, const struct bench_threshold *list, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, judge(doc, &list[i]));
	json_object_set_new(doc, "thresholds", all);
	document_judge(doc);
}
