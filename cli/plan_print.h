/* How a plan is shown: to people as one table of changes a node, to programs as one JSON object. */
#pragma once

#include "lib/base/buf.h"
#include "lib/run/fleet.h"

/* Append the plan of every node that could be planned, then the line "N changes on M nodes". */
void plan_print(struct fleet *f, struct buf *out, bool color, size_t width);

/* Append {"changes":N,"nodes":[…]} without a newline; nodes that failed carry "error".  @error: of
 * the run as a whole, or NULL. */
void plan_json(struct fleet *f, const char *error, struct buf *out);
