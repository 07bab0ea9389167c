/* Base64: see base64.h. */
#include "lib/base/base64.h"

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

/* @c62, @c63: the alphabet's last two. */
static void encode(const void *data, size_t len, char c62, char c63, struct buf *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		unsigned b = (unsigned)p[i] << 16 | (i + 1 < len ? (unsigned)p[i + 1] << 8 : 0) |
			     (i + 2 < len ? p[i + 2] : 0);

		for (size_t k = 0; k < 4; k++) {
			unsigned v = b >> (18 - 6 * k) & 63;

			if (k > 1 && i + k - 1 >= len)
				buf_addc(out, '=');
			else
				buf_addc(out, v < 62 ? alphabet[v] : v == 62 ? c62 : c63);
		}
	}
}

void base64_encode(const void *data, size_t len, struct buf *out)
{
	encode(data, len, '+', '/', out);
}

void base64url_encode(const void *data, size_t len, struct buf *out)
{
	encode(data, len, '-', '_', out);
}
