/* Judging a document by thresholds; each leaves what it was, and what it judged. */
#pragma once

#include "lib/ext/json.h"
#include "lib/spec/threshold.h"

struct bench_threshold {
	const char *text;   /* as written */
	const char *source; /* "--fail-if", "verify.fail_if" */
	struct threshold t;
};

/* Replace the document's thresholds by @list, and its verdict by what comes of it.  A figure that
 * was not measured is "unknown", which fails: a gate that saw nothing is not passed. */
void thresholds_judge(json_t *doc, const struct bench_threshold *list, size_t n);
