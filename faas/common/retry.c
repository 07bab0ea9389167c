/* A function's own wishes for retries: see retry.h. */
#include "faas/common/retry.h"

#include <stdlib.h>

#include "lib/base/macro.h"

bool retry_parse_codes(const char *text, struct retry *r)
{
	unsigned short codes[RETRY_MAX_CODES];
	size_t n = 0;

	for (const char *p = text;; p++) {
		char *end;
		unsigned long code;

		while (*p == ' ')
			p++;
		if (*p < '0' || *p > '9' || n == ARRAY_SIZE(codes))
			return false;
		code = strtoul(p, &end, 10);
		if (code < 100 || code > 599)
			return false;
		codes[n++] = (unsigned short)code;
		while (*end == ' ')
			end++;
		p = end;
		if (!*p)
			break;
		if (*p != ',')
			return false;
	}
	memcpy(r->codes, codes, n * sizeof(*codes));
	r->codes_n = n;
	return true;
}

void retry_print_codes(const struct retry *r, struct buf *out)
{
	for (size_t i = 0; i < r->codes_n; i++)
		buf_addf(out, "%s%u", i ? "," : "", r->codes[i]);
}

bool retry_wants(const struct retry *r, int status)
{
	for (size_t i = 0; i < r->codes_n; i++)
		if (r->codes[i] == status)
			return true;
	return !r->codes_n && (status == 429 || status >= 500 || status < 200);
}
