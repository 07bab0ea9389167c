/*
 * Any text takes no more memory while it is parsed than lib/ext/json.h promises.  It is repeated
 * until it is long enough for the promise to matter.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/json_memory.h"

enum { ENOUGH = 16 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(const struct buf *text)
{
	size_t over = 0, max = text->len;

	while (json_memory_parse(buf_str(text), text->len, max, &over) == -E2BIG)
		max += max / 16 + 1;
	if (over)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	json_memory_count();
	buf_add(&text, data, size);
	hold(&text);
	buf_clear(&text);
	do {
		buf_addc(&text, text.len ? ',' : '[');
		buf_add(&text, data, size);
	} while (text.len < ENOUGH);
	buf_addc(&text, ']');
	hold(&text);
	return 0;
}
