/* HTTP Basic authentication: see auth.h. */
#include "faas/gateway/auth.h"

static int value_of(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(const char *text, struct buf *out)
{
	size_t n = strlen(text);

	if (n % 4)
		return false;
	for (size_t i = 0; i < n; i += 4) {
		bool last = i + 4 == n;
		int pad = last ? (text[i + 3] == '=') + (text[i + 3] == '=' && text[i + 2] == '=')
			       : 0;
		unsigned bits = 0;

		for (int k = 0; k < 4; k++) {
			int v = k >= 4 - pad ? 0 : value_of((unsigned char)text[i + k]);

			if (v < 0)
				return false;
			bits = bits << 6 | (unsigned)v;
		}
		buf_addc(out, (char)(bits >> 16));
		if (pad < 2)
			buf_addc(out, (char)(bits >> 8));
		if (pad < 1)
			buf_addc(out, (char)bits);
	}
	return true;
}

void base64url_encode(const void *data, size_t len, struct buf *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		unsigned b = (unsigned)p[i] << 16 | (i + 1 < len ? (unsigned)p[i + 1] << 8 : 0) |
			     (i + 2 < len ? p[i + 2] : 0);

		buf_addc(out, alphabet[b >> 18 & 63]);
		buf_addc(out, alphabet[b >> 12 & 63]);
		buf_addc(out, i + 1 < len ? alphabet[b >> 6 & 63] : '=');
		buf_addc(out, i + 2 < len ? alphabet[b & 63] : '=');
	}
}

/* Compare without stopping early.  Walks the text that came from outside, so that the time tells
 * only what its sender knows. */
static bool same(const struct buf *given, const struct buf *wanted)
{
	const char *w = buf_str(wanted);
	volatile unsigned diff = given->len != wanted->len;

	for (size_t i = 0; i < given->len; i++)
		diff |= (unsigned char)given->data[i] ^
			(unsigned char)w[wanted->len ? i % wanted->len : 0];
	return diff == 0;
}

bool auth_matches(const char *header, const struct buf *user, const struct buf *password)
{
	_cleanup_(buf_wipe) struct buf given = BUF_INIT, wanted = BUF_INIT;

	if (!header || strncasecmp(header, "Basic ", 6) || strlen(header) > 8192)
		return false;
	header += 6 + strspn(header + 6, " ");
	if (!base64_decode(header, &given))
		return false;
	buf_add(&wanted, buf_str(user), user->len);
	buf_addc(&wanted, ':');
	buf_add(&wanted, buf_str(password), password->len);
	return same(&given, &wanted);
}
