/* What the parts of the report share: values from the document, text, numbers and marks. */
#include "probe/report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"

/* ---- from the document ---- */

double page_num(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

bool page_next(const json_t *o, const char *key, size_t max, size_t *at, const json_t **ret)
{
	const json_t *list = json_arr(o, key);

	for (; *at < json_array_size(list) && *at < max; (*at)++)
		if (json_is_object(json_array_get(list, *at))) {
			*ret = json_array_get(list, (*at)++);
			return true;
		}
	return false;
}

size_t page_count(const json_t *o, const char *key, size_t max)
{
	const json_t *item;
	size_t n = 0, at = 0;

	while (page_next(o, key, max, &at, &item))
		n++;
	return n;
}

double page_figure(const json_t *section, const char *name)
{
	return page_num(json_obj(json_obj(section, "figures"), name), "value");
}

const json_t *page_section(const json_t *doc, const char *name)
{
	return json_obj(json_obj(doc, "sections"), name);
}

bool page_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* ---- text ---- */

void page_clip(struct buf *out, const char *s, size_t columns)
{
	_cleanup_buf_ struct buf cut = BUF_INIT;

	if (!s || !*s) {
		buf_adds(out, "–");
		return;
	}
	text_clip(&cut, s, columns);
	quote_xml(out, buf_str(&cut));
}

void page_text(struct buf *out, const char *s)
{
	page_clip(out, s, PAGE_TEXT);
}

/* ---- numbers ---- */

/* Digits in threes, a narrow blank that does not break between them. */
static void add_grouped(struct buf *out, const char *digits)
{
	size_t n = strspn(digits, "0123456789");

	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			buf_adds(out, "\u202f");
		buf_addc(out, digits[i]);
	}
	buf_adds(out, digits + n);
}

/* "0.820" becomes "0.82", "5.00" becomes "5". */
static void strip_zeros(char *digits)
{
	char *end = digits + strlen(digits);

	if (!strchr(digits, '.'))
		return;
	while (end[-1] == '0')
		*--end = 0;
	if (end[-1] == '.')
		end[-1] = 0;
}

static void add_number(struct buf *out, double value, bool strip)
{
	double size = fabs(value);
	char digits[64];
	int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;

	if (!isfinite(value)) {
		buf_adds(out, "–");
		return;
	}
	if (size >= 1e15 || (size > 0 && size < 5e-4)) {
		buf_addf(out, "%.2e", value);
		return;
	}
	if (size == trunc(size))
		decimals = 0;
	snprintf(digits, sizeof(digits), "%.*f", decimals, size);
	if (strip)
		strip_zeros(digits);
	if (value < 0)
		buf_adds(out, "\u2212");
	add_grouped(out, digits);
}

void page_number(struct buf *out, double value)
{
	add_number(out, value, false);
}

static const char *unit_for_people(const char *unit)
{
	static const struct {
		const char *unit, *shown;
	} units[] = {{"us", "µs"}, {"1/s", "/s"}, {"count", ""}, {"ratio", "×"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(unit, units[i].unit) == 0)
			return units[i].shown;
	return unit;
}

void page_value(struct buf *out, double value, const char *unit)
{
	add_number(out, value, true);
	if (!unit || !isfinite(value) || !*unit_for_people(unit))
		return;
	buf_adds(out, "<span class=\"unit\">\u202f");
	page_clip(out, unit_for_people(unit), 12);
	buf_adds(out, "</span>");
}

void page_more(struct buf *out, size_t all, size_t shown)
{
	if (all > shown)
		buf_addf(out, "<p class=\"note\">… and %zu more, which the document has.</p>\n",
			all - shown);
}

/* ---- marks ---- */

enum tone page_tone(const char *state)
{
	static const struct {
		const char *word;
		enum tone tone;
	} words[] = {
		{"ok", TONE_OK},
		{"passed", TONE_OK},
		{"warning", TONE_WARNING},
		{"failed", TONE_FAILED},
		{"exceeded", TONE_FAILED},
	};

	for (size_t i = 0; state && i < ARRAY_SIZE(words); i++)
		if (strcmp(state, words[i].word) == 0)
			return words[i].tone;
	return TONE_NONE;
}

enum tone page_verdict_tone(const char *verdict)
{
	static const struct {
		const char *word;
		enum tone tone;
	} words[] = {
		{"ok", TONE_OK},
		{"NVMe-class", TONE_OK},
		{"SSD-class", TONE_OK},
		{"disk-class", TONE_WARNING},
		{"throttled", TONE_FAILED},
		{"no durability", TONE_FAILED},
		{"stolen", TONE_WARNING},
		{"effect", TONE_OK},
		{"better", TONE_OK},
		{"worse", TONE_FAILED},
	};

	for (size_t i = 0; verdict && i < ARRAY_SIZE(words); i++)
		if (strcmp(verdict, words[i].word) == 0)
			return words[i].tone;
	return TONE_NONE;
}

const char *page_class(enum tone tone)
{
	static const char *const classes[] = {"ok", "warning", "failed", "none"};

	return classes[tone];
}

void page_mark(struct buf *out, enum tone tone, const char *word)
{
	static const char *const signs[] = {"✓", "!", "✗", "–"};

	buf_addf(out, "<span class=\"mark %s\"><b aria-hidden=\"true\">%s</b> ", page_class(tone),
		signs[tone]);
	page_clip(out, word, PAGE_NAME);
	buf_adds(out, "</span>");
}
