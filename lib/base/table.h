/*
 * An answer made of rows: built once, shown as an aligned table to people or as JSON to programs.
 *
 *	struct table *t = table_new((const struct table_column[]){
 *		{"node", "NODE"}, {"changes", "CHANGES", .right = true}, {0}});
 *	table_row(t);
 *	table_text(t, CELL_PLAIN, "lab-1");
 *	table_number(t, CELL_GOOD, 0, 0);
 *
 * Cells are filled from left to right; a row may stop early (the rest is empty, JSON null).
 * Text must be harmless for a terminal already (escape_text); newlines in it become spaces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/macro.h"

/* What a cell says, shown as a colour where colours are wanted. */
enum cell_style {
	CELL_PLAIN,
	CELL_GOOD,
	CELL_WARN,
	CELL_BAD,
	CELL_DIM,
	CELL_STRONG,
};

struct table_column {
	const char *key;   /* member name in JSON; NULL ends the columns */
	const char *title; /* heading for people */
	bool right;        /* flush right */
	bool json_only;    /* left out of the table for people */
};

struct table;

/* @columns is borrowed until table_free(), up to its member without a key. */
struct table *table_new(const struct table_column *columns);
void table_free(struct table *t);
static inline void table_freep(struct table **t)
{
	table_free(*t);
}

/* Begin a row. */
void table_row(struct table *t);
/* Fill the next cell of the row.  NULL text is an empty cell, JSON null. */
void table_text(struct table *t, enum cell_style style, const char *text);
void table_textf(struct table *t, enum cell_style style, const char *fmt, ...) _printf_(3, 4);
/* @decimals digits after the point for people; JSON gets what %.15g makes of it, null when it is
 * not finite. */
void table_number(struct table *t, enum cell_style style, double value, int decimals);
/* "yes" or "no" for people. */
void table_bool(struct table *t, enum cell_style style, bool value);

size_t table_rows(const struct table *t);

/* Append the table with its headings, a newline after each row.  @width: columns of the terminal;
 * the last column of the table is clipped to fit, 0 for no limit. */
void table_render(const struct table *t, struct buf *out, bool color, size_t width);
/* The same, indented by two blanks; nothing when it has no rows. */
void table_indented(const struct table *t, struct buf *out, bool color, size_t width);
/* Append a JSON array of objects, no newline after it. */
void table_json(const struct table *t, struct buf *out);

/* The escape sequence that switches @style on; "" for CELL_PLAIN. Off is STYLE_OFF. */
const char *style_on(enum cell_style style);
#define STYLE_OFF "\033[0m"
