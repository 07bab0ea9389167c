/* A cost comparison for people and as JSON; both state the assumptions and the prices they used. */
#pragma once

#include "cli/cost_job.h"

/* All bills of a job. */
struct cost_answer {
	const struct cost_job *job; /* borrowed */
	struct cost_bill servers;
	struct cost_bill *offers;              /* owned; in the order of the job's */
	struct cost_break_even *even;          /* owned; likewise, nothing for refused ones */
	double ratio;                          /* cheapest offer ÷ servers; NAN: none */
	const struct price_provider *cheapest; /* NULL: none takes the load */
	struct cost_swing swings[N_KNOBS];
	size_t n_swings;
};

void cost_answer_make(const struct cost_job *job, struct cost_answer *ret);
void cost_answer_done(struct cost_answer *a);

/* Per million calls; NAN without a call. */
double cost_per_million(const struct cost_answer *a, const struct cost_bill *bill);
/* Append why a provider does not take the load; nothing when it does. */
void cost_refusal_words(const struct price_provider *p, enum cost_refusal refusal, struct buf *out);
/* "rate", "ms" …: the option's name where it is one. */
const char *cost_knob_name(enum cost_knob knob);
/* "option", "default", "prices", "bench" or "none". */
const char *cost_origin_name(enum cost_origin origin);
/* The knob that the ratio hangs on most, or NULL. */
const struct cost_swing *cost_dominant(const struct cost_answer *a);

/* ---- cost_words.c: sentences, harmless in a terminal ---- */

/* Append a number of calls or calls per second: three digits are more than it deserves. */
void cost_amount(struct buf *out, double n);
/* Append finding @i, from 0 on; false: there are no more. */
bool cost_finding(const struct cost_answer *a, size_t i, struct buf *out);
/* Append what warns of the load; nothing when it is within what was measured, or nothing was. */
void cost_warning(const struct cost_answer *a, struct buf *out);
/* Append what was measured, when, where, and what of it is used; nothing when nothing was. */
void cost_measured_words(const struct cost_answer *a, struct buf *out);
/* The load as a share of the throughput that was measured, and what the servers are to carry as a
 * mean; NAN: not known. */
double cost_used(const struct cost_answer *a);
double cost_planned(const struct cost_answer *a);

/* ---- all of it ---- */

void cost_print(const struct cost_answer *a, struct buf *out, bool color, size_t width);
/* One object; @with_plot: also what the plot shows, as numbers. */
void cost_json(const struct cost_answer *a, bool with_plot, struct buf *out);
