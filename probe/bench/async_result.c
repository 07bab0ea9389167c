/* What calls through the queue came to: see async_result.h. */
#include "probe/bench/async_result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "probe/bench/clean.h"

/* More calls than this share refused is more than a burst. */
#define MANY      0.01
#define MOST      1e9
#define MOST_TIME 1e6

static const struct {
	const char *key;
	size_t offset;
	bool may_lack;
} members[] = {
	{"sent", offsetof(struct async_counts, sent), false},
	{"accepted", offsetof(struct async_counts, accepted), false},
	{"refused", offsetof(struct async_counts, refused), false},
	{"unanswered", offsetof(struct async_counts, unanswered), false},
	{"called_back", offsetof(struct async_counts, called_back), false},
	{"lost", offsetof(struct async_counts, lost), false},
	{"duplicated", offsetof(struct async_counts, duplicated), false},
	{"failed", offsetof(struct async_counts, failed), false},
	{"wrong", offsetof(struct async_counts, wrong), true},
	{"accept_seconds", offsetof(struct async_counts, accept_seconds), false},
	{"drain_seconds", offsetof(struct async_counts, drain_seconds), false},
};

static double *member(const struct async_counts *c, size_t i)
{
	return (double *)((char *)c + members[i].offset);
}

static int status_of(const json_t *o, const char *key)
{
	double n = clean_number(o, key, 0, 599);

	return isfinite(n) ? (int)n : 0;
}

static int read_counts(const json_t *o, struct async_counts *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		double n = clean_number(
			o, members[i].key, 0, strstr(members[i].key, "seconds") ? MOST_TIME : MOST);

		if (!isfinite(n) && !members[i].may_lack)
			return err_set(
				err, -EBADMSG, "'%s' is missing or no number", members[i].key);
		*member(ret, i) = isfinite(n) ? n : 0;
		if (!strcmp(members[i].key, "wrong"))
			ret->echoes = isfinite(n);
	}
	if (ret->accepted + ret->refused + ret->unanswered > ret->sent ||
		ret->lost > ret->accepted || ret->called_back > ret->sent ||
		ret->wrong > ret->called_back || ret->failed > ret->called_back)
		return err_set(err, -EBADMSG, "the counts contradict each other");
	ret->refused_status = status_of(o, "refused_status");
	ret->failed_status = status_of(o, "failed_status");
	return 0;
}

int async_read(const json_t *o, struct async_round *ret, struct err *err)
{
	struct async_round round = {0};
	int r;

	r = read_counts(o, &round.counts, err);
	if (r < 0)
		return err_wrap(err, "what svarm-probe async printed");
	round.latency = clean_latency(json_obj(o, "end_to_end_ms"));
	round.nines = clean_nines(json_arr(o, "nines"));
	round.p50 = clean_number(round.latency, "p50", 0, INFINITY);
	round.p99 = clean_number(round.latency, "p99", 0, INFINITY);
	*ret = round;
	return 0;
}

void async_round_done(struct async_round *r)
{
	json_decref(r->latency);
	json_decref(r->nines);
}

/* ---- all rounds ---- */

static void add_up(const struct async_round *rounds, size_t n, struct async_counts *ret)
{
	*ret = (struct async_counts){.echoes = true};
	for (size_t k = 0; k < n; k++) {
		const struct async_counts *c = &rounds[k].counts;

		for (size_t i = 0; i < ARRAY_SIZE(members); i++)
			*member(ret, i) += *member(c, i);
		ret->echoes = ret->echoes && c->echoes;
		ret->refused_status = c->refused ? c->refused_status : ret->refused_status;
		ret->failed_status = c->failed ? c->failed_status : ret->failed_status;
	}
}

static void add_rate(struct section_result *ret, const char *name, double n, double seconds)
{
	if (n > 0 && seconds > 0)
		section_figure(ret, name, "1/s", BETTER_HIGHER, n / seconds);
}

static void add_figures(const struct async_round *rounds, size_t n, const struct async_counts *sum,
	struct section_result *ret)
{
	for (size_t i = 0; i < n; i++) {
		const struct async_counts *c = &rounds[i].counts;

		add_rate(ret, "accept", c->accepted, c->accept_seconds);
		/* The first one only starts the clock. */
		add_rate(ret, "drain", c->called_back - 1, c->drain_seconds);
		section_figure(ret, "p50", "ms", BETTER_LOWER, rounds[i].p50);
		section_figure(ret, "p99", "ms", BETTER_LOWER, rounds[i].p99);
	}
	/* The median over the rounds would hide what was lost in one. */
	section_figure(ret, "lost", "count", BETTER_LOWER, sum->lost);
	section_figure(ret, "duplicated", "count", BETTER_LOWER, sum->duplicated);
}

/* The round whose p50 is the median, or next to it. */
static const struct async_round *middle(const struct async_round *rounds, size_t n, double p50)
{
	const struct async_round *best = &rounds[0];

	for (size_t i = 1; i < n; i++)
		if (fabs(rounds[i].p50 - p50) < fabs(best->p50 - p50) || !isfinite(best->p50))
			best = &rounds[i];
	return best;
}

