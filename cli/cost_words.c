/* The findings of a cost comparison as sentences: the same in a terminal, in JSON and in the
 * report. See cost_print.h. */
#include "cli/cost_print.h"

#include <math.h>

#include "lib/base/quote.h"

enum { MAX_NAME = 120 };

void cost_amount(struct buf *out, double n)
{
	if (n >= 1e9)
		buf_addf(out, "%.3g billion", n / 1e9);
	else if (n >= 1e6)
		buf_addf(out, "%.3g million", n / 1e6);
	else if (n >= 1000)
		buf_addf(out, "%.0f", n);
	else
		buf_addf(out, "%.3g", n);
}

/* Text of a file, made harmless. */
static void add_text(struct buf *out, const char *text)
{
	escape_text(out, text, MIN_OF(strlen(text), (size_t)MAX_NAME), false);
}

/* ---- the verdict ---- */

static void add_comparison(const struct cost_answer *a, struct buf *text)
{
	double ratio = a->ratio;

	if (!a->cheapest) {
		buf_adds(text, "No provider takes this load.");
		return;
	}
	if (isnan(ratio)) {
		buf_adds(text, "The servers cost nothing.");
		return;
	}
	buf_adds(text, "The cheapest offer, ");
	add_text(text, a->cheapest->title);
	if (ratio >= 1)
		buf_addf(text, ", costs %.3g times what the servers cost.", ratio);
	else
		buf_addf(text, ", costs %.3g %% of what the servers cost.", ratio * 100);
}

static void add_verdict(const struct cost_answer *a, struct buf *text)
{
	unsigned long long needed = a->servers.servers, count = a->job->c.fleet.count;

	buf_addf(text, "In %s; ", a->job->currency);
	cost_amount(text, cost_calls(&a->job->c.load));
	buf_adds(text, " calls a month. ");
	add_comparison(a, text);
	if (needed > count)
		buf_addf(text, " The load needs %llu servers, not %llu.", needed, count);
}

/* "AWS Lambda: servers cost less from 18.2 calls/s on (47.8 million a month)." */
static void add_break_even(const struct cost_answer *a, size_t i, struct buf *text)
{
	const struct cost_break_even *b = &a->even[i];
	struct cost_load load = a->job->c.load;

	add_text(text, a->job->offers[i].provider->title);
	buf_adds(text, ": ");
	if (a->offers[i].refusal) {
		cost_refusal_words(a->job->offers[i].provider, a->offers[i].refusal, text);
	} else if (isinf(b->first)) {
		buf_adds(text, "cheaper than servers at every load up to ");
		cost_amount(text, b->reach);
		buf_adds(text, " calls/s");
	} else {
		load.rate = b->first;
		buf_adds(text, "servers cost no more from ");
		cost_amount(text, b->first);
		buf_adds(text, " calls/s on (");
		cost_amount(text, cost_calls(&load));
		buf_adds(text, " a month)");
	}
	if (!isinf(b->first) && b->for_good > b->first * 1.000001) {
		buf_adds(text, isinf(b->for_good) ? ", but not for good" : ", for good from ");
		if (!isinf(b->for_good))
			cost_amount(text, b->for_good);
	}
	buf_addc(text, '.');
}

/* ---- the load beside what was measured ---- */

double cost_used(const struct cost_answer *a)
{
	return a->job->bench ? a->job->c.load.rate / a->job->measured.throughput : NAN;
}

double cost_planned(const struct cost_answer *a)
{
	const struct cost_fleet *f = &a->job->c.fleet;

	return a->job->bench && f->capacity > 0
		       ? cost_carried(f, f->count) / a->job->measured.throughput
		       : NAN;
}

static void add_used(const struct cost_answer *a, struct buf *text)
{
	buf_adds(text, "Capacity used: ");
	cost_amount(text, a->job->c.load.rate);
	buf_adds(text, a->job->measured.limit == LIMIT_CLUSTER ? " of " : " of at least ");
	cost_amount(text, a->job->measured.throughput);
	buf_addf(text, " calls/s that were measured, %.3g %%.", cost_used(a) * 100);
}

bool cost_finding(const struct cost_answer *a, size_t i, struct buf *out)
{
	if (i == 0)
		add_verdict(a, out);
	else if (i <= a->job->n_offers)
		add_break_even(a, i - 1, out);
	else if (i == a->job->n_offers + 1 && a->job->bench)
		add_used(a, out);
	else
		return false;
	return true;
}

void cost_warning(const struct cost_answer *a, struct buf *out)
{
	const struct cost_fleet *f = &a->job->c.fleet;

	if (!(cost_used(a) > cost_planned(a)))
		return;
	buf_addf(out,
		"Warning: the load is more than the %.3g %% of what was measured that %llu "
		"server%s may be used for as a mean: ",
		cost_planned(a) * 100, (unsigned long long)f->count, f->count == 1 ? "" : "s");
	buf_addf(out, "%.3g %% stay free, the peak is %.3g times the mean, and %llu may be lost.",
		f->headroom * 100, f->peak, (unsigned long long)f->spare);
	if (cost_used(a) > 1)
		buf_adds(out, " The cluster was never seen to carry it.");
}

/* ---- what was measured ---- */

static void add_taken(const struct cost_job *j, struct buf *out)
{
	const char *comma = " Taken from it: ";

	for (int i = 0; i < N_INPUTS; i++) {
		if (j->assumed[i].origin != FROM_BENCH)
			continue;
		buf_addf(out, "%s%s", comma, j->assumed[i].name);
		comma = ", ";
	}
	buf_adds(out, *comma == ',' ? "." : " Nothing is taken from it.");
}

void cost_measured_words(const struct cost_answer *a, struct buf *out)
{
	static const char *const limits[] = {
		[LIMIT_RATE] = ", as many as were due: it may carry more",
		[LIMIT_CLIENT] = " before the client was busy: it may carry more",
		[LIMIT_CLUSTER] = "",
	};
	const struct cost_measured *m = &a->job->measured;

	if (!a->job->bench)
		return;
	buf_adds(out, "Measured by 'svarm bench'");
	if (m->cluster) {
		buf_adds(out, " on cluster ");
		add_text(out, m->cluster);
	}
	if (m->started) {
		buf_adds(out, ", ");
		add_text(out, m->started);
	}
	if (m->url) {
		buf_adds(out, ": calls of ");
		add_text(out, m->url);
	}
	if (m->from) {
		buf_adds(out, " from ");
		add_text(out, m->from);
	}
	buf_adds(out, m->url || m->from ? "; " : ": ");
	cost_amount(out, m->throughput);
	buf_addf(out, " calls/s%s", limits[m->limit]);
	if (isfinite(m->connections))
		buf_addf(out, " (%.0f connections)", m->connections);
	if (isfinite(m->ms))
		buf_addf(out, "; %.3g ms in the function", m->ms);
	if (isfinite(m->kb))
		buf_addf(out, "; %.3g KB an answer", m->kb);
	if (m->servers)
		buf_addf(out, "; %zu server%s", m->servers, m->servers == 1 ? "" : "s");
	buf_addc(out, '.');
	add_taken(a->job, out);
}
