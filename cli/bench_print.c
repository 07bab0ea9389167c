/*
 * A run of `svarm bench` as text, from its document alone: section by section what was found, its
 * figures with the spread of their rounds, then thresholds, the comparison, and one line that says
 * how it ended.  A document may come from anywhere: all its text is escaped here.
 */
#include "cli/bench_print.h"

#include <math.h>
#include <string.h>

#include "cli/bench_cost.h"
#include "lib/base/clock.h"
#include "lib/base/quote.h"
#include "lib/base/table.h"
#include "lib/base/width.h"
#include "lib/base/xalloc.h"
#include "probe/bench/document.h"

enum { MAX_TEXT = 600, MAX_WORD = 60, MAX_ROWS = 1000 };

struct page {
	const json_t *doc;
	struct buf *out;
	bool color;
	size_t width; /* 0: no limit */
};

/* Member @key as harmless text of at most @max bytes; "" when it is none. */
static const char *text_of(struct buf *b, const json_t *o, const char *key, size_t max)
{
	const char *s = json_str(o, key);

	buf_clear(b);
	if (s)
		escape_text(b, s, MIN_OF(strlen(s), max), false);
	return buf_str(b);
}

static bool is(const json_t *o, const char *key, const char *word)
{
	const char *s = json_str(o, key);

	return s && !strcmp(s, word);
}

static void add_styled(struct page *p, enum cell_style style, const char *s)
{
	bool on = p->color && *s && style != CELL_PLAIN;

	buf_adds(p->out, on ? style_on(style) : "");
	buf_adds(p->out, s);
	buf_adds(p->out, on ? STYLE_OFF : "");
}

static void add_wrapped(struct page *p, const char *text, size_t at)
{
	text_wrap(p->out, text, p->width > at + 24 ? p->width : SIZE_MAX, at, at);
	buf_addc(p->out, '\n');
}

/* ---- sections ---- */

struct mark {
	const char *word, *mark;
	enum cell_style style;
};

