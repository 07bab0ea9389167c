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

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void encode(const char *alphabet, const void *data, size_t len, struct buf *out)
{
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

void base64_encode(const void *data, size_t len, struct buf *out)
{
	encode(ALNUM "+/", data, len, out);
}

void base64url_encode(const void *data, size_t len, struct buf *out)
{
	encode(ALNUM "-_", data, len, out);
}
