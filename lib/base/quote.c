/* Quoting for shells, terminals and JSON: see quote.h. */
#include "lib/base/quote.h"

/* Bytes that need no quotes in any shell.  A leading '-' or '~' is no concern of quoting. */
static bool sh_plain(const char *s)
{
	if (!*s)
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			   "_-./:@%+,")] == '\0';
}

void quote_sh(struct buf *out, const char *s)
{
	if (sh_plain(s)) {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}

/* Length of the well-formed UTF-8 sequence at @s (RFC 3629: no overlongs, no surrogates), or 0. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* C1 controls in UTF-8: U+0080 to U+009F.  A terminal may take U+009B for ESC [. */
static bool is_c1(const unsigned char *s, size_t n)
{
	return n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

/* Bidirectional overrides and isolates reorder what a person reads: U+202A-202E, U+2066-2069. */
static bool is_bidi(const unsigned char *s, size_t n)
{
	if (n != 3 || s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

/* Of a well-formed sequence of up to three bytes. */
static unsigned code_point(const unsigned char *s, size_t n)
{
	if (n == 1)
		return s[0];
	if (n == 2)
		return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	return (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
}

void escape_text(struct buf *out, const char *s, size_t len, bool keep_newlines)
{
	const unsigned char *p = (const unsigned char *)s;

	while (len) {
		size_t n = utf8_len(p, len);

		if (n == 1 && *p == '\n' && keep_newlines) {
			buf_addc(out, '\n');
		} else if (n == 1 && *p == '\n') {
			buf_adds(out, "\\n");
		} else if (n == 1 && *p == '\t') {
			buf_addc(out, ' ');
		} else if (n == 0 || (n == 1 && (*p < 0x20 || *p == 0x7f))) {
			buf_addf(out, "\\x%02x", *p);
			n = 1;
		} else if (is_c1(p, n) || is_bidi(p, n)) {
			for (size_t i = 0; i < n; i++)
				buf_addf(out, "\\x%02x", p[i]);
		} else {
			buf_add(out, p, n);
		}
		p += n;
		len -= n;
	}
}

void quote_json(struct buf *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t left = strlen(s);

	buf_addc(out, '"');
	while (left) {
		size_t n = utf8_len(p, left);

		if (n == 0) {
			buf_adds(out, "\xef\xbf\xbd");
			n = 1;
		} else if (*p == '"' || *p == '\\') {
			buf_addf(out, "\\%c", *p);
		} else if (*p == '\n') {
			buf_adds(out, "\\n");
		} else if (*p < 0x20 || *p == 0x7f || is_c1(p, n) || is_bidi(p, n)) {
			buf_addf(out, "\\u%04x", code_point(p, n));
		} else {
			buf_add(out, p, n);
		}
		p += n;
		left -= n;
	}
	buf_addc(out, '"');
}

void quote_xml(struct buf *out, const char *s)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;

	escape_text(&clean, s, strlen(s), false);
	for (const char *p = buf_str(&clean); *p; p++) {
		/* U+FFFE and U+FFFF: characters, but none of XML's. */
		if (!strncmp(p, "\xef\xbf\xbe", 3) || !strncmp(p, "\xef\xbf\xbf", 3)) {
			buf_adds(out, "\xef\xbf\xbd");
			p += 2;
			continue;
		}
		switch (*p) {
		case '&': buf_adds(out, "&amp;"); break;
		case '<': buf_adds(out, "&lt;"); break;
		case '>': buf_adds(out, "&gt;"); break;
		case '"': buf_adds(out, "&quot;"); break;
		default: buf_addc(out, *p);
		}
	}
}
