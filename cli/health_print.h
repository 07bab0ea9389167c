/* How a finding of health is shown: rows by group for people, one JSON object for programs. */
#pragma once

#include "lib/base/buf.h"
#include "probe/health.h"

/* Append a line for each row, the remedy below those that need one, and the verdict as last line.
 * @width: of the terminal, 0 for none: longer text is wrapped. */
void health_print(const struct health *h, struct buf *out, bool color, size_t width);

/* Append {"healthy":BOOL,"probes":[…],"counts":{…},"seconds":N} without a newline. */
void health_json(const struct health *h, struct buf *out);
