/* Answers made of rows, for people and for programs: see table.h. */
#include "lib/base/table.h"

#include <assert.h>
#include <math.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "lib/base/xalloc.h"

struct cell {
	enum cell_style style;
	char *text; /* for people; owned, NULL: empty */
	char *json; /* owned, NULL: the text as a string */
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n_columns;
	struct cell *cells; /* n_rows × n_columns */
	size_t n_rows, cap_rows;
	size_t next; /* column the next cell goes to */
};

struct table *table_new(const struct table_column *columns)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->columns = columns;
	while (columns[t->n_columns].key)
		t->n_columns++;
	t->next = t->n_columns;
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
		free(t->cells[i].text);
		free(t->cells[i].json);
	}
	free(t->cells);
	free(t);
}

static struct cell *cell_at(const struct table *t, size_t row, size_t column)
{
	return &t->cells[row * t->n_columns + column];
}

void table_row(struct table *t)
{
	if (t->n_rows == t->cap_rows) {
		t->cap_rows = t->cap_rows ? t->cap_rows * 2 : 8;
		t->cells = xreallocarray(t->cells, t->cap_rows, t->n_columns * sizeof(struct cell));
	}
	for (size_t i = 0; i < t->n_columns; i++)
		*cell_at(t, t->n_rows, i) = (struct cell){0};
	t->n_rows++;
	t->next = 0;
}

/* Both strings become the table's. */
static void put(struct table *t, enum cell_style style, char *text, char *json)
{
	struct cell *c;

	assert(t->n_rows && t->next < t->n_columns);
	c = cell_at(t, t->n_rows - 1, t->next++);
	*c = (struct cell){.style = style, .text = text, .json = json};
}

void table_text(struct table *t, enum cell_style style, const char *text)
{
	put(t, style, text ? xstrdup(text) : NULL, text ? NULL : xstrdup("null"));
}

void table_textf(struct table *t, enum cell_style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(t, style, xvasprintf(fmt, ap), NULL);
	va_end(ap);
}

void table_number(struct table *t, enum cell_style style, double value, int decimals)
{
	if (!isfinite(value))
		put(t, style, xstrdup("-"), xstrdup("null"));
	else
		put(t, style, xasprintf("%.*f", decimals, value), xasprintf("%.15g", value));
}

void table_bool(struct table *t, enum cell_style style, bool value)
{
	put(t, style, xstrdup(value ? "yes" : "no"), xstrdup(value ? "true" : "false"));
}

size_t table_rows(const struct table *t)
{
	return t->n_rows;
}

const char *style_on(enum cell_style style)
{
	switch (style) {
	case CELL_GOOD: return "\033[32m";
	case CELL_WARN: return "\033[33m";
	case CELL_BAD: return "\033[31m";
	case CELL_DIM: return "\033[2m";
	case CELL_STRONG: return "\033[1m";
	case CELL_PLAIN: break;
	}
	return "";
}

/* One line's worth of @text: a newline would break the table. */
static void one_line(struct buf *out, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		buf_addc(out, *p == '\n' ? ' ' : *p);
}

/* Append one cell, padded to @width, or clipped to it when @last. */
static void render_cell(struct buf *out, const char *text, enum cell_style style, bool right,
	size_t width, bool last)
{
	_cleanup_buf_ struct buf line = BUF_INIT, clipped = BUF_INIT;
	size_t used, pad;

	one_line(&line, text);
	used = text_clip(&clipped, buf_str(&line), width);
	pad = width - used;
	if (!used)
		style = CELL_PLAIN;
	if (right)
		text_pad(out, pad);
	buf_adds(out, style_on(style));
	buf_adds(out, buf_str(&clipped));
	if (*style_on(style))
		buf_adds(out, STYLE_OFF);
	if (!right && !last)
		text_pad(out, pad);
}

static size_t cell_width(const char *text)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	one_line(&line, text);
	return text_width(buf_str(&line));
}

/* Width of each column; the last one shown is cut to what @width leaves. */
static void measure(const struct table *t, size_t *widths, size_t last, size_t width)
{
	size_t before = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (t->columns[i].json_only)
			continue;
		widths[i] = cell_width(t->columns[i].title);
		for (size_t row = 0; row < t->n_rows; row++)
			widths[i] = MAX_OF(widths[i], cell_width(cell_at(t, row, i)->text));
		if (i != last)
			before += widths[i] + 2;
	}
	if (width && before + widths[last] > width)
		widths[last] = width > before + 8 ? width - before : 8;
}

/* Row @row, or the headings for -1. */
static void render_row(const struct table *t, struct buf *out, ssize_t row, const size_t *widths,
	size_t last, bool color)
{
	for (size_t i = 0; i <= last; i++) {
		const struct table_column *col = &t->columns[i];
		const struct cell *c = row < 0 ? NULL : cell_at(t, (size_t)row, i);
		enum cell_style style = c ? c->style : CELL_STRONG;

		if (col->json_only)
			continue;
		render_cell(out, c ? c->text : col->title, color ? style : CELL_PLAIN, col->right,
			widths[i], i == last);
		if (i != last)
			buf_adds(out, "  ");
	}
	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	buf_addc(out, '\n');
}

void table_render(const struct table *t, struct buf *out, bool color, size_t width)
{
	_cleanup_free_ size_t *widths = xcalloc(t->n_columns + 1, sizeof(*widths));
	size_t last = t->n_columns;

	while (last && t->columns[last - 1].json_only)
		last--;
	if (!last)
		return;
	last--;
	measure(t, widths, last, width);
	for (ssize_t row = -1; row < (ssize_t)t->n_rows; row++)
		render_row(t, out, row, widths, last, color);
}

void table_indented(const struct table *t, struct buf *out, bool color, size_t width)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!table_rows(t))
		return;
	table_render(t, &text, color, width > 26 ? width - 2 : 0);
	for (const char *s = buf_str(&text); *s; s += strcspn(s, "\n") + 1) {
		buf_adds(out, "  ");
		buf_add(out, s, strcspn(s, "\n"));
		buf_addc(out, '\n');
	}
}

void table_json(const struct table *t, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t row = 0; row < t->n_rows; row++) {
		buf_adds(out, row ? ",\n {" : "\n {");
		for (size_t i = 0; i < t->n_columns; i++) {
			const struct cell *c = cell_at(t, row, i);

			if (i)
				buf_adds(out, ", ");
			quote_json(out, t->columns[i].key);
			buf_adds(out, ": ");
			if (c->json)
				buf_adds(out, c->json);
			else if (c->text)
				quote_json(out, c->text);
			else
				buf_adds(out, "null");
		}
		buf_addc(out, '}');
	}
	buf_adds(out, t->n_rows ? "\n]" : "]");
}
