/* Reader of the table's text: see table.h. */
#include "faas/nginx/table.h"

#include <string.h>

/* One line, cut into its first word and the rest. */
struct line {
	const char *at, *end;
};

void table_open(struct table_reader *t, const char *text, size_t len)
{
	*t = (struct table_reader){.at = text, .end = text + len};
}

static enum table_kind bad(struct table_reader *t, const char *problem)
{
	t->problem = problem;
	t->at = t->end = NULL;
	return TABLE_BAD;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int is_alnum(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

int table_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;

	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return lower(a[i]) < lower(b[i]) ? -1 : 1;
	return a_len == b_len ? 0 : a_len < b_len ? -1 : 1;
}

/* Takes @word off the line's front. */
static int take(struct line *l, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(l->end - l->at) < n || memcmp(l->at, word, n))
		return 0;
	l->at += n;
	return 1;
}

/* Takes a decimal number up to @max off the line's front; without leading zeros. */
static int take_number(struct line *l, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;
	const char *p = l->at;

	while (p < l->end && is_digit(*p) && n <= max)
		n = n * 10 + (uint64_t)(*p++ - '0');
	if (p == l->at || n > max || (*l->at == '0' && p > l->at + 1))
		return 0;
	l->at = p;
	*ret = (uint32_t)n;
	return 1;
}

/* As the daemon's name_is_function(). */
static int take_name(struct line *l, const char **ret, size_t *ret_len)
{
	const char *p = l->at;

	while (p < l->end && (is_alnum(*p) || *p == '-' || *p == '_'))
		p++;
	if (p == l->at || p - l->at > TABLE_NAME_MAX || !is_alnum(*l->at) || !is_alnum(p[-1]))
		return 0;
	*ret = l->at;
	*ret_len = (size_t)(p - l->at);
	l->at = p;
	return 1;
}

static int take_address(struct line *l, uint32_t *ret)
{
	uint32_t address = 0, part;

	for (int i = 0; i < 4; i++) {
		if ((i && !take(l, ".")) || !take_number(l, 255, &part))
			return 0;
		address = address << 8 | part;
	}
	*ret = address;
	return 1;
}

static enum table_kind read_function(struct table_reader *t, struct line *l)
{
	const char *name = NULL;
	size_t len = 0;

	if (!take_name(l, &name, &len) || !take(l, " ") ||
		!take_number(l, TABLE_MAX_TIMEOUT_MS, &t->timeout_ms) || l->at != l->end)
		return bad(t, "malformed function");
	if (t->functions && table_compare(t->name, t->name_len, name, len) >= 0)
		return bad(t, "functions are not in order");
	if (t->functions++ == TABLE_MAX_FUNCTIONS)
		return bad(t, "too many functions");
	t->name = name;
	t->name_len = len;
	t->address = 0;
	t->port = 0;
	return TABLE_FUNCTION;
}

static enum table_kind read_task(struct table_reader *t, struct line *l)
{
	uint32_t address = 0, port = 0;

	if (!t->functions)
		return bad(t, "a task without a function");
	if (!take_address(l, &address) || !take(l, ":") || !take_number(l, 65535, &port) || !port ||
		l->at != l->end)
		return bad(t, "malformed task");
	if (address < t->address || (address == t->address && port <= t->port))
		return bad(t, "tasks are not in order");
	if (t->tasks++ == TABLE_MAX_TASKS)
		return bad(t, "too many tasks");
	t->address = address;
	t->port = (uint16_t)port;
	return TABLE_TASK;
}

enum table_kind table_next(struct table_reader *t)
{
	const char *newline = t->at < t->end ? memchr(t->at, '\n', (size_t)(t->end - t->at)) : NULL;
	struct line l = {t->at, newline};

	t->line++;
	if (!newline)
		return bad(t, "the text ends early");
	t->at = newline + 1;
	if (!t->headed) {
		t->headed = 1;
		if (!take(&l, TABLE_HEAD) || l.at != l.end)
			return bad(t, "not a table of this version");
		return table_next(t);
	}
	if (take(&l, "function "))
		return read_function(t, &l);
	if (take(&l, "task "))
		return read_task(t, &l);
	if (!take(&l, "end") || l.at != l.end)
		return bad(t, "unknown line");
	if (t->at != t->end)
		return bad(t, "text after the end");
	t->at = t->end = NULL;
	return TABLE_END;
}
