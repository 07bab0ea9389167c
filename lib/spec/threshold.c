/* Reads thresholds and says what is wrong with them, to the column: see threshold.h. */
#include "lib/spec/threshold.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "lib/spec/suggest.h"
#include "lib/spec/values.h"

static const struct {
	const char *text;
	enum threshold_op op;
} ops[] = {{">=", ABOVE_OR_AT}, {"<=", BELOW_OR_AT}, {">", ABOVE}, {"<", BELOW}};

/* How units may be written, and what one is in the unit of figures. */
static const struct {
	const char *of;   /* unit of the figure */
	const char *word; /* unit of the threshold; "": none need be given */
	double factor;
} units[] = {
	{"ms", "ms", 1},
	{"ms", "s", 1e3},
	{"ms", "us", 1e-3},
	{"ms", "µs", 1e-3},
	{"us", "us", 1},
	{"us", "µs", 1},
	{"us", "ms", 1e3},
	{"us", "s", 1e6},
	{"%", "%", 1},
	{"%", "", 1},
	{"1/s", "/s", 1},
	{"1/s", "1/s", 1},
	{"1/s", "", 1},
	{"Mbit/s", "Mbit/s", 1},
	{"Mbit/s", "kbit/s", 1e-3},
	{"Mbit/s", "Gbit/s", 1e3},
	{"ratio", "", 1},
	{"count", "", 1},
};

struct reading {
	const char *text, *p;
	struct threshold_fault *fault;
	struct err *err;
};

/* Fail at @at, @len bytes long. */
static int wrong(struct reading *r, const char *at, size_t len, const char *fmt, ...)
	_printf_(4, 5);
static int wrong(struct reading *r, const char *at, size_t len, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (r->fault)
		*r->fault = (struct threshold_fault){(size_t)(at - r->text), len};
	return err_set(r->err, -EINVAL, "%s", buf_str(&text));
}

static void skip_blanks(struct reading *r)
{
	r->p += strspn(r->p, " \t");
}

/* ---- SECTION.FIGURE ---- */

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (is_word_char(s[n]))
		n++;
	return n;
}

/* Of the section's figures (@section NULL: of all sections) the one most like @typed. */
static const char *nearest(const char *section, size_t section_len, const char *typed, size_t len)
{
	const char *words[64];
	char copy[THRESHOLD_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < n_figure_names && n < ARRAY_SIZE(words); i++) {
		const struct figure_name *f = &figure_names[i];

		if (!section)
			words[n++] = f->section;
		else if (strlen(f->section) == section_len &&
			 !memcmp(f->section, section, section_len))
			words[n++] = f->name;
	}
	memcpy(copy, typed, len);
	copy[len] = '\0';
	return suggest(copy, words, n);
}

static int unknown_section(struct reading *r, const char *s, size_t len)
{
	const char *near = nearest(NULL, 0, s, len);

	if (near)
		return wrong(r, s, len, "no section is named '%.*s'; did you mean '%s'?", (int)len,
			s, near);
	return wrong(r, s, len,
		"no section is named '%.*s'; a threshold begins with SECTION.FIGURE, as in "
		"http.p99 > 50ms",
		(int)len, s);
}

static int unknown_figure(
	struct reading *r, const char *section, size_t section_len, const char *s, size_t len)
{
	const char *near = nearest(section, section_len, s, len);
	_cleanup_buf_ struct buf all = BUF_INIT;

	if (near)
		return wrong(r, s, len, "%.*s has no figure '%.*s'; did you mean '%s'?",
			(int)section_len, section, (int)len, s, near);
	for (size_t i = 0; i < n_figure_names; i++)
		if (strlen(figure_names[i].section) == section_len &&
			!memcmp(figure_names[i].section, section, section_len))
			buf_addf(&all, "%s%s", all.len ? ", " : "", figure_names[i].name);
	return wrong(r, s, len, "%.*s has no figure '%.*s'; it has %s", (int)section_len, section,
		(int)len, s, buf_str(&all));
}

static int take_figure(struct reading *r, const struct figure_name **ret)
{
	const char *section = r->p, *name;
	size_t section_len = word_len(section), len;

	if (!section_len)
		return wrong(
			r, section, 1, "a threshold begins with SECTION.FIGURE, as in http.p99");
	if (!figure_section(section, section_len))
		return unknown_section(r, section, section_len);
	if (section[section_len] != '.')
		return wrong(r, section + section_len, 1,
			"a figure of %.*s is missing, as in %.*s.%s", (int)section_len, section,
			(int)section_len, section, "FIGURE");
	name = section + section_len + 1;
	len = word_len(name);
	if (!len)
		return wrong(r, name, 1, "the name of a figure is missing");
	*ret = figure_find(section, section_len, name, len);
	if (!*ret)
		return unknown_figure(r, section, section_len, name, len);
	r->p = name + len;
	return 0;
}

/* ---- OP ---- */

