/*
 * One run of benchmarks: choose the sections, see the cluster if one of them needs it, run them one
 * after the other, and make the document.  See bench.h.
 */
#include "probe/bench/bench.h"

#include <ctype.h>
#include <pthread.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"
#include "lib/spec/suggest.h"
#include "probe/bench/document.h"
#include "probe/bench/environment.h"
#include "probe/bench/section.h"

enum { DEFAULT_ROUNDS = 3 };

size_t bench_n_sections(void)
{
	return n_bench_sections;
}

struct bench_section_info bench_section_at(size_t i)
{
	const struct section *s = bench_sections[i];

	return (struct bench_section_info){s->name, s->summary, s->only_named};
}

/* ---- which sections ---- */

struct run {
	struct bench b;
	struct fleet *fleet;
	const struct section **sections;
	size_t n;
	unsigned needs; /* of all of them */
	struct evidence evidence;
	json_t *doc; /* owned */
};

static unsigned needs_of(const struct section *s, const struct bench_options *o)
{
	return s->needs_of ? s->needs_of(o) : s->needs;
}

static int unknown_section(const char *name, struct err *err)
{
	_cleanup_free_ const char **words = xcalloc(n_bench_sections, sizeof(*words));
	_cleanup_buf_ struct buf shown = BUF_INIT, all = BUF_INIT;
	const char *near;

	for (size_t i = 0; i < n_bench_sections; i++) {
		words[i] = bench_sections[i]->name;
		buf_addf(&all, "%s%s", i ? ", " : "", words[i]);
	}
	escape_text(&shown, name, MIN_OF(strlen(name), (size_t)60), false);
	near = suggest(name, words, n_bench_sections);
	if (near)
		return err_set(err, -EINVAL, "no section is named '%s'; did you mean '%s'?",
			buf_str(&shown), near);
	return err_set(err, -EINVAL, "no section is named '%s'; there are %s", buf_str(&shown),
		buf_str(&all));
}

int bench_check_sections(const char *const *names, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		bool known = false;

		for (size_t k = 0; k < n_bench_sections; k++)
			known |= !strcmp(bench_sections[k]->name, names[i]);
		if (!known)
			return unknown_section(names[i], err);
	}
	return 0;
}

static bool wanted(const struct section *s, const struct bench_options *o, bool cluster)
{
	for (size_t i = 0; i < o->n_sections; i++)
		if (!strcmp(o->sections[i], s->name))
			return true;
	return !o->n_sections && !s->only_named && (cluster || !needs_of(s, o));
}

static int choose(struct run *x, const struct bench_options *o, struct err *err)
{
	int r = bench_check_sections(o->sections, o->n_sections, err);

	if (r < 0)
		return r;
	x->sections = xcalloc(n_bench_sections, sizeof(*x->sections));
	for (size_t i = 0; i < n_bench_sections; i++) {
		const struct section *s = bench_sections[i];

		if (!wanted(s, o, x->fleet != NULL))
			continue;
		if (!x->fleet && needs_of(s, o))
			return err_set(err, -EINVAL,
				"'%s' is measured in a cluster, and there is none", s->name);
		x->sections[x->n++] = s;
		x->needs |= needs_of(s, o);
	}
	if (!x->n)
		return err_set(err, -EINVAL, "without a cluster a URL is needed");
	return 0;
}

/* ---- the document ---- */

static void set_seconds(json_t *o, const char *key, usec_t value)
{
	if (value)
		json_object_set_new(o, key, document_real((double)value / 1e6));
}

static void set_number(json_t *o, const char *key, double value)
{
	if (value > 0)
		json_object_set_new(o, key, document_real(value));
}

static void set_flag(json_t *o, const char *key, bool value)
{
	if (value)
		json_object_set_new(o, key, json_true());
}