static void add_detail(const struct async_counts *sum, const struct async_round *shown,
	const char *function, json_t *detail)
{
	json_set_text(detail, "function", function, strlen(function));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		double n = *member(sum, i);

		if (members[i].may_lack && !sum->echoes)
			continue;
		json_object_set_new(detail, members[i].key,
			strstr(members[i].key, "seconds") ? json_real(n)
							  : json_integer((json_int_t)n));
	}
	if (shown->latency)
		json_object_set(detail, "end_to_end_ms", shown->latency);
	if (shown->nines)
		json_object_set(detail, "nines", shown->nines);
}

/* ---- judgement ---- */

static void judge_refused(const struct async_counts *c, struct section_result *ret)
{
	double n = c->refused + c->unanswered;
	char why[32] = "no answer came";

	if (c->refused > 0)
		snprintf(why, sizeof(why), "HTTP status %d", c->refused_status);
	if (c->accepted > 0)
		section_found(ret, n > MANY * c->sent ? HEALTH_FAIL : HEALTH_WARN,
			"%.0f of %.0f calls were not accepted: %s", n, c->sent, why);
	else
		section_found(
			ret, HEALTH_FAIL, "none of %.0f calls was accepted: %s", c->sent, why);
	if (!(c->refused > 0))
		section_remedy(ret, "'svarm health --only ingress' says whether the gateway runs");
	else if (c->refused_status == 400)
		section_remedy(ret, "SVARM_CALLBACK_ALLOW of the gateway keeps callbacks from the "
				    "overlay's addresses");
	else if (c->refused_status == 404)
		section_remedy(ret, "the gateway does not know the function: 'svarm up'");
	else
		section_remedy(ret, "'svarm health --only redis' says whether the queue's Redis "
				    "takes entries");
}

static void judge_lost(const struct async_counts *c, double patience, struct section_result *ret)
{
	section_found(ret, HEALTH_FAIL,
		"%.0f of %.0f accepted calls were not called back (%.3g s without any callback)",
		c->lost, c->accepted, patience);
	section_remedy(ret, "do queue workers run?  'svarm queue status', and on a manager 'docker "
			    "service ps svarm_queue-worker'");
}

static void judge_function(
	const struct async_counts *c, const char *function, struct section_result *ret)
{
	section_found(ret, HEALTH_WARN, "'%s' failed %.0f of %.0f calls: HTTP status %d", function,
		c->failed, c->called_back, c->failed_status);
	section_remedy(ret, "'svarm fn logs %s'", function);
}

static void judge_well(const struct async_counts *c, struct section_result *ret)
{
	section_found(ret, c->duplicated > 0 ? HEALTH_WARN : HEALTH_OK,
		"%.0f calls: %.0f/s accepted, %.0f/s worked off, called back after %.1f ms (p99 "
		"%.1f ms), none lost%s",
		c->accepted, section_median(ret, "accept"), section_median(ret, "drain"),
		section_median(ret, "p50"), section_median(ret, "p99"),
		c->duplicated > 0 ? "; some were run more than once" : "");
	if (c->duplicated > 0)
		section_remedy(ret, "calls are run at least once: functions have to bear it.  "
				    "Queue workers that die or stall are why");
}

void async_judge(const struct async_round *rounds, size_t n, const char *function, double patience,
	struct section_result *ret)
{
	struct async_counts sum;

	add_up(rounds, n, &sum);
	add_figures(rounds, n, &sum, ret);
	add_detail(&sum, middle(rounds, n, section_median(ret, "p50")), function, ret->detail);
	if (sum.lost > 0) {
		judge_lost(&sum, patience, ret);
	} else if (sum.echoes && sum.wrong > 0) {
		section_found(ret, HEALTH_FAIL, "%.0f of %.0f callbacks brought a wrong body",
			sum.wrong, sum.called_back);
		section_remedy(ret, "does '%s' always answer what it is sent?", function);
	} else if (sum.refused + sum.unanswered > 0) {
		judge_refused(&sum, ret);
	} else if (sum.failed > 0) {
		judge_function(&sum, function, ret);
	} else {
		judge_well(&sum, ret);
	}
}

/* ---- for people ---- */

void async_print(const json_t *section, struct buf *out)
{
	const json_t *detail = json_obj(section, "detail");
	const json_t *l = json_obj(detail, "end_to_end_ms");

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		double n = clean_number(detail, members[i].key, 0, MOST);

		if (isfinite(n) && !strstr(members[i].key, "seconds"))
			buf_addf(out, "%s%.0f %s", i ? ", " : "  ", n, members[i].key);
	}
	if (json_object_size(detail))
		buf_addc(out, '\n');
	if (l)
		buf_addf(out,
			"  from call to callback  p50 %.2f ms  p90 %.2f ms  p99 %.2f ms  max %.2f "
			"ms\n",
			clean_number(l, "p50", 0, MOST), clean_number(l, "p90", 0, MOST),
			clean_number(l, "p99", 0, MOST), clean_number(l, "max", 0, MOST));
}
