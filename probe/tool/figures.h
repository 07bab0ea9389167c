/* Inside probe/tool: figures as docs/bench.md has them, in JSON. */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"
#include "probe/load/hist.h"

/* Append `"KEY": {"n": …, "min": …, … "max": …}`, in milliseconds; @h counts nanoseconds. */
void figures_latency(struct buf *out, const char *key, const struct hist *h);
/* Seconds, or 500ms, 10s, 2m; at most a day. */
bool figures_parse_time(const char *text, double *ret_seconds);
double figures_ms(uint64_t ns);
/* CLOCK_MONOTONIC and the thread's processor time in nanoseconds. */
uint64_t figures_now(void);
uint64_t figures_cpu(void);
