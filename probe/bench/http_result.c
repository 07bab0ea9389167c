/* What a load run says of itself: see http_result.h. */
#include "probe/bench/http_result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "probe/bench/clean.h"

#define MOST 1e15
enum { MAX_SERIES = 4000, MAX_STEPS = 100, MAX_URL = 2000 };

static double number(const json_t *o, const char *key)
{
	return clean_number(o, key, 0, MOST);
}

static double number_or_0(const json_t *o, const char *key)
{
	double n = number(o, key);

	return isfinite(n) ? n : 0;
}

/* ---- counts ---- */

static void read_statuses(const json_t *from, struct http_result *ret, json_t *run)
{
	json_t *clean = json_object();

	for (int i = 100; i < LOAD_STATUSES; i++) {
		char key[12];

		snprintf(key, sizeof(key), "%d", i);
		ret->statuses[i] = number_or_0(from, key);
		if (i >= 500)
			ret->server_errors += ret->statuses[i];
		if (ret->statuses[i] > 0)
			clean_copy(from, clean, key, MOST);
	}
	json_object_set_new(run, "status", clean);
}

static void read_errors(const json_t *from, struct http_result *ret, json_t *run)
{
	json_t *clean = json_object();

	for (int i = 0; i < N_LOAD_ERRORS; i++) {
		ret->errors[i] = number_or_0(from, load_error_names[i]);
		ret->no_answer += ret->errors[i];
		clean_copy(from, clean, load_error_names[i], MOST);
	}
	json_object_set_new(run, "errors", clean);
}

static void read_text(const json_t *o, const char *key, size_t max, json_t *run)
{
	const char *text = json_str(o, key);

	if (text)
		json_set_text(run, key, text, MIN_OF(strlen(text), max));
}

/* ---- arrays of objects of numbers ---- */

static void read_rows(
	const json_t *from, const char *const *keys, size_t most, const char *name, json_t *run)
{
	json_t *rows = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach(from, i, row)
	{
		json_t *clean = json_object();

		for (size_t k = 0; keys[k]; k++)
			clean_copy(row, clean, keys[k], MOST);
		json_array_append_new(rows, clean);
		if (i + 1 >= most)
			break;
	}
	json_object_set_new(run, name, rows);
}

static void read_distributions(const json_t *o, json_t *run)
{
	static const char *const names[] = {"latency_ms", "service_ms", "lag_ms"};
	json_t *clean;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		clean = clean_latency(json_obj(o, names[i]));
		if (clean)
			json_object_set_new(run, names[i], clean);
	}
	clean = clean_nines(json_arr(o, "nines"));
	if (clean)
		json_object_set_new(run, "nines", clean);
}

static void read_series(const json_t *o, json_t *run)
{
	static const char *const points[] = {
		"t", "seconds", "answers", "errors", "p50", "p99", NULL};
	static const char *const steps[] = {
		"rate", "rps", "p50", "p99", "answers", "errors", "unsent", NULL};

	read_rows(json_arr(o, "series"), points, MAX_SERIES, "series", run);
	if (json_arr(o, "steps")) {
		read_rows(json_arr(o, "steps"), steps, MAX_STEPS, "steps", run);
		clean_copy(o, run, "kept_up_to", MOST);
	}
}

static void read_cpu(const json_t *o, struct http_result *ret, json_t *run)
{
	static const char *const keys[] = {"seconds", "us_per_answer", "busiest"};
	const json_t *cpu = json_obj(o, "cpu");
	json_t *clean = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		clean_copy(cpu, clean, keys[i], MOST);
	json_object_set_new(run, "cpu", clean);
	ret->cpu_us = number(cpu, "us_per_answer");
	ret->busiest = number(cpu, "busiest");
	ret->client_bound = ret->busiest > LOAD_BUSY;
	json_object_set_new(run, "client_bound", json_boolean(ret->client_bound));
}

int http_read(const json_t *o, struct http_result *ret, struct err *err)
{
	static const char *const counts[] = {"connections", "threads", "rate", "seconds", "answers",
		"failed", "unsent", "rps", "bytes_in", "connects"};
	struct http_result r = {
		.answers = number(o, "answers"),
		.failed = number(o, "failed"),
		.rps = number(o, "rps"),
		.seconds = number(o, "seconds"),
		.unsent = number_or_0(o, "unsent"),
		.kept_up_to = number(o, "kept_up_to"),
	};
	const json_t *latency = json_obj(o, "latency_ms");
	const char *why = json_str(o, "connect_error"), *tls = json_str(o, "tls_error");

	if (!isfinite(r.answers) || !isfinite(r.failed) || !isfinite(r.rps) || !isfinite(r.seconds))
		return err_set(err, -EBADMSG, "what svarm-probe load printed is no result");
	r.run = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		clean_copy(o, r.run, counts[i], MOST);
	read_text(o, "url", MAX_URL, r.run);
	read_text(o, "connect_error", sizeof(r.connect_error), r.run);
	snprintf(r.connect_error, sizeof(r.connect_error), "%s", why ? why : "");
	snprintf(r.tls_error, sizeof(r.tls_error), "%s", tls ? tls : "");
	read_statuses(json_obj(o, "status"), &r, r.run);
	read_errors(json_obj(o, "errors"), &r, r.run);
	read_distributions(o, r.run);
	read_series(o, r.run);
	read_cpu(o, &r, r.run);
	if (r.answers > 0) {
		r.p50 = number(latency, "p50");
		r.p90 = number(latency, "p90");
		r.p99 = number(latency, "p99");
		r.p999 = number(latency, "p999");
	} else {
		r.p50 = r.p90 = r.p99 = r.p999 = r.cpu_us = NAN;
	}
	r.lag_p99 = clean_number(json_obj(r.run, "lag_ms"), "p99", 0, MOST);
	*ret = r;
	return 0;
}

void http_result_done(struct http_result *r)
{
	json_decref(r->run);
	r->run = NULL;
}

/* ---- hops ---- */

json_t *http_hops(const struct http_points *p)
{
	static const char *const names[] = {"operator's link", "nginx", "gateway", "function"};
	const double points[] = {p->client, p->ingress, p->gateway, p->function};
	double adds[4], sum = 0;
	size_t known = 0;
	json_t *hops;

	for (size_t i = 0; i < 4; i++) {
		double inner = 0;
		bool last = true;

		adds[i] = NAN;
		if (!isfinite(points[i]))
			continue;
		known++;
		/* Up to the next point that is known; a hop in between is part of this one. */
		for (size_t k = i + 1; k < 4 && last; k++)
			if (isfinite(points[k])) {
				inner = points[k];
				last = false;
			}
		adds[i] = fmax(points[i] - inner, 0);
		sum += adds[i];
	}
	if (known < 2)
		return NULL;
	hops = json_array();
	for (size_t i = 0; i < 4; i++) {
		json_t *hop;

		if (!isfinite(adds[i]))
			continue;
		hop = json_object();
		json_object_set_new(hop, "hop", json_string(names[i]));
		json_object_set_new(hop, "ms", json_real(adds[i]));
		json_object_set_new(hop, "share", json_real(sum > 0 ? adds[i] / sum : 0));
		json_array_append_new(hops, hop);
	}
	return hops;
}
