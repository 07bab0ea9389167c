/* Inside probe/bench: what a setting buys, judged from what svarm-probe tuning measured. */
#pragma once

#include "probe/bench/section.h"

enum { TUNING_MAX_ROUNDS = 25 };

/* One line of the tool, hostile, as a row of the document (see docs/bench.md), owned by the caller;
 * NULL for what is no setting's line.  Adds the figure when both sides were measured. */
json_t *tuning_row(const json_t *line, struct section_result *ret);
/* The section's state and text from the rows of its detail. */
void tuning_verdict(const json_t *rows, struct section_result *ret);