/* A header may be a password: its name alone. */
static json_t *header_names(const struct bench_options *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->n_headers; i++) {
		_cleanup_buf_ struct buf name = BUF_INIT;

		for (const char *p = o->headers[i]; *p && *p != ':'; p++)
			buf_addc(&name, (char)tolower((unsigned char)*p));
		json_array_append_new(list, strchr(o->headers[i], ':')
						    ? json_stringn(buf_str(&name), name.len)
						    : json_null());
	}
	return list;
}

/* What was asked for, as far as it was: runs under different loads must not be compared unsaid. */
static json_t *options_of(const struct run *x)
{
	const struct bench_options *o = x->b.o;
	json_t *j = json_object(), *list = json_array(), *from = json_array();

	for (size_t i = 0; i < x->n; i++)
		json_array_append_new(list, json_string(x->sections[i]->name));
	json_object_set_new(j, "sections", list);
	json_object_set_new(j, "rounds", json_integer(x->b.rounds));
	if (o->url)
		json_set_text(j, "url", o->url, strlen(o->url));
	if (o->method)
		json_set_text(j, "method", o->method, strlen(o->method));
	if (o->n_headers)
		json_object_set_new(j, "headers", header_names(o));
	if (o->body)
		json_object_set_new(j, "body_bytes", json_integer((json_int_t)o->body_len));
	set_number(j, "connections", o->connections);
	set_number(j, "threads", o->threads);
	set_number(j, "rate", o->rate);
	set_number(j, "ramp_to", o->ramp_to);
	set_seconds(j, "duration", o->duration);
	set_seconds(j, "warmup", o->warmup);
	set_seconds(j, "timeout", o->timeout);
	set_seconds(j, "sustain", o->sustain);
	set_number(j, "calls", o->calls);
	set_flag(j, "fresh", o->fresh);
	set_flag(j, "insecure", o->insecure);
	set_flag(j, "until_stable", o->until_stable);
	set_flag(j, "ab", o->ab);
	for (size_t i = 0; i < o->n_from; i++)
		json_array_append_new(from, json_string(o->from[i]));
	if (o->n_from)
		json_object_set(j, "from", from);
	json_decref(from);
	return j;
}

static json_t *document_new(const struct run *x)
{
	_cleanup_buf_ struct buf started = BUF_INIT;
	json_t *doc = json_object();

	clock_rfc3339(&started, (time_t)clock_wall());
	json_object_set_new(doc, "format", json_string(DOCUMENT_FORMAT));
	json_object_set_new(doc, "svarm", json_string(SVARM_VERSION));
	json_object_set_new(doc, "cluster",
		x->fleet ? json_string(fleet_cluster(x->fleet)->name) : json_null());
	json_object_set_new(doc, "run",
		x->fleet ? json_string(fleet_options_of(x->fleet)->run_id) : json_null());
	json_object_set_new(doc, "started", json_stringn(buf_str(&started), started.len));
	json_object_set_new(doc, "client", environment_client());
	json_object_set_new(doc, "nodes", json_array());
	json_object_set_new(doc, "options", options_of(x));
	json_object_set_new(doc, "sections", json_object());
	json_object_set_new(doc, "thresholds", json_array());
	return doc;
}

static json_t *figure_of(const struct figure *f)
{
	static const char *const better[] = {
		[BETTER_NONE] = "none", [BETTER_LOWER] = "lower", [BETTER_HIGHER] = "higher"};
	json_t *o = json_object(), *rounds = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(rounds, document_real(document_round(f->rounds[i], f->unit)));
	json_object_set_new(
		o, "value", document_real(document_round(median_of(f->rounds, f->n), f->unit)));
	json_object_set_new(o, "unit", json_string(f->unit));
	json_object_set_new(o, "better", json_string(better[f->better]));
	json_object_set_new(o, "rounds", rounds);
	return o;
}

