/*
 * What load comes to.
 *
 * failed: nothing was answered, or everything with an error; or more than one of a hundred calls
 *         had no answer, or an answer of 500 and more
 * warning: some calls failed; the client was the bottleneck on the whole way, and then there is no
 * verdict; requests of the open loop found no free connection; rounds that should agree do not
 */
#include "probe/bench/http_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"

#define MANY 0.01

struct http_view *http_found_add(
	struct http_found *f, const char *from, const char *path, const char *url)
{
	xgrow(f->views, f->n, f->cap);
	f->views[f->n] = (struct http_view){.from = from, .path = path, .url = url};
	return &f->views[f->n++];
}

void http_view_add(struct http_view *v, const struct http_result *r)
{
	xgrow(v->rounds, v->n, v->cap);
	v->rounds[v->n++] = *r;
}

void http_found_done(struct http_found *f)
{
	for (size_t i = 0; i < f->n; i++) {
		for (size_t k = 0; k < f->views[i].n; k++)
			http_result_done(&f->views[i].rounds[k]);
		free(f->views[i].rounds);
	}
	free(f->views);
	json_decref(f->hops);
}

/* ---- one view ---- */

/* All rounds together. */
struct sum {
	double answers, failed, unsent, no_answer, server_errors, busiest, seconds;
	double errors[N_LOAD_ERRORS], statuses[LOAD_STATUSES];
	const char *connect_error, *tls_error; /* raw; NULL: none */
};

static struct sum *sum_of(const struct http_view *v)
{
	struct sum *s = xcalloc(1, sizeof(*s));

	for (size_t i = 0; i < v->n; i++) {
		const struct http_result *r = &v->rounds[i];

		s->answers += r->answers;
		s->failed += r->failed;
		s->unsent += r->unsent;
		s->no_answer += r->no_answer;
		s->server_errors += r->server_errors;
		s->seconds += r->seconds;
		s->busiest = fmax(s->busiest, r->busiest);
		for (int k = 0; k < N_LOAD_ERRORS; k++)
			s->errors[k] += r->errors[k];
		for (int k = 0; k < LOAD_STATUSES; k++)
			s->statuses[k] += r->statuses[k];
		if (*r->connect_error)
			s->connect_error = r->connect_error;
		if (*r->tls_error)
			s->tls_error = r->tls_error;
	}
	return s;
}

/* "connect 36 (Connection refused), status 503: 12" */
static void add_failures(const struct sum *s, struct buf *out)
{
	const char *comma = "";

	for (int i = 0; i < N_LOAD_ERRORS; i++) {
		if (!(s->errors[i] > 0))
			continue;
		buf_addf(out, "%s%s %.0f", comma, load_error_names[i], s->errors[i]);
		if (i == LOAD_CONNECT && s->connect_error)
			buf_addf(out, " (%s)", s->connect_error);
		if (i == LOAD_TLS && s->tls_error)
			buf_addf(out, " (%s)", s->tls_error);
		comma = ", ";
	}
	for (int i = 400; i < LOAD_STATUSES; i++) {
		if (!(s->statuses[i] > 0))
			continue;
		buf_addf(out, "%sHTTP status %d %.0f", comma, i, s->statuses[i]);
		comma = ", ";
	}
}

static double median(const struct http_view *v, size_t offset)
{
	_cleanup_free_ double *values = xcalloc(v->n + 1, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		double value = *(const double *)((const char *)&v->rounds[i] + offset);

		if (isfinite(value))
			values[n++] = value;
	}
	return median_of(values, n);
}

struct verdict {
	enum health_state state;
	struct buf text, remedy; /* raw */
};

static void verdict_done(struct verdict *v)
{
	buf_done(&v->text);
	buf_done(&v->remedy);
}

static void judge_failures(const struct http_view *v, const struct sum *s, struct verdict *ret)
{
	double all = s->answers + s->no_answer;
	double bad = s->no_answer + s->server_errors;
	bool nothing = !(s->answers > 0), none_well = s->failed >= all;

	if (!(all > 0) && !(s->unsent > 0)) {
		ret->state = HEALTH_FAIL;
		buf_adds(&ret->text, "no answer at all: all connections still waited for their "
				     "first one at the end");
		buf_adds(&ret->remedy, "does something listen there, and does a firewall let calls "
				       "through?");
		return;
	}
	if (!(all > 0)) {
		ret->state = HEALTH_FAIL;
		buf_addf(&ret->text,
			"none of the %.0f calls that were due could be sent: no connection was "
			"free",
			s->unsent);
		buf_adds(&ret->remedy, "a lower rate, or more connections");
		return;
	}
	ret->state = nothing || none_well || bad > MANY * all ? HEALTH_FAIL : HEALTH_WARN;
	if (nothing)
		buf_adds(&ret->text, "no answer at all: ");
	else if (none_well)
		buf_adds(&ret->text, "every call failed: ");
	else
		buf_addf(&ret->text, "%.0f of %.0f calls failed (%.2g %%): ", s->failed, all,
			s->failed / all * 100);
	add_failures(s, &ret->text);
	if (nothing)
		buf_adds(&ret->remedy,
			"does something listen there?  'svarm health --only ingress'");
	else if (none_well && !(s->server_errors > 0))
		buf_adds(&ret->remedy, "is it the right URL, with the right method and headers?");
	else
		buf_adds(&ret->remedy,
			"less load (fewer connections, a lower rate) shows whether it is "
			"overload; the function's log may say more");
}

