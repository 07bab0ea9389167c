/* Base64 decoding: see base64.h. */
#include "lib/base/base64.h"

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *text, char *out)
{
	unsigned bits = 0;
	ssize_t n = 0;
	int have = 0;

	for (; *text && *text != '='; text++) {
		int v = value_of(*text);

		if (v < 0)
			return -1;
		bits = (bits << 6 | (unsigned)v) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}
