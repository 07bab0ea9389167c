/*
 * The document of `svarm bench`, read: it may come from a file that is old, partial or hostile, so
 * every member is looked at before it is used, and what has a wrong type counts as missing.
 * docs/bench.md says what it holds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/ext/json.h"

#define DOCUMENT_FORMAT "svarm-bench/1"
enum { DOCUMENT_MAX = 16 * 1024 * 1024 }; /* bytes */

/* *@ret is owned by the caller.  -EFBIG, -EBADMSG: it is no such document. */
int document_parse(const char *text, size_t len, json_t **ret, struct err *err) _must_check_;

/* Member @key as a finite number; NAN when there is none. */
double document_number(const json_t *o, const char *key);
/* The number for a document: whole ones exactly, as counts must be (json_print keeps six digits of
 * others); null when it is not finite.  Owned by the caller. */
json_t *document_real(double value);
/* Figure "SECTION.NAME" of the document, an object; NULL: not measured. */
const json_t *document_figure(const json_t *doc, const char *section, const char *name);
/* The value of a figure: what is shown, judged and compared.  NAN when there is none. */
double document_value(const json_t *figure);
/* The finite numbers of the array @key, at most DOCUMENT_ROUNDS.  *@ret is owned by the caller
 * (free); NULL when there are none. */
enum { DOCUMENT_ROUNDS = 1000 };
size_t document_rounds(const json_t *figure, double **ret);

/* The document's sections: those that this version knows in their order, then others.  *@ret is
 * owned by the caller (free), the names are borrowed from the document and raw. */
size_t document_sections(const json_t *doc, const char ***ret);
/* Of one section: its figures, in the order of the table (lib/spec/figure.h), then others. */
size_t document_figures(const json_t *doc, const char *section, const char ***ret);

/* To five digits that count, which is finer than anything measured here; counts stay exact. */
double document_round(double value, const char *unit);
/* Append @value as it is in the document, without an exponent unless it is absurd. */
void document_show(struct buf *out, double value);
/* Append it with its unit: "2.46 ms", "31200/s", "0.1 %", "3". */
void document_show_unit(struct buf *out, double value, const char *unit);

/* Set the verdict from sections and thresholds: the worst of them.  A run that measured nothing has
 * failed. */
void document_judge(json_t *doc);

/* Append the section's own lines for people (struct section's print); nothing when it has none. */
void document_print_section(const json_t *doc, const char *section, struct buf *out);
