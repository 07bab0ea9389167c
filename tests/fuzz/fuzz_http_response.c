/* Feeds what a server may send to the load generator's parser: at once, in two pieces, byte by
 * byte. Whatever it is, all three must come to the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "probe/load/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct response *r, const char *data, size_t size, size_t piece, bool head)
{
	size_t at = 0;

	response_begin(r, head);
	while (at < size && r->state < RESPONSE_DONE) {
		size_t n = size - at < piece ? size - at : piece;
		size_t used = response_feed(r, data + at, n);

		if (used > n || (used < n && r->state < RESPONSE_DONE))
			abort();
		at += used;
	}
	if (r->state == RESPONSE_DONE && (r->status < 200 || r->status > 599))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	bool head = size && data[0] == '!'; /* as the answer to a HEAD */
	struct response whole, cut, bytes;

	text += head;
	size -= head;
	feed(&whole, text, size, size, head);
	feed(&cut, text, size, size / 2 + 1, head);
	feed(&bytes, text, size, 1, head);
	if (whole.state != cut.state || whole.status != cut.status || whole.body != cut.body)
		abort();
	if (whole.state != bytes.state || whole.status != bytes.status || whole.body != bytes.body)
		abort();
	if (whole.state == RESPONSE_DONE && (whole.keep != cut.keep || whole.keep != bytes.keep))
		abort();
	return 0;
}
