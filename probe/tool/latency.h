/* Inside probe/tool: a histogram of nanoseconds as the JSON object that documents hold. */
#pragma once

#include "lib/base/buf.h"
#include "probe/load/hist.h"

/* Append {"n": …, "min": …, "mean": …, "p50": …} in milliseconds; null when it is empty. */
void latency_json(struct buf *out, const struct hist *ns);
