/* What tools print of durations, read as hostile text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/ext/json.h"

/* Milliseconds. */
struct latency {
	double n, min, mean, p50, p90, p99, p999, max;
};

/* Any that is missing or no duration makes it none at all. */
bool latency_read(const json_t *o, struct latency *ret);
/* Of several rounds: values and quantiles are medians; n, min and max are over all. */
void latency_join(const struct latency *rounds, size_t n, struct latency *ret);
/* Owned by the caller. */
json_t *latency_make(const struct latency *l);
