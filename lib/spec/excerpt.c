/*
 * Drawing the source line under a message.  A line becomes a row of cells, one per character, each
 * with the columns it takes on a terminal: so the caret stands right below tabs, wide characters,
 * bytes that had to be escaped and parts that had to be masked; and a long line can be cut to the
 * part around the caret.
 */
#include "lib/spec/excerpt.h"

#include "lib/base/quote.h"
#include "lib/base/width.h"

enum {
	MAX_LINE = 4096, /* nobody wrote a longer line by hand: it is not shown */
	ROOM = 100,      /* columns for the line */
	BEFORE = 60,     /* of these, at most that many left of the caret when it is cut */
};

struct cell {
	const char *s; /* borrowed from the source */
	unsigned char len, width;
	bool masked;
};

struct row {
	struct cell cells[MAX_LINE];
	int column[MAX_LINE + 1]; /* where each cell begins; set by row_measure() */
	size_t n;
};

static void row_split(struct row *row, const char *s, size_t len)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	row->n = 0;
	while (len) {
		struct cell *cell = &row->cells[row->n++];
		uint32_t c = 0;
		size_t n = utf8_decode(s, len, &c);

		buf_clear(&shown);
		escape_text(&shown, s, n ? n : 1, false);
		*cell = (struct cell){.s = s, .len = (unsigned char)(n ? n : 1)};
		cell->width = (unsigned char)text_width(buf_str(&shown));
		s += cell->len;
		len -= cell->len;
	}
}

static char at(const struct row *row, size_t i)
{
	return i < row->n ? *row->cells[i].s : '\0';
}

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* Is the text before the ':' at @colon a key that looks like a secret's? */
static bool secret_key(const struct row *row, size_t colon)
{
	size_t end = colon, begin;

	while (end > 0 && strchr(" \"'", at(row, end - 1)))
		end--;
	for (begin = end; begin > 0 && in_name(at(row, begin - 1));)
		begin--;
	return diag_secret_name(row->cells[begin].s, end - begin);
}

/* References are no secrets: seeing them helps. */
static bool is_reference(const struct row *row, size_t i)
{
	static const char *const kinds[] = {"env:", "file:", "cmd:"};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t n = strlen(kinds[k]), j = 0;

		while (j < n && at(row, i + j) == kinds[k][j])
			j++;
		if (j == n)
			return true;
	}
	return false;
}

/* Behind the closing quote at @i: does a value end there, as it must? */
static bool ends_value(const struct row *row, size_t i)
{
	do
		i++;
	while (at(row, i) == ' ' || at(row, i) == '\t');
	return i >= row->n || strchr(",}]#", at(row, i));
}

/* Mask the value that follows the ':' at @colon; the place behind it. */
static size_t mask_value(struct row *row, size_t colon)
{
	size_t i = colon + 1;
	char quote = '\0';

	while (at(row, i) == ' ' || at(row, i) == '\t')
		i++;
	if (at(row, i) == '"' || at(row, i) == '\'')
		quote = at(row, i);
	if (is_reference(row, i + (quote ? 1 : 0)))
		return i;
	for (size_t begin = i; i < row->n; i++) {
		char c = at(row, i);

		if (!quote && (c == ',' || c == '}' || (c == '#' && at(row, i - 1) == ' ')))
			break;
		row->cells[i].masked = true;
		if (quote && c == quote && i > begin && ends_value(row, i))
			break;
	}
	return i;
}

/* "password hunter2": a line that begins with such a key and lacks its ':'. */
static void mask_bare_line(struct row *row)
{
	size_t begin = 0, end;

	while (at(row, begin) && strchr(" \t-\"'", at(row, begin)))
		begin++;
	for (end = begin; in_name(at(row, end));)
		end++;
	if (begin == end || !diag_secret_name(row->cells[begin].s, end - begin))
		return;
	while (at(row, end) && strchr(" \"'", at(row, end)))
		end++;
	if (at(row, end) == ':')
		return;
	for (; end < row->n; end++)
		row->cells[end].masked = true;
}

/* Textually, because a line with a syntax error may never have been understood. */
static void mask_by_name(struct row *row)
{
	mask_bare_line(row);
	for (size_t i = 0; i < row->n;) {
		if (at(row, i) == ':' && secret_key(row, i))
			i = mask_value(row, i);
		else
			i++;
	}
}

static void mask_by_span(struct row *row, const struct diag *d, int line)
{
	for (size_t k = 0; k < d->n_masks; k++) {
		struct yaml_span m = d->masks[k];
		size_t from = m.start.line < line ? 0 : (size_t)m.start.col - 1;
		size_t to = m.end.line > line ? row->n : MIN_OF((size_t)m.end.col - 1, row->n);

		if (m.start.line > line || m.end.line < line)
			continue;
		for (size_t i = from; i < to; i++)
			row->cells[i].masked = true;
	}
}

/* A masked run is drawn as one word of fixed length: not even its length is told. */
static const char mask_word[] = "********";

static void row_measure(struct row *row)
{
	row->column[0] = 0;
	for (size_t i = 0; i < row->n; i++) {
		int width = row->cells[i].width;

		if (row->cells[i].masked)
			width = i && row->cells[i - 1].masked ? 0 : (int)sizeof(mask_word) - 1;
		row->column[i + 1] = row->column[i] + width;
	}
}

static void draw_cells(struct buf *out, const struct row *row, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct cell *c = &row->cells[i];

		if (!c->masked)
			escape_text(out, c->s, c->len, false);
		else if (i == from || !row->cells[i - 1].masked)
			buf_adds(out, mask_word);
	}
}

static void draw_caret(struct buf *out, int column, int width)
{
	buf_addf(out, "      | %*s^", column, "");
	for (int i = 1; i < width; i++)
		buf_addc(out, '~');
	buf_addc(out, '\n');
}

/* The cells to show: all of a short line, else those around the caret. */
static void row_cut(const struct row *row, size_t caret, size_t *ret_from, size_t *ret_to)
{
	size_t from = 0, to;

	if (row->column[row->n] > ROOM)
		while (row->column[caret] - row->column[from] > BEFORE)
			from++;
	for (to = from; to < row->n && row->column[to + 1] - row->column[from] <= ROOM;)
		to++;
	/* A masked run is drawn at its first cell: do not begin inside one. */
	while (from > 0 && from < row->n && row->cells[from].masked && row->cells[from - 1].masked)
		from--;
	*ret_from = from;
	*ret_to = to;
}

void excerpt_draw(struct buf *out, const struct diag *d, const struct source_cursor *line,
	struct yaml_span where)
{
	size_t caret, end, from, to;
	struct row row;

	if (line->len > MAX_LINE)
		return;
	row_split(&row, line->text, line->len);
	mask_by_name(&row);
	mask_by_span(&row, d, line->line);
	row_measure(&row);
	caret = MIN_OF((size_t)where.start.col - 1, row.n);
	end = where.end.line == where.start.line ? MIN_OF((size_t)where.end.col - 1, row.n) : row.n;
	row_cut(&row, caret, &from, &to);
	end = MAX_OF(MIN_OF(end, to), caret);

	buf_addf(out, "%5d | %s", line->line, from ? "…" : "");
	draw_cells(out, &row, from, to);
	buf_rtrim(out);
	buf_adds(out, to < row.n ? "…\n" : "\n");
	draw_caret(out, row.column[caret] - row.column[from] + (from ? 1 : 0),
		row.column[end] - row.column[caret]);
}
