/*
 * Feeds arbitrary text to the reader of thresholds.  What is refused says why and where, within the
 * text; what is taken names a figure and trips on one side of its limit only.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "lib/spec/threshold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf drawn = BUF_INIT;
	struct threshold_fault fault = {SIZE_MAX, 0};
	struct threshold t;

	if (threshold_parse(text, &t, &fault, &err) < 0) {
		if (!err.msg || fault.at > strlen(text) || !fault.len)
			abort();
		threshold_caret(text, &fault, &drawn);
		if (!strchr(drawn.data, '^'))
			abort();
		return 0;
	}
	if (!t.figure || !isfinite(t.limit) || t.limit < 0 ||
		threshold_exceeded(&t, t.limit + 1 + t.limit) ==
			threshold_exceeded(&t, t.limit - 1 - t.limit))
		abort();
	return 0;
}
