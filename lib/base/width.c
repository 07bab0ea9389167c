/*
 * The width of text on a terminal: see width.h.  The C library knows the width of a character only
 * in the current locale, and an operator's may be plain "C" although the terminal speaks UTF-8, so
 * this file asks in a UTF-8 locale of its own.
 */
#include "lib/base/width.h"

#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void utf8_open(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* The character at @s; its length in bytes in *@ret_len (1 for a byte that starts no character). */
static uint32_t decode(const unsigned char *s, size_t *ret_len)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 2 ? s[0] & 0x1f : n == 3 ? s[0] & 0x0f : s[0] & 0x07;

	*ret_len = 1;
	if (n <= 1)
		return n ? s[0] : 0xfffd;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (s[i] & 0x3f);
	}
	*ret_len = n;
	return c;
}

/* Columns of the character at @s, in the locale set by the caller. */
static size_t char_width(const char *s, size_t *ret_len)
{
	uint32_t c = decode((const unsigned char *)s, ret_len);
	int w = c < 0x80 ? 1 : wcwidth((wchar_t)c);

	return w < 0 ? 1 : (size_t)w;
}

static locale_t enter(void)
{
	pthread_once(&utf8_once, utf8_open);
	return uselocale(utf8_locale ? utf8_locale : (locale_t)0);
}

size_t text_width(const char *s)
{
	locale_t before = enter();
	size_t width = 0, len;

	for (; *s && *s != '\n'; s += len)
		width += char_width(s, &len);
	uselocale(before);
	return width;
}

size_t text_clip(struct buf *out, const char *s, size_t columns)
{
	bool fits = text_width(s) <= columns;
	size_t room = fits ? columns : columns ? columns - 1 : 0;
	locale_t before = enter();
	size_t used = 0, len;

	for (; *s && *s != '\n'; s += len) {
		size_t w = char_width(s, &len);

		if (used + w > room)
			break;
		buf_add(out, s, len);
		used += w;
	}
	uselocale(before);
	if (fits || !columns)
		return used;
	buf_adds(out, "…");
	return used + 1;
}

void text_wrap(struct buf *out, const char *text, size_t columns, size_t at, size_t indent)
{
	size_t start = at; /* nothing but indentation before this column */

	while (*text) {
		size_t len = strcspn(text, " ");
		_cleanup_buf_ struct buf word = BUF_INIT;
		size_t width;

		buf_add(&word, text, len);
		width = text_width(word.data);
		if (at > start && at + 1 + width > columns) {
			buf_addc(out, '\n');
			text_pad(out, indent);
			at = start = indent;
		} else if (at > start) {
			buf_addc(out, ' ');
			at++;
		}
		buf_add(out, text, len);
		at += width;
		text += len;
		text += strspn(text, " ");
	}
}

void text_pad(struct buf *out, size_t n)
{
	while (n--)
		buf_addc(out, ' ');
}