/* Takes the detail. */
static json_t *section_of(struct section_result *r, double seconds)
{
	json_t *o = json_object(), *figures = json_object();

	for (size_t i = 0; i < r->n_figures; i++)
		json_object_set_new(figures, r->figures[i].name, figure_of(&r->figures[i]));
	json_object_set_new(o, "state", json_string(health_state_name(r->state)));
	json_object_set_new(o, "text", json_null());
	if (r->text)
		json_set_text(o, "text", r->text, strlen(r->text));
	json_object_set_new(o, "remedy", json_null());
	if (r->remedy)
		json_set_text(o, "remedy", r->remedy, strlen(r->remedy));
	json_object_set_new(o, "seconds", document_real(document_round(seconds, "s")));
	json_object_set_new(o, "figures", figures);
	json_object_set_new(o, "detail", TAKE_PTR(r->detail));
	return o;
}

/* ---- one section ---- */

static void result_done(struct section_result *r)
{
	free(r->figures);
	json_decref(r->detail);
	arena_done(&r->arena);
}

/* Why no node can measure; NULL: one at least can. */
static const char *no_agent(const struct run *x)
{
	const char *why = "there are no nodes";

	for (size_t i = 0; i < fleet_size(x->fleet); i++) {
		const char *error = agent_error(agents_at(x->b.agents, i));

		if (!error)
			return NULL;
		why = i ? why : error;
	}
	return why;
}

static int run_section(struct run *x, const struct section *s, struct err *err)
{
	_cleanup_(result_done) struct section_result result = {.detail = json_object()};
	_cleanup_err_ struct err why = ERR_INIT;
	const char *missing = needs_of(s, x->b.o) & BENCH_AGENTS ? no_agent(x) : NULL;
	usec_t start = clock_now();
	int r = 0;

	x->b.section = s->name;
	if (missing)
		section_found(&result, HEALTH_SKIP, "svarm-probe runs on no node: %s", missing);
	else
		r = s->run(&x->b, &result, &why);
	if (r == ERR_INTR || bench_cancelled(&x->b))
		return err_set(err, ERR_INTR, "interrupted");
	if (r < 0)
		section_found(&result, HEALTH_FAIL, "could not be measured: %s", err_msg(&why));
	json_object_set_new(json_obj(x->doc, "sections"), s->name,
		section_of(&result, (double)(clock_now() - start) / 1e6));
	return 0;
}

/* ---- the run ---- */

static int see_cluster(struct run *x, struct err *err)
{
	json_t *nodes;
	int r;

	x->b.section = "bench";
	bench_say(&x->b, "looking at the nodes");
	r = evidence_collect(x->fleet, NEED_NODES, &x->evidence, err);
	if (r >= 0)
		r = environment_nodes(x->fleet, &nodes, err);
	if (r < 0)
		return r;
	json_object_set_new(x->doc, "nodes", nodes);
	x->b.evidence = &x->evidence;
	if (!(x->needs & BENCH_AGENTS))
		return 0;
	bench_say(&x->b, "starting svarm-probe on the nodes");
	return agents_open(x->fleet, x->b.o->cancel, &x->b.agents, err);
}

static int run_all(struct run *x, struct err *err)
{
	usec_t start = clock_now();
	int r = 0;

	x->doc = document_new(x);
	if (x->needs)
		r = see_cluster(x, err);
	for (size_t i = 0; i < x->n && r >= 0; i++)
		r = run_section(x, x->sections[i], err);
	if (r < 0)
		return r;
	json_object_set_new(x->doc, "seconds",
		document_real(document_round((double)(clock_now() - start) / 1e6, "s")));
	document_judge(x->doc);
	return 0;
}

int bench_run(struct fleet *f, const struct bench_options *o, json_t **ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct run x = {
		.fleet = f,
		.b = {.o = o,
			.cluster = f ? fleet_cluster(f) : NULL,
			.rounds = o->rounds ? o->rounds : DEFAULT_ROUNDS},
	};
	int r = choose(&x, o, err);

	pthread_once(&once, http_global_init);
	if (r >= 0)
		r = run_all(&x, err);
	if (r >= 0)
		*ret = TAKE_PTR(x.doc);
	agents_close(x.b.agents);
	evidence_done(&x.evidence);
	json_decref(x.doc);
	free(x.sections);
	return r < 0 ? r : 0;
}
