/*
 * Feeds arbitrary bytes to whatever reads a document of `svarm bench`: tables, JUnit's XML,
 * comparison with itself, thresholds.  Nothing of it may reach a terminal as it is.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_print.h"
#include "lib/base/xalloc.h"
#include "probe/bench/compare.h"
#include "probe/bench/document.h"
#include "probe/bench/threshold.h"
#include "probe/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_harmless(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->data[i] < ' ' && out->data[i] != '\n')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const texts[] = {"http.p99 > 50ms", "compare.worse > 0"};
	struct bench_threshold list[ARRAY_SIZE(texts)];
	_cleanup_json_ json_t *doc = NULL, *earlier = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT, xml = BUF_INIT, html = BUF_INIT, again = BUF_INIT;

	if (document_parse((const char *)data, size, &doc, &err) < 0) {
		if (!err.msg)
			abort();
		return 0;
	}
	earlier = json_deep_copy(doc);
	bench_print(doc, &text, false, 80);
	check_harmless(&text);
	compare_documents(doc, earlier);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		list[i] = (struct bench_threshold){.text = texts[i], .source = "--fail-if"};
		if (threshold_parse(texts[i], &list[i].t, NULL, NULL) < 0)
			abort();
	}
	thresholds_judge(doc, list, ARRAY_SIZE(texts));
	if (!json_str(doc, "verdict"))
		abort();
	bench_print(doc, &again, false, 0);
	check_harmless(&again);
	bench_junit(doc, &xml);
	report_html(doc, earlier, &html);
	return 0;
}
