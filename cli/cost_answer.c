/* Has a job calculated, and what both forms of the answer need: see cost_print.h. */
#include <math.h>

#include "cli/cost_print.h"
#include "lib/base/xalloc.h"

void cost_answer_make(const struct cost_job *job, struct cost_answer *a)
{
	double least = INFINITY;

	*a = (struct cost_answer){
		.job = job,
		.servers = cost_on_servers(&job->c),
		.offers = xcalloc(job->n_offers, sizeof(*a->offers)),
		.even = xcalloc(job->n_offers, sizeof(*a->even)),
		.ratio = cost_ratio(&job->c, job->offers, job->n_offers),
	};
	for (size_t i = 0; i < job->n_offers; i++) {
		a->offers[i] = cost_by_use(&job->c, &job->offers[i]);
		if (a->offers[i].refusal)
			continue;
		a->even[i] = cost_break_even(&job->c, &job->offers[i]);
		if (a->offers[i].total < least) {
			least = a->offers[i].total;
			a->cheapest = job->offers[i].provider;
		}
	}
	a->n_swings = cost_swings(&job->c, job->offers, job->n_offers, a->swings);
}

void cost_answer_done(struct cost_answer *a)
{
	free(a->offers);
	free(a->even);
	*a = (struct cost_answer){0};
}

double cost_per_million(const struct cost_answer *a, const struct cost_bill *bill)
{
	double calls = cost_calls(&a->job->c.load);

	return calls > 0 ? bill->total / calls * 1e6 : NAN;
}

void cost_refusal_words(const struct price_provider *p, enum cost_refusal refusal, struct buf *out)
{
	if (refusal == COST_TOO_LONG)
		buf_addf(out, "a call may take %g ms at most", p->max_ms);
	if (refusal == COST_TOO_LARGE)
		buf_addf(out, "a call may have %g MB at most", p->max_mb);
}

const char *cost_knob_name(enum cost_knob knob)
{
	static const char *const names[N_KNOBS] = {
		[KNOB_RATE] = "rate",
		[KNOB_MS] = "ms",
		[KNOB_MB] = "mb",
		[KNOB_KB] = "kb",
		[KNOB_PRICE] = "price",
		[KNOB_OPERATIONS] = "ops-rate",
		[KNOB_CAPACITY] = "capacity",
		[KNOB_PEAK] = "peak",
		[KNOB_EXCHANGE] = "exchange",
	};

	return names[knob];
}

const char *cost_origin_name(enum cost_origin origin)
{
	switch (origin) {
	case FROM_OPTION: return "option";
	case FROM_DEFAULT: return "default";
	case FROM_PRICES: return "prices";
	case FROM_BENCH: return "bench";
	case FROM_NOWHERE: break;
	}
	return "none";
}

const struct cost_swing *cost_dominant(const struct cost_answer *a)
{
	/* 1.001: what moves nothing does not decide anything. */
	return a->n_swings && a->swings[0].swing > 1.001 ? &a->swings[0] : NULL;
}
