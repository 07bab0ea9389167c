/* A document of `svarm bench` for people and for CI servers. */
#pragma once

#include "lib/base/buf.h"
#include "lib/ext/json.h"

/* Append it as text.  @width: columns of the terminal, 0 for no limit. */
void bench_print(const json_t *doc, struct buf *out, bool color, size_t width);
/* Append what was found, thresholds and verdict, without the figures: what `svarm up` says. */
void bench_print_verdict(const json_t *doc, struct buf *out, bool color, size_t width);
/* Append it as JUnit's XML: a case for each section, threshold and compared figure. */
void bench_junit(const json_t *doc, struct buf *out);
