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
/* "option", "default", "prices" or "none". */
const char *cost_origin_name(enum cost_origin origin);
/* The knob that the ratio hangs on most, or NULL. */
const struct cost_swing *cost_dominant(const struct cost_answer *a);

void cost_print(const struct cost_answer *a, struct buf *out, bool color, size_t width);
void cost_json(const struct cost_answer *a, struct buf *out);
