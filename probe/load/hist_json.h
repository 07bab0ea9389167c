/* A histogram of durations in the documents of `svarm bench`: milliseconds. */
#pragma once

#include "lib/base/buf.h"
#include "probe/load/hist.h"

double hist_ms(uint64_t ns);
/* Append {"n": …, "min": …, "p50": …, …}. */
void hist_json(struct buf *out, const struct hist *h);
/* The same; null when it is empty. */
void hist_json_or_null(struct buf *out, const struct hist *h);
/* Append [[quantile, ms], …], rising, for a plot whose axis stretches towards 1: as far as there
 * are values for. */
void hist_nines_json(struct buf *out, const struct hist *h);
