/*
 * Reads a document of `svarm bench` for the calculator: see cost_measured.h.
 *
 * Providers charge for the time in the function, not for what a caller waits for: that is the hop
 * `function`, which bench measures from beside the gateway with one call at a time.  Under load
 * calls wait for each other there, which they do not where each has an instance of its own.
 *
 * The throughput is that of the whole way, through nginx, from the place with the highest median:
 * an operator's link may be slower than the cluster.
 */
#include "probe/cost_measured.h"

#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "probe/bench/clean.h"
#include "probe/bench/document.h"
#include "probe/bench/section.h"
#include "probe/cost.h"

enum { MAX_RUNS = 1000, MAX_ROUNDS = 100, MAX_SHOWN = 200, MAX_SERVERS = 1000000 };
#define LEAST   0.001 /* calls a second */
#define MOST    1e15
#define MAX_MS  86400000
#define MAX_KB  1048576
#define KB      1024
#define KEPT_UP 0.999 /* of the highest rate that was due */

/* ---- runs of one view: a place that calls, and a way ---- */

struct view {
	const json_t *first; /* run */
	double rps[MAX_ROUNDS];
	size_t n;
	double answers, bytes, unsent, kept_up_to;
	bool busy;
};

static bool whole_way(const json_t *run)
{
	const char *path = json_str(run, "path");

	return path && (!strcmp(path, "ingress") || !strcmp(path, "url"));
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	const char *x = json_str(a, key), *y = json_str(b, key);

	return x && y ? !strcmp(x, y) : x == y;
}

static bool same_view(const json_t *a, const json_t *b)
{
	return same(a, b, "from") && same(a, b, "path") && same(a, b, "url");
}

static void add_run(struct view *v, const json_t *run)
{
	double rps = clean_number(run, "rps", LEAST, COST_MAX_RATE);
	double answers = clean_number(run, "answers", 1, MOST);
	double bytes = clean_number(run, "bytes_in", 1, MOST);
	double unsent = clean_number(run, "unsent", 0, MOST);

	if (!v->first) {
		v->first = run;
		v->kept_up_to = clean_number(run, "kept_up_to", 0, COST_MAX_RATE);
	}
	if (isfinite(rps) && v->n < MAX_ROUNDS)
		v->rps[v->n++] = rps;
	if (isfinite(answers) && isfinite(bytes)) {
		v->answers += answers;
		v->bytes += bytes;
	}
	v->unsent += isfinite(unsent) ? unsent : 0;
	v->busy |= json_bool(run, "client_bound");
}

static struct view view_of(const json_t *runs, const json_t *like)
{
	struct view v = {.kept_up_to = NAN};
	const json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		if (i == MAX_RUNS)
			break;
		if (same_view(run, like))
			add_run(&v, run);
	}
	return v;
}

/* The highest rate that was due; 0: the next call was sent when the last was answered. */
static double highest_due(const json_t *run)
{
	const json_t *steps = json_arr(run, "steps");
	const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
	double due = clean_number(last ? last : run, "rate", 0, COST_MAX_RATE);

	return isfinite(due) ? due : 0;
}

static void take_view(const struct view *v, bool first, struct cost_measured *ret)
{
	double due = highest_due(v->first), throughput = median_of(v->rps, v->n);
	bool ramp = isfinite(v->kept_up_to);

	if (ramp && v->kept_up_to >= LEAST)
		throughput = v->kept_up_to;
	if (!first && !(throughput > ret->throughput))
		return;
	if (isfinite(throughput))
		ret->throughput = throughput;
	ret->limit = v->busy ? LIMIT_CLIENT : LIMIT_CLUSTER;
	if (ramp ? v->kept_up_to >= due * KEPT_UP : due > 0 && v->unsent <= 0)
		ret->limit = LIMIT_RATE;
	ret->from = json_str(v->first, "from");
	ret->url = json_str(v->first, "url");
	ret->connections = clean_number(v->first, "connections", 1, MOST);
	ret->kb = NAN;
	if (v->answers > 0 && v->bytes / v->answers / KB <= MAX_KB)
		ret->kb = v->bytes / v->answers / KB;
}

static void read_runs(const json_t *detail, struct cost_measured *ret)
{
	const json_t *runs = json_arr(detail, "runs"), *run;
	bool first = true;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		struct view v;

		if (i == MAX_RUNS)
			break;
		if (!whole_way(run))
			continue;
		v = view_of(runs, run);
		if (v.first != run)
			continue;
		take_view(&v, first, ret);
		first = false;
		/* A URL may be anybody's: who answers there is not known. */
		if (!strcmp(json_str(run, "path"), "url"))
			ret->servers = 0;
	}
}

static double function_ms(const json_t *detail)
{
	const json_t *hop;
	size_t i;

	json_array_foreach(json_arr(detail, "hops"), i, hop)
	{
		const char *name = json_str(hop, "hop");
		double ms = clean_number(hop, "ms", 1e-9, MAX_MS);

		if (name && !strcmp(name, "function") && isfinite(ms))
			return ms;
	}
	return NAN;
}

/* ---- the document ---- */

static int refuse_state(const json_t *section, struct err *err)
{
	const char *state = json_str(section, "state"), *text = json_str(section, "text");
	_cleanup_buf_ struct buf shown = BUF_INIT, why = BUF_INIT;

	state = state ? state : "none";
	escape_text(&shown, state, MIN_OF(strlen(state), (size_t)20), false);
	if (text)
		escape_text(&why, text, MIN_OF(strlen(text), (size_t)MAX_SHOWN), false);
	return err_set(err, -EBADMSG, "the state of its section http is '%s'%s%s", buf_str(&shown),
		why.len ? ": " : "", buf_str(&why));
}

int cost_measured_read(const json_t *doc, struct cost_measured *ret, struct err *err)
{
	const json_t *section = json_at(doc, "sections", "http", NULL);
	const char *state = json_str(section, "state");
	struct cost_measured m = {
		.cluster = json_str(doc, "cluster"),
		.started = json_str(doc, "started"),
		.throughput = clean_number(
			document_figure(doc, "http", "rps"), "value", LEAST, COST_MAX_RATE),
		.connections = NAN,
		.ms = NAN,
		.kb = NAN,
		.servers = MIN_OF(json_array_size(json_arr(doc, "nodes")), (size_t)MAX_SERVERS),
	};

	if (!json_is_object(section))
		return err_set(err, -EBADMSG,
			"it has no section http; 'svarm bench http --json' measures it");
	if (!state || (strcmp(state, "ok") != 0 && strcmp(state, "warning") != 0))
		return refuse_state(section, err);
	if (!isfinite(m.throughput))
		return err_set(err, -EBADMSG,
			"its figure http.rps is no number of calls a second to calculate with");
	if (!strcmp(state, "warning"))
		m.warning = json_str(section, "text");
	read_runs(json_obj(section, "detail"), &m);
	m.ms = function_ms(json_obj(section, "detail"));
	*ret = m;
	return 0;
}

const char *cost_limit_name(enum cost_limit limit)
{
	switch (limit) {
	case LIMIT_RATE: return "rate";
	case LIMIT_CLIENT: return "client";
	case LIMIT_CLUSTER: break;
	}
	return "cluster";
}
