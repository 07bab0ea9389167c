/*
 * Feeds arbitrary marker lines to the explanation of services that do not run: what it prints is
 * bounded, and holds nothing that a terminal would act upon.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "lib/run/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_PRINTED = 1 << 20 };

static void take(struct explain *x, char *line)
{
	char *rest = line, *word = strsep(&rest, " ");

	if (!explain_take(x, word, rest ? rest : ""))
		explain_take(x, "stuck", line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	_cleanup_(explain_freep) struct explain *x = explain_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	char *next = text, *line;

	while ((line = strsep(&next, "\n")))
		take(x, line);
	explain_print(x, &out);
	if (out.len > MAX_PRINTED)
		abort();
	for (size_t i = 0; i < out.len; i++)
		if (((unsigned char)out.data[i] < 0x20 && out.data[i] != '\n') ||
			out.data[i] == 0x7f)
			abort();
	return 0;
}
