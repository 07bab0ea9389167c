/* The query part of a URL: see query.h. */
#include "faas/common/query.h"

#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte at *@p of text that ends before @end; -1: broken. */
static int decode_one(const char **p, const char *end)
{
	int high, low;

	if (**p != '%')
		return *(*p)++ == '+' ? ' ' : (unsigned char)(*p)[-1];
	if (end - *p < 3)
		return -1;
	high = hex((*p)[1]);
	low = hex((*p)[2]);
	*p += 3;
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool decode(const char *text, size_t len, struct buf *out)
{
	_cleanup_buf_ struct buf plain = BUF_INIT;
	const char *p = text, *end = text + len;

	if (len > 3 * QUERY_MAX_VALUE)
		return false;
	while (p < end) {
		int c = decode_one(&p, end);

		if (c <= 0)
			return false;
		buf_addc(&plain, (char)c);
	}
	if (plain.len > QUERY_MAX_VALUE)
		return false;
	buf_add(out, buf_str(&plain), plain.len);
	return true;
}

bool query_get(const char *query, const char *key, struct buf *out)
{
	size_t n = strlen(key);

	for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&')
		if (!strncmp(p, key, n) && p[n] == '=')
			return decode(p + n + 1, strcspn(p + n + 1, "&"), out);
	return false;
}
