/* Reading documents of any origin: see document.h. */
#include "probe/bench/document.h"

#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/spec/figure.h"
#include "probe/bench/section.h"

int document_parse(const char *text, size_t len, json_t **ret, struct err *err)
{
	_cleanup_json_ json_t *doc = NULL;
	const char *format;
	int r = json_parse(text, len, DOCUMENT_MAX, &doc, err);

	if (r < 0)
		return r;
	format = json_str(doc, "format");
	if (!format)
		return err_set(err, -EBADMSG, "this is no document of 'svarm bench --json'");
	if (strcmp(format, DOCUMENT_FORMAT) != 0) {
		_cleanup_buf_ struct buf shown = BUF_INIT;

		escape_text(&shown, format, MIN_OF(strlen(format), (size_t)40), false);
		return err_set(err, -EBADMSG, "its format is '%s'; this svarm reads '%s'",
			buf_str(&shown), DOCUMENT_FORMAT);
	}
	*ret = TAKE_PTR(doc);
	return 0;
}

double document_number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	double n = json_is_number(v) ? json_number_value(v) : NAN;

	return isfinite(n) ? n : NAN;
}

json_t *document_real(double value)
{
	if (!isfinite(value))
		return json_null();
	if (fabs(value) < 1e15 && value == trunc(value))
		return json_integer((json_int_t)value);
	return json_real(value);
}

const json_t *document_figure(const json_t *doc, const char *section, const char *name)
{
	const json_t *f = json_at(doc, "sections", section, "figures", name, NULL);

	return json_is_object(f) ? f : NULL;
}

double document_value(const json_t *figure)
{
	const char *unit = json_str(figure, "unit");

	return document_round(document_number(figure, "value"), unit ? unit : "");
}

size_t document_rounds(const json_t *figure, double **ret)
{
	const json_t *rounds = json_arr(figure, "rounds"), *v;
	size_t n = 0, i;

	*ret = NULL;
	if (!rounds)
		return 0;
	*ret = xcalloc(MIN_OF(json_array_size(rounds), (size_t)DOCUMENT_ROUNDS) + 1, sizeof(**ret));
	json_array_foreach(rounds, i, v)
	{
		if (n == DOCUMENT_ROUNDS)
			break;
		if (json_is_number(v) && isfinite(json_number_value(v)))
			(*ret)[n++] = json_number_value(v);
	}
	return n;
}

/* ---- names in their order ---- */

struct names {
	const char **list;
	size_t n, cap;
};

static void add(struct names *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->list[i], name))
			return;
	xgrow(s->list, s->n, s->cap);
	s->list[s->n++] = name;
}

enum { MAX_NAMES = 200 }; /* of sections, and of one section's figures */

static void add_others(struct names *s, json_t *object)
{
	const char *key;
	json_t *v;

	json_object_foreach(object, key, v) if (json_is_object(v) && s->n < MAX_NAMES) add(s, key);
}

size_t document_sections(const json_t *doc, const char ***ret)
{
	json_t *sections = json_obj(doc, "sections");
	struct names s = {0};

	for (size_t i = 0; i < n_bench_sections; i++)
		if (json_obj(sections, bench_sections[i]->name))
			add(&s, bench_sections[i]->name);
	if (sections)
		add_others(&s, sections);
	*ret = s.list;
	return s.n;
}

size_t document_figures(const json_t *doc, const char *section, const char ***ret)
{
	json_t *figures = json_at(doc, "sections", section, "figures", NULL);
	struct names s = {0};

	for (size_t i = 0; i < n_figure_names; i++)
		if (!strcmp(figure_names[i].section, section) &&
			json_obj(figures, figure_names[i].name))
			add(&s, figure_names[i].name);
	if (json_is_object(figures))
		add_others(&s, figures);
	*ret = s.list;
	return s.n;
}

/* ---- numbers ---- */

double document_round(double value, const char *unit)
{
	char text[40];

	if (!isfinite(value) || !strcmp(unit, "count"))
		return value;
	snprintf(text, sizeof(text), "%.5g", value);
	return strtod(text, NULL);
}

void document_show(struct buf *out, double value)
{
	double size = fabs(value);

	if (!isfinite(value))
		buf_adds(out, "?");
	else if (size >= 1e5 && size < 1e15)
		buf_addf(out, "%.0f", value);
	else if (size >= 1e-4 || size == 0)
		buf_addf(out, "%.6g", value);
	else if (size >= 1e-9)
		buf_addf(out, "%.13f", value);
	else
		buf_addf(out, "%.5g", value);
}

void document_show_unit(struct buf *out, double value, const char *unit)
{
	document_show(out, value);
	if (!strcmp(unit, "1/s"))
		buf_adds(out, "/s");
	else if (!strcmp(unit, "ratio"))
		buf_adds(out, "x");
	else if (*unit && strcmp(unit, "count") != 0) {
		buf_addc(out, ' ');
		escape_text(out, unit, MIN_OF(strlen(unit), (size_t)16), false);
	}
}

/* ---- the verdict ---- */

static int state_of(const json_t *o)
{
	const char *state = json_str(o, "state");

	for (int s = HEALTH_OK; state && s <= HEALTH_SKIP; s++)
		if (!strcmp(state, health_state_name((enum health_state)s)))
			return s;
	return HEALTH_SKIP;
}

void document_judge(json_t *doc)
{
	bool measured = false, failed = false, warned = false;
	_cleanup_free_ const char **names = NULL;
	size_t n = document_sections(doc, &names), i;
	json_t *t;

	for (size_t k = 0; k < n; k++) {
		int s = state_of(json_at(doc, "sections", names[k], NULL));

		measured |= s != HEALTH_SKIP;
		failed |= s == HEALTH_FAIL;
		warned |= s == HEALTH_WARN;
	}
	json_array_foreach(json_arr(doc, "thresholds"), i, t)
	{
		const char *state = json_str(t, "state");

		failed |= !state || strcmp(state, "passed") != 0;
	}
	json_object_set_new(doc, "verdict",
		json_string(failed || !measured ? "failed"
			    : warned            ? "warning"
						: "ok"));
}

void document_print_section(const json_t *doc, const char *section, struct buf *out)
{
	const json_t *o = json_at(doc, "sections", section, NULL);

	for (size_t i = 0; i < n_bench_sections; i++)
		if (!strcmp(bench_sections[i]->name, section) && bench_sections[i]->print &&
			json_is_object(o))
			bench_sections[i]->print(o, out);
}