static int take_op(struct reading *r, enum threshold_op *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		size_t len = strlen(ops[i].text);

		if (strncmp(r->p, ops[i].text, len))
			continue;
		if (r->p[len] == '=')
			break;
		*ret = ops[i].op;
		r->p += len;
		return 0;
	}
	return wrong(r, r->p, MAX_OF(strspn(r->p, "<>=!"), (size_t)1),
		"here one of > >= < <= is wanted");
}

/* ---- NUMBER[UNIT] ---- */

static int take_number(struct reading *r, double *ret)
{
	const char *s = r->p;
	size_t whole = strspn(s, "0123456789"), len = whole;
	char copy[32];

	if (s[len] == '.')
		len += 1 + strspn(s + len + 1, "0123456789");
	if (!whole || s[len - 1] == '.')
		return wrong(r, s, MAX_OF(len, (size_t)1), "a number is missing, as in 50 or 0.1");
	if (len >= sizeof(copy))
		return wrong(r, s, len, "this number has too many digits");
	memcpy(copy, s, len);
	copy[len] = '\0';
	*ret = strtod(copy, NULL);
	r->p += len;
	return 0;
}

static int wrong_unit(struct reading *r, const struct figure_name *f, const char *s, size_t len)
{
	_cleanup_buf_ struct buf known = BUF_INIT, typed = BUF_INIT, shown = BUF_INIT;
	bool may_lack = false;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].of, f->unit))
			continue;
		may_lack |= !*units[i].word;
		if (*units[i].word && strncmp(units[i].word, "µ", strlen("µ")))
			buf_addf(&known, "%s%s", known.len ? ", " : "", units[i].word);
	}
	if (!len)
		return wrong(r, s, 1, "the number needs a unit: %s", buf_str(&known));
	if (!known.len)
		return wrong(
			r, s, len, "%s.%s is a plain number, without a unit", f->section, f->name);
	buf_add(&typed, s, len);
	value_quote(&shown, buf_str(&typed));
	return wrong(r, s, len, "%s is no unit of %s.%s, which is given in %s%s", buf_str(&shown),
		f->section, f->name, buf_str(&known), may_lack ? " or without one" : "");
}

static int take_unit(struct reading *r, const struct figure_name *f, double *ret_factor)
{
	const char *s = r->p;
	size_t len = strlen(s);

	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].of, f->unit) || strlen(units[i].word) != len ||
			memcmp(units[i].word, s, len) != 0)
			continue;
		*ret_factor = units[i].factor;
		return 0;
	}
	return wrong_unit(r, f, s, len);
}

/* 0.05s are 50 ms, not 50.000000000000007: what was typed has no more than 12 digits that count. */
static double rounded(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.12g", value);
	return strtod(text, NULL);
}

static int check_text(struct reading *r)
{
	const char *p = r->text;

	if (strlen(p) > THRESHOLD_MAX)
		return wrong(r, p, THRESHOLD_MAX, "a threshold has at most %d characters",
			THRESHOLD_MAX);
	for (; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return wrong(r, p, 1, "a control character has no place in a threshold");
	return 0;
}

int threshold_parse(
	const char *text, struct threshold *ret, struct threshold_fault *ret_fault, struct err *err)
{
	struct reading in = {.text = text, .p = text, .fault = ret_fault, .err = err};
	struct threshold t = {0};
	double number = 0, factor = 1;
	int r = check_text(&in);

	if (r < 0)
		return r;
	skip_blanks(&in);
	if ((r = take_figure(&in, &t.figure)) < 0)
		return r;
	skip_blanks(&in);
	if ((r = take_op(&in, &t.op)) < 0)
		return r;
	skip_blanks(&in);
	if ((r = take_number(&in, &number)) < 0)
		return r;
	skip_blanks(&in);
	if ((r = take_unit(&in, t.figure, &factor)) < 0)
		return r;
	t.limit = rounded(number * factor);
	*ret = t;
	return 0;
}

bool threshold_exceeded(const struct threshold *t, double value)
{
	switch (t->op) {
	case ABOVE: return value > t->limit;
	case ABOVE_OR_AT: return value >= t->limit;
	case BELOW: return value < t->limit;
	case BELOW_OR_AT: return value <= t->limit;
	}
	return true;
}

void threshold_caret(const char *text, const struct threshold_fault *fault, struct buf *out)
{
	_cleanup_buf_ struct buf before = BUF_INIT, under = BUF_INIT;
	size_t len = strlen(text), at = MIN_OF(fault->at, len);

	escape_text(&before, text, at, false);
	escape_text(&under, text + at, MIN_OF(fault->len, len - at), false);
	buf_adds(out, "  ");
	escape_text(out, text, len, false);
	buf_adds(out, "\n  ");
	text_pad(out, text_width(buf_str(&before)));
	buf_addc(out, '^');
	for (size_t i = text_width(buf_str(&under)); i > 1; i--)
		buf_addc(out, '~');
}

const char *threshold_op_name(enum threshold_op op)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (ops[i].op == op)
			return ops[i].text;
	return "?";
}