/* A view of one part of the way, for comparison only: fast as it is, it may well keep the client
 * busy. */
static bool is_part(const struct http_view *v)
{
	return !strcmp(v->path, "gateway") || !strcmp(v->path, "function");
}

static void judge_view(const struct http_view *v, struct verdict *ret)
{
	_cleanup_free_ struct sum *s = sum_of(v);
	double p50 = median(v, offsetof(struct http_result, p50));
	double p99 = median(v, offsetof(struct http_result, p99));
	double rps = median(v, offsetof(struct http_result, rps));
	double kept_up = median(v, offsetof(struct http_result, kept_up_to));

	ret->state = HEALTH_OK;
	if (v->error) {
		ret->state = HEALTH_FAIL;
		buf_adds(&ret->text, v->error);
		buf_adds(&ret->remedy, "'svarm health' says what is wrong with the cluster");
		return;
	}
	if (s->failed > 0 || !(s->answers > 0)) {
		judge_failures(v, s, ret);
		return;
	}
	if (s->busiest > LOAD_BUSY && !is_part(v)) {
		ret->state = HEALTH_WARN;
		buf_addf(&ret->text,
			"no verdict: the processor of %s was the bottleneck (%.0f %% busy); ",
			!strcmp(v->from, "client") ? "this machine" : v->from, s->busiest * 100);
		buf_adds(&ret->remedy,
			"more threads, or a lower rate: what a busy client measures is itself");
	} else if (s->unsent > 0) {
		ret->state = HEALTH_WARN;
		buf_addf(&ret->text, "%.0f requests that were due found no free connection; ",
			s->unsent);
		buf_adds(&ret->remedy, "the server does not keep up with the rate, or there are "
				       "too few connections for its latency");
	} else if (v->unstable) {
		ret->state = HEALTH_WARN;
		buf_adds(&ret->text, "the rounds did not agree; ");
		buf_adds(&ret->remedy, "something else uses the machines, or the network between");
	}
	buf_addf(&ret->text, "p50 %.2f ms, p99 %.2f ms, %.0f answers/s", p50, p99, rps);
	if (isfinite(kept_up))
		buf_addf(&ret->text, kept_up > 0 ? "; kept up to %.0f/s" : "; kept up with no step",
			kept_up);
}

/* ---- all of them ---- */

static void add_figures(const struct http_view *v, struct section_result *ret)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct http_result *r = &v->rounds[i];
		double all = r->answers + r->no_answer;

		section_figure(ret, "p50", "ms", BETTER_LOWER, r->p50);
		section_figure(ret, "p90", "ms", BETTER_LOWER, r->p90);
		section_figure(ret, "p99", "ms", BETTER_LOWER, r->p99);
		section_figure(ret, "p999", "ms", BETTER_LOWER, r->p999);
		section_figure(ret, "rps", "1/s", BETTER_HIGHER, r->rps);
		if (all > 0)
			section_figure(ret, "errors", "%", BETTER_LOWER, r->failed / all * 100);
		section_figure(ret, "cpu_us", "us", BETTER_NONE, r->cpu_us);
		section_figure(ret, "lag_p99", "ms", BETTER_NONE, r->lag_p99);
	}
}

static void add_detail(const struct http_found *f, json_t *detail)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < f->views[i].n; k++)
			json_array_append(runs, f->views[i].rounds[k].run);
	json_object_set_new(detail, "runs", runs);
	if (f->hops)
		json_object_set(detail, "hops", f->hops);
}

/* "; of it operator's link 12 %, …" */
static void add_hops(const json_t *hops, struct buf *out)
{
	const char *comma = "; of one call ";
	const json_t *hop;
	size_t i;

	json_array_foreach(hops, i, hop)
	{
		buf_addf(out, "%s%s %.0f %%", comma, json_str(hop, "hop"),
			json_number_value(json_object_get(hop, "share")) * 100);
		comma = ", ";
	}
}

void http_judge(const struct http_found *f, struct section_result *ret)
{
	_cleanup_(verdict_done) struct verdict worst = {0};
	const struct http_view *of = &f->views[0];

	judge_view(of, &worst);
	if (worst.state == HEALTH_OK)
		add_hops(f->hops, &worst.text);
	for (size_t i = 1; i < f->n; i++) {
		struct verdict v = {0};

		judge_view(&f->views[i], &v);
		if (v.state > worst.state) {
			verdict_done(&worst);
			worst = v;
			of = &f->views[i];
		} else {
			verdict_done(&v);
		}
	}
	add_figures(&f->views[0], ret);
	add_detail(f, ret->detail);
	if (of == &f->views[0] && worst.state == HEALTH_OK)
		section_found(ret, worst.state, "%.900s", buf_str(&worst.text));
	else
		section_found(ret, worst.state, "%s to %s: %.900s", of->from, of->url,
			buf_str(&worst.text));
	if (worst.remedy.len)
		section_remedy(ret, "%s", buf_str(&worst.remedy));
}
