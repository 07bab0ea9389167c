/* Headers of a request, one by one and in files: see header.h. */
#include "probe/load/header.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

/* RFC 9110, 5.6.2. */
static bool in_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

const char *header_fault(const char *s, size_t len, size_t *ret_at)
{
	size_t i = 0;

	while (i < len && in_name(s[i]))
		i++;
	*ret_at = i;
	if (!i)
		return "a header begins with its name, as in 'Accept: text/plain'";
	if (i == len || s[i] != ':')
		return "no ':' behind the header's name, as in 'Accept: text/plain'";
	for (; i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f) {
			*ret_at = i;
			return "a control character";
		}
	return NULL;
}

/* ---- files ---- */

/* The line of @text at @at, without its end; @at moves behind it.  False: there is none. */
static bool next_line(const struct buf *text, size_t *at, char **ret, size_t *ret_len)
{
	char *line = text->data + *at, *end;

	if (*at >= text->len)
		return false;
	end = memchr(line, '\n', text->len - *at);
	*ret = line;
	*ret_len = end ? (size_t)(end - line) : text->len - *at;
	*at += *ret_len + (end ? 1 : 0);
	if (*ret_len && line[*ret_len - 1] == '\r')
		--*ret_len;
	return true;
}

static bool passed_over(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i == len || line[0] == '#';
}

/* In UTF-8, of which what is none counts a byte at a time, more or less. */
static int characters(const char *s, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

static bool check(struct header_file *f)
{
	size_t at = 0, len, wrong_at;
	int number = 0;
	char *line;

	while (next_line(&f->text, &at, &line, &len)) {
		number++;
		if (passed_over(line, len))
			continue;
		f->wrong = header_fault(line, len, &wrong_at);
		if (f->wrong) {
			f->line = number;
			f->column = 1 + characters(line, wrong_at);
			return false;
		}
	}
	return true;
}

/* Make strings of the lines, where they stand. */
static void take(struct header_file *f)
{
	size_t at = 0, cap = 0, len;
	char *line;

	while (next_line(&f->text, &at, &line, &len)) {
		if (passed_over(line, len))
			continue;
		line[len] = '\0';
		xgrow(f->lines, f->n, cap);
		f->lines[f->n++] = line;
	}
}

int header_file_read(const char *path, struct header_file *ret, struct err *err)
{
	const bool in = !strcmp(path, "-");
	struct stat st;
	int r;

	buf_reserve(&ret->text, HEADER_FILE_MAX + 1); /* it never moves: no copy is left behind */
	r = buf_read_file(&ret->text, path, HEADER_FILE_MAX, err);
	if (r < 0)
		return r;
	ret->others_may_read = !in && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			       (st.st_mode & S_IROTH);
	if (!check(ret)) {
		_cleanup_buf_ struct buf name = BUF_INIT;

		path = in ? "standard input" : path;
		escape_text(&name, path, strlen(path), false);
		return err_set(err, -EINVAL, "%s:%d:%d: %s", buf_str(&name), ret->line, ret->column,
			ret->wrong);
	}
	take(ret);
	return 0;
}

void header_file_done(struct header_file *f)
{
	buf_wipe(&f->text);
	free(f->lines);
	*f = (struct header_file){0};
}
