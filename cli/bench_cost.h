/* `svarm bench --cost`: the calculator of `svarm cost` on what is measured, as part of the
 * document. */
#pragma once

#include "cli/bench_job.h"

/* Part of bench_job_make(), once documents are read: what is wrong before anything is measured. */
int bench_cost_begin(struct bench_job *j, struct err *err) _must_check_;
/* Set the document's "cost"; {"error": …} when what was measured is nothing to calculate with.
 * Does nothing without --cost. */
void bench_cost_finish(struct bench_job *j, json_t *doc);
void bench_cost_done(struct bench_job *j);

/* Part of bench_print(): the document's "cost", of any document. */
void bench_cost_print(const json_t *doc, struct buf *out, bool color, size_t width);
