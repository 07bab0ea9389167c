/*
 * The answers' parser: see response.h.  It works line by line in the reader's own buffer; only a
 * line that is broken over two pieces is copied.  Of every line the first RESPONSE_LINE bytes
 * count, however it is cut, so that the outcome does not depend on how the network cuts.
 */
#include "probe/load/response.h"

#include <string.h>
#include <strings.h>

#include "lib/base/macro.h"

struct line {
	const char *text;
	size_t len;
	bool cut; /* there was more of it */
};

void response_begin(struct response *r, bool head)
{
	memset(r, 0, offsetof(struct response, line));
	r->bodiless = head;
}

/* The next line out of @data, without its end; false when it is not complete yet.  *@ret_used says
 * how much of @data is spent in either case. */
static bool next_line(
	struct response *r, const char *data, size_t len, size_t *ret_used, struct line *ret)
{
	const char *end = memchr(data, '\n', len);
	size_t n = end ? (size_t)(end - data) : len;

	*ret_used = end ? n + 1 : n;
	if (!end || r->line_len) {
		if (r->line_len < RESPONSE_LINE)
			memcpy(r->line + r->line_len, data, MIN_OF(n, RESPONSE_LINE - r->line_len));
		r->line_len += n;
		if (!end)
			return false;
		data = r->line;
		n = r->line_len;
		r->line_len = 0;
	}
	ret->text = data;
	ret->cut = n > RESPONSE_LINE;
	ret->len = MIN_OF(n, (size_t)RESPONSE_LINE);
	if (!ret->cut && n && data[n - 1] == '\r')
		ret->len--;
	return true;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool read_status(struct response *r, const struct line *l)
{
	const char *s = l->text;

	if (l->len < 12 || memcmp(s, "HTTP/1.", 7) || (s[7] != '0' && s[7] != '1') || s[8] != ' ')
		return false;
	if (!digit(s[9]) || !digit(s[10]) || !digit(s[11]) || (l->len > 12 && s[12] != ' '))
		return false;
	r->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
	r->keep = s[7] == '1';
	return r->status >= 100 && r->status < 600 && r->status != 101;
}

static bool read_length(struct response *r, const struct line *value)
{
	uint64_t length = 0;

	for (size_t i = 0; i < value->len; i++)
		if (!digit(value->text[i]) || __builtin_mul_overflow(length, 10, &length) ||
			__builtin_add_overflow(length, (uint64_t)(value->text[i] - '0'), &length))
			return false;
	if (!value->len || (r->sized && r->left != length))
		return false;
	r->sized = true;
	r->left = length;
	return true;
}

/* Is @word among the comma-separated words of @list?  *@ret_last: is it the last one? */
static bool has_word(const struct line *list, const char *word, bool *ret_last)
{
	size_t at = 0;
	bool found = false;

	*ret_last = false;
	while (at < list->len) {
		const char *text = list->text + at;
		const char *comma = memchr(text, ',', list->len - at);
		size_t n = comma ? (size_t)(comma - text) : list->len - at;

		at += n + 1;
		while (n && blank(*text))
			text++, n--;
		while (n && blank(text[n - 1]))
			n--;
		*ret_last = n == strlen(word) && !strncasecmp(text, word, n);
		found = found || *ret_last;
	}
	return found;
}

static bool is(const struct line *name, const char *word)
{
	return name->len == strlen(word) && !strncasecmp(name->text, word, name->len);
}

static void read_connection(struct response *r, const struct line *value)
{
	bool last;

	if (has_word(value, "close", &last))
		r->keep = false;
	else if (has_word(value, "keep-alive", &last))
		r->keep = true;
}

static bool read_field(struct response *r, const struct line *name, const struct line *value)
{
	if (is(name, "Content-Length"))
		return !value->cut && read_length(r, value);
	if (is(name, "Transfer-Encoding")) {
		r->encoded = true;
		has_word(value, "chunked", &r->chunked);
		return !value->cut;
	}
	if (is(name, "Connection")) {
		read_connection(r, value);
		return !value->cut;
	}
	return true;
}

static bool read_header(struct response *r, const struct line *l)
{
	const char *colon = memchr(l->text, ':', l->len);
	struct line name, value;

	if (!colon)
		return l->cut && !blank(l->text[0]); /* a name as long as that is none of ours */
	name = (struct line){l->text, (size_t)(colon - l->text), false};
	value = (struct line){colon + 1, l->len - name.len - 1, l->cut};
	if (!name.len || blank(name.text[0]) || blank(name.text[name.len - 1]))
		return false;
	while (value.len && blank(value.text[0]))
		value.text++, value.len--;
	while (value.len && blank(value.text[value.len - 1]))
		value.len--;
	return read_field(r, &name, &value);
}

/* The head is complete: what follows? */
static enum response_state after_head(struct response *r)
{
	if (r->status < 200) { /* an interim answer: the real one follows */
		r->sized = r->encoded = r->chunked = false;
		r->left = 0;
		return RESPONSE_STATUS;
	}
	if (r->bodiless || r->status == 204 || r->status == 304)
		return RESPONSE_DONE;
	if (r->encoded) {
		r->keep = r->keep && r->chunked && !r->sized; /* RFC 9112 §6.1 */
		r->left = 0;
		return r->chunked ? RESPONSE_CHUNK_SIZE : RESPONSE_UNTIL_CLOSE;
	}
	if (!r->sized) {
		r->keep = false;
		return RESPONSE_UNTIL_CLOSE;
	}
	return r->left ? RESPONSE_SIZED : RESPONSE_DONE;
}

static int hex(char c)
{
	if (digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum response_state read_chunk_size(struct response *r, const struct line *l)
{
	uint64_t size = 0;
	size_t i = 0;

	while (i < l->len && hex(l->text[i]) >= 0) {
		if (size >> 60)
			return RESPONSE_BROKEN;
		size = size << 4 | (uint64_t)hex(l->text[i++]);
	}
	if (!i || l->cut || (i < l->len && l->text[i] != ';' && !blank(l->text[i])))
		return RESPONSE_BROKEN;
	r->left = size;
	return size ? RESPONSE_CHUNK : RESPONSE_TRAILERS;
}

static enum response_state read_line(struct response *r, const struct line *l)
{
	switch (r->state) {
	case RESPONSE_STATUS: return read_status(r, l) ? RESPONSE_HEADERS : RESPONSE_BROKEN;
	case RESPONSE_HEADERS:
		if (!l->len)
			return after_head(r);
		return read_header(r, l) ? RESPONSE_HEADERS : RESPONSE_BROKEN;
	case RESPONSE_CHUNK_SIZE: return read_chunk_size(r, l);
	case RESPONSE_CHUNK_END: return l->len ? RESPONSE_BROKEN : RESPONSE_CHUNK_SIZE;
	case RESPONSE_TRAILERS: return l->len ? RESPONSE_TRAILERS : RESPONSE_DONE;
	default: return RESPONSE_BROKEN;
	}
}

/* Can what has been gathered of a line still become a status line? */
static bool may_be_status(const struct response *r)
{
	return !memcmp(r->line, "HTTP/1.", MIN_OF(r->line_len, strlen("HTTP/1.")));
}

/* A line of the head or of the chunks' framing.  Returns what was used of @data. */
static size_t feed_line(struct response *r, const char *data, size_t len)
{
	bool framing = r->state == RESPONSE_CHUNK_SIZE || r->state == RESPONSE_CHUNK_END;
	struct line l = {0};
	size_t used;
	bool whole = next_line(r, data, len, &used, &l);

	r->head += framing ? 0 : used;
	if (r->head > RESPONSE_HEAD_MAX || (framing && r->line_len > RESPONSE_LINE))
		r->state = RESPONSE_BROKEN;
	else if (whole)
		r->state = read_line(r, &l);
	else if (r->state == RESPONSE_STATUS && !may_be_status(r))
		r->state = RESPONSE_BROKEN; /* a line's end may never come */
	return used;
}

/* Bytes of the body.  Returns what was used of @len. */
static size_t feed_body(struct response *r, size_t len)
{
	size_t n = r->state == RESPONSE_UNTIL_CLOSE ? len : (size_t)MIN_OF((uint64_t)len, r->left);

	r->body += n;
	if (r->state == RESPONSE_UNTIL_CLOSE)
		return n;
	r->left -= n;
	if (!r->left)
		r->state = r->state == RESPONSE_SIZED ? RESPONSE_DONE : RESPONSE_CHUNK_END;
	return n;
}

size_t response_feed(struct response *r, const char *data, size_t len)
{
	size_t used = 0;

	while (used < len && r->state < RESPONSE_DONE) {
		bool body = r->state == RESPONSE_SIZED || r->state == RESPONSE_CHUNK ||
			    r->state == RESPONSE_UNTIL_CLOSE;

		used += body ? feed_body(r, len - used) : feed_line(r, data + used, len - used);
	}
	return used;
}

bool response_end(struct response *r)
{
	if (r->state == RESPONSE_UNTIL_CLOSE)
		r->state = RESPONSE_DONE;
	return r->state == RESPONSE_DONE;
}