static struct mark mark_of(const json_t *section)
{
	static const struct mark marks[] = {
		{"ok", "✓", CELL_GOOD},
		{"warning", "!", CELL_WARN},
		{"failed", "✗", CELL_BAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (is(section, "state", marks[i].word))
			return marks[i];
	return (struct mark){"skipped", "-", CELL_DIM};
}

static void add_spread(struct table *t, const json_t *figure)
{
	_cleanup_free_ double *rounds = NULL;
	size_t n = document_rounds(figure, &rounds);
	_cleanup_buf_ struct buf text = BUF_INIT;
	double low, high;

	if (n < 2) {
		table_text(t, CELL_DIM, n ? "one round" : NULL);
		return;
	}
	low = high = rounds[0];
	for (size_t i = 1; i < n; i++) {
		low = fmin(low, rounds[i]);
		high = fmax(high, rounds[i]);
	}
	document_show(&text, low);
	buf_adds(&text, " … ");
	document_show(&text, high);
	buf_addf(&text, " in %zu rounds", n);
	table_text(t, CELL_DIM, buf_str(&text));
}

static void add_figures(struct page *p, const char *section)
{
	static const struct table_column columns[] = {
		{"figure", "FIGURE", false, false},
		{"value", "VALUE", true, false},
		{"spread", "LEAST … MOST", false, false},
		{0},
	};
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_free_ const char **names = NULL;
	size_t n = document_figures(p->doc, section, &names);

	for (size_t i = 0; i < n; i++) {
		const json_t *f = document_figure(p->doc, section, names[i]);
		const char *unit = json_str(f, "unit");
		_cleanup_buf_ struct buf name = BUF_INIT, value = BUF_INIT;

		escape_text(&name, names[i], MIN_OF(strlen(names[i]), (size_t)MAX_WORD), false);
		document_show_unit(&value, document_value(f), unit ? unit : "");
		table_row(t);
		table_text(t, CELL_PLAIN, buf_str(&name));
		table_text(t, CELL_STRONG, buf_str(&value));
		add_spread(t, f);
	}
	table_indented(t, p->out, p->color, p->width);
}

/* What was found, and what to do about it. */
static void add_finding(struct page *p, const char *name)
{
	const json_t *s = json_at(p->doc, "sections", name, NULL);
	_cleanup_buf_ struct buf shown = BUF_INIT, text = BUF_INIT;
	struct mark m = mark_of(s);
	bool skipped = m.style == CELL_DIM;

	escape_text(&shown, name, MIN_OF(strlen(name), (size_t)MAX_WORD), false);
	add_styled(p, m.style, m.mark);
	buf_addc(p->out, ' ');
	add_styled(p, CELL_STRONG, buf_str(&shown));
	buf_adds(p->out, skipped ? ": skipped: " : ": ");
	add_wrapped(p, text_of(&text, s, "text", MAX_TEXT),
		text_width(buf_str(&shown)) + (skipped ? 13 : 4));
	if (*text_of(&text, s, "remedy", MAX_TEXT)) {
		buf_adds(p->out, "  ");
		add_styled(p, CELL_DIM, "→ ");
		add_wrapped(p, buf_str(&text), 4);
	}
}

static void add_section(struct page *p, const char *name)
{
	add_finding(p, name);
	if (mark_of(json_at(p->doc, "sections", name, NULL)).style != CELL_DIM) {
		add_figures(p, name);
		document_print_section(p->doc, name, p->out);
	}
	buf_addc(p->out, '\n');
}

/* ---- thresholds ---- */

static void add_threshold_value(struct table *t, const json_t *o)
{
	_cleanup_buf_ struct buf value = BUF_INIT, word = BUF_INIT;
	const char *unit = json_str(o, "unit");
	double number = document_number(o, "value");
	bool passed = is(o, "state", "passed");

	if (isfinite(number))
		document_show_unit(&value, number, unit ? unit : "");
	table_text(t, passed ? CELL_PLAIN : CELL_BAD,
		isfinite(number) ? buf_str(&value) : "not measured");
	table_text(t, passed ? CELL_GOOD : CELL_BAD, text_of(&word, o, "state", MAX_WORD));
}

static void add_thresholds(struct page *p)
{
	static const struct table_column columns[] = {
		{"text", "FAIL IF", false, false},
		{"value", "MEASURED", true, false},
		{"state", "STATE", false, false},
		{"source", "FROM", false, false},
		{0},
	};
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf text = BUF_INIT;
	const json_t *o;
	size_t i;

	json_array_foreach(json_arr(p->doc, "thresholds"), i, o)
	{
		if (i >= MAX_ROWS)
			break;
		table_row(t);
		table_text(t, CELL_PLAIN, text_of(&text, o, "text", MAX_TEXT));
		add_threshold_value(t, o);
		table_text(t, CELL_DIM, text_of(&text, o, "source", MAX_WORD));
	}
	if (!table_rows(t))
		return;
	add_styled(p, CELL_STRONG, "thresholds");
	buf_addc(p->out, '\n');
	table_indented(t, p->out, p->color, p->width);
	buf_addc(p->out, '\n');
}

/* ---- comparison ---- */

static enum cell_style verdict_style(const json_t *f)
{
	if (is(f, "verdict", "worse"))
		return CELL_BAD;
	if (is(f, "verdict", "better"))
		return CELL_GOOD;
	return is(f, "verdict", "unjudged") ? CELL_DIM : CELL_PLAIN;
}

static void number_cell(struct table *t, const json_t *o, const char *key, const char *unit)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	double n = document_number(o, key);

	if (isfinite(n))
		document_show_unit(&text, n, unit);
	table_text(t, CELL_PLAIN, isfinite(n) ? buf_str(&text) : NULL);
}

static void add_compared(struct page *p, const json_t *list)
{
	static const struct table_column columns[] = {
		{"figure", "FIGURE", false, false},
		{"before", "BEFORE", true, false},
		{"after", "NOW", true, false},
		{"ratio", "RATIO", true, false},
		{"noise", "NOISE", true, false},
		{"verdict", "VERDICT", false, false},
		{0},
	};
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool unjudged = false;
	const json_t *f;
	size_t i;

	json_array_foreach(list, i, f)
	{
		const char *unit = json_str(f, "unit") ? json_str(f, "unit") : "";

		if (i >= MAX_ROWS)
			break;
		unjudged |= is(f, "verdict", "unjudged");
		table_row(t);
		table_text(t, CELL_PLAIN, text_of(&text, f, "figure", 2 * MAX_WORD));
		number_cell(t, f, "before", unit);
		number_cell(t, f, "after", unit);
		number_cell(t, f, "ratio", "");
		number_cell(t, f, "noise", unit);
		table_text(t, verdict_style(f), text_of(&text, f, "verdict", MAX_WORD));
	}
	if (!table_rows(t))
		buf_adds(p->out, "  no figure in common\n");
	table_indented(t, p->out, p->color, p->width);
	if (unjudged)
		add_styled(p, CELL_DIM,
			"  unjudged: fewer than 3 rounds in one of the runs, or no better and "
			"worse\n");
}

static void add_comparison(struct page *p)
{
	const json_t *c = json_obj(p->doc, "comparison"), *with = json_obj(c, "with"), *d;
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t i;

	if (!c)
		return;
	add_styled(p, CELL_STRONG, "compared");
	buf_addf(p->out, " with the run of %s", text_of(&text, with, "started", MAX_WORD));
	if (*text_of(&text, with, "cluster", MAX_WORD))
		buf_addf(p->out, " on %s", buf_str(&text));
	buf_addc(p->out, '\n');
	json_array_foreach(json_arr(c, "differs"), i, d)
	{
		const char *s = json_string_value(d);

		buf_clear(&text);
		if (!s || i >= MAX_ROWS)
			continue;
		escape_text(&text, s, MIN_OF(strlen(s), (size_t)MAX_TEXT), false);
		add_styled(p, CELL_WARN, "  ! not the same: ");
		add_wrapped(p, buf_str(&text), 18);
	}
	add_compared(p, json_arr(c, "figures"));
	buf_addc(p->out, '\n');
}

/* ---- the end ---- */

static size_t count_states(const json_t *doc, bool skipped)
{
	_cleanup_free_ const char **names = NULL;
	size_t n = document_sections(doc, &names), found = 0;

	for (size_t i = 0; i < n; i++)
		found += (mark_of(json_at(doc, "sections", names[i], NULL)).style == CELL_DIM) ==
			 skipped;
	return found;
}

static void add_verdict(struct page *p)
{
	bool failed = is(p->doc, "verdict", "failed"), warned = is(p->doc, "verdict", "warning");
	size_t measured = count_states(p->doc, false), skipped = count_states(p->doc, true);
	size_t total = json_array_size(json_arr(p->doc, "thresholds")), i, passed = 0;
	double seconds = document_number(p->doc, "seconds");
	json_t *t;

	json_array_foreach(json_arr(p->doc, "thresholds"), i, t) passed += is(t, "state", "passed");
	add_styled(p,
		failed   ? CELL_BAD
		: warned ? CELL_WARN
			 : CELL_GOOD,
		failed   ? "failed"
		: warned ? "warning"
			 : "ok");
	buf_addf(p->out, ": %zu section%s measured", measured, measured == 1 ? "" : "s");
	if (skipped)
		buf_addf(p->out, ", %zu skipped", skipped);
	if (total)
		buf_addf(p->out, ", %zu of %zu threshold%s passed", passed, total,
			total == 1 ? "" : "s");
	if (isfinite(seconds) && seconds >= 0 && seconds < 1e7) {
		buf_adds(p->out, " (");
		clock_format(p->out, (usec_t)(seconds * 1e6));
		buf_addc(p->out, ')');
	}
	buf_addc(p->out, '\n');
}

void bench_print_verdict(const json_t *doc, struct buf *out, bool color, size_t width)
{
	struct page p = {.doc = doc, .out = out, .color = color, .width = width};
	_cleanup_free_ const char **names = NULL;
	size_t n = document_sections(doc, &names);

	for (size_t i = 0; i < n; i++)
		add_finding(&p, names[i]);
	buf_addc(out, '\n');
	add_thresholds(&p);
	add_verdict(&p);
}

void bench_print(const json_t *doc, struct buf *out, bool color, size_t width)
{
	struct page p = {.doc = doc, .out = out, .color = color, .width = width};
	_cleanup_free_ const char **names = NULL;
	size_t n = document_sections(doc, &names);

	for (size_t i = 0; i < n; i++)
		add_section(&p, names[i]);
	bench_cost_print(doc, out, color, width);
	add_thresholds(&p);
	add_comparison(&p);
	add_verdict(&p);
}
