/* Feeds what may connect to where callbacks come to their parser: at once, in two pieces, byte by
 * byte.  Whatever it is, all three must come to the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/async/inbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t feed(struct inbound *in, const char *data, size_t size, size_t piece)
{
	size_t at = 0;

	inbound_begin(in);
	while (at < size && in->state == INBOUND_MORE) {
		size_t n = size - at < piece ? size - at : piece;
		size_t used = inbound_feed(in, data + at, n);

		if (used > n || (used < n && in->state == INBOUND_MORE))
			abort();
		at += used;
	}
	if (in->line_read && !memchr(in->path, '\0', sizeof(in->path)))
		abort();
	return at;
}

static void same(const struct inbound *a, const struct inbound *b)
{
	size_t kept = a->body_len < sizeof(a->body) ? (size_t)a->body_len : sizeof(a->body);

	if (a->state != b->state || a->function_status != b->function_status ||
		a->body_len != b->body_len || memcmp(a->body, b->body, kept))
		abort();
	if (a->line_read != b->line_read || (a->line_read && strcmp(a->path, b->path)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct inbound whole, cut, bytes;
	size_t used = feed(&whole, text, size, size);

	if (feed(&cut, text, size, size / 2 + 1) != used || feed(&bytes, text, size, 1) != used)
		abort();
	same(&whole, &cut);
	same(&whole, &bytes);
	return 0;
}
