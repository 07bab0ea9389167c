/*
 * Inside probe/report: what the parts of the page share.  All that comes from the document is
 * escaped, cut to a length and bounded in number here, and a number that is none is a dash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/ext/json.h"

/* However large the document: no table and no line is longer. */
enum { PAGE_ROWS = 64, PAGE_NODES = 20, PAGE_POINTS = 600, PAGE_TEXT = 400, PAGE_NAME = 40 };

struct page {
	const json_t *doc, *earlier; /* objects; earlier may be NULL */
	struct buf *out;
};

/* One section of the document and the same of the earlier one. */
struct part {
	const struct page *page;
	const char *id;
	const json_t *section, *before; /* objects; before may be NULL */
	const json_t *detail;           /* NULL: none */
	struct buf *out;
};

/* ---- from the document ---- */

/* Member @key of @o as a number; NAN when absent or of another type. */
double page_num(const json_t *o, const char *key);
/* The items of array @o[@key] that are objects: *@ret is the next from *@at on; false at the end
 * or after @max. */
bool page_next(const json_t *o, const char *key, size_t max, size_t *at, const json_t **ret);
size_t page_count(const json_t *o, const char *key, size_t max);
/* The value of figure @name of a section; NAN when there is none. */
double page_figure(const json_t *section, const char *name);
/* Section @name of a document when it is an object; else NULL.  NULL @doc has none. */
const json_t *page_section(const json_t *doc, const char *name);
/* Are both texts there and the same? */
bool page_same(const char *a, const char *b);

/* ---- text and numbers ---- */

/* Append @s escaped, cut to PAGE_TEXT columns; NULL is a dash. */
void page_text(struct buf *out, const char *s);
/* The same, cut to @columns. */
void page_clip(struct buf *out, const char *s, size_t columns);
/* Append a number for people: about three digits, thousands apart; what is not finite is a dash.
 * For columns: "0.820" stands below "0.594". */
void page_number(struct buf *out, double value);
/* Append a number without needless zeros and the unit as people write it (NULL: none): "0.82 ms",
 * "6 974 /s", "31 µs". */
void page_value(struct buf *out, double value, const char *unit);
/* "and 12 more", when @all are more than @shown. */
void page_more(struct buf *out, size_t all, size_t shown);

/* ---- marks: a sign and a word, so that the colour says nothing alone ---- */

enum tone { TONE_OK, TONE_WARNING, TONE_FAILED, TONE_NONE };

/* What the word of a section or the verdict stands for. */
enum tone page_tone(const char *state);
/* What the verdict of a measurement ("NVMe-class", "effect", "stolen") or a comparison stands for.
 */
enum tone page_verdict_tone(const char *verdict);
const char *page_class(enum tone tone);
/* Append a mark of @tone with @word (escaped; NULL is a dash). */
void page_mark(struct buf *out, enum tone tone, const char *word);

/* ---- tables ---- */

struct column {
	const char *title; /* ours, not escaped */
	bool number;       /* flush right */
};
/* Rows are between table_open() and table_close(), cells between row_open() and row_close(). */
void table_open(struct buf *out, const char *class, const char *caption,
	const struct column *columns, size_t n);
void table_close(struct buf *out);
void row_open(struct buf *out, const char *head);
void row_close(struct buf *out);
void cell_text(struct buf *out, const char *s);
void cell_number(struct buf *out, double value);
void cell_value(struct buf *out, double value, const char *unit);
void cell_mark(struct buf *out, enum tone tone, const char *word);

/* ---- parts of the page, in its order; what is missing writes nothing ---- */

void report_head(const struct page *p);
void report_unwell(const struct page *p);
void report_thresholds(const struct page *p);
void report_comparison(const struct page *p);
void report_topology(const struct page *p);
void report_sections(const struct page *p);
void report_cost(const struct page *p);
void report_environment(const struct page *p);

/* The plot of report_cost(); nothing when it has none. */
void report_cost_chart(const struct page *p, const json_t *cost);

/* The details of sections. */
void report_http(const struct part *p);
void report_http_charts(const struct part *p);
void report_cold(const struct part *p);
void report_async(const struct part *p);
void report_disk(const struct part *p);
void report_cpu(const struct part *p);
void report_network(const struct part *p);
void report_redis(const struct part *p);
void report_tuning(const struct part *p);

/* The figures of a section side by side, and all their rounds folded away below. */
void report_figures(const struct part *p);
void report_rounds(const struct part *p);
/* Each section's figure that says most, and its words; NULL name: none. */
const char *report_headline(const char *section, const char **ret_words);
/* "fdatasync p99" for "fdatasync_p99": escaped. */
void report_figure_name(struct buf *out, const char *name);
