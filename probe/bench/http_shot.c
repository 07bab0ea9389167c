/* One load run: see http_shot.h. */
#include "probe/bench/http_shot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"
#include "probe/bench/remote.h"
#include "probe/load/report.h"
#include "probe/load/rounds.h"

enum { MAX_RESULT = 16 * 1024 * 1024 };
/* For what is under way at the end of a run. */
#define END_MARGIN (30 * USEC_PER_SEC)

struct shooting {
	const struct bench *b;
	const struct http_shot *shot;
	volatile sig_atomic_t cancel; /* as the load engine wants it */
	_Atomic bool over;
};

static void say(const struct shooting *g, double elapsed, double answers, double errors, double p50,
	double p99)
{
	const struct http_shot *s = g->shot;

	if (s->quiet)
		return;
	bench_say(g->b, "%s to %s, %.0f s: %.0f answers/s, p50 %.2f ms, p99 %.2f ms%s", s->from,
		s->path, elapsed, elapsed > 0 ? answers / elapsed : 0, p50, p99,
		errors > 0 ? ", some failed" : "");
}

/* ---- from here ---- */

static void on_progress(void *arg, const struct load_progress *p)
{
	say(arg, p->elapsed, (double)p->answers, (double)p->errors, (double)p->p50 / 1e6,
		(double)p->p99 / 1e6);
}

/* Hands the wish to stop from one kind of variable to the other. */
static void *watch_cancel(void *arg)
{
	struct shooting *g = arg;

	while (!g->over) {
		g->cancel = bench_cancelled(g->b);
		clock_sleep(20 * USEC_PER_MSEC);
	}
	return NULL;
}

static int run_load(
	struct shooting *g, const struct load_options *o, struct load_result *ret, struct err *err)
{
	pthread_t watcher;
	int r;

	r = -pthread_create(&watcher, NULL, watch_cancel, g);
	if (r < 0)
		return err_errno(err, r, "unable to start a thread");
	r = g->shot->ramp_to > 0 ? load_ramp(o, g->shot->ramp_to, 0, ret, err)
				 : load_run(o, ret, err);
	g->over = true;
	pthread_join(watcher, NULL);
	if (r == 0 && g->cancel)
		r = err_set(err, ERR_INTR, "interrupted");
	return r;
}

static int read_report(const struct http_shot *s, const struct load_options *o,
	const struct load_result *result, struct http_result *ret, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_json_ json_t *doc = NULL;
	int r;

	load_report_json(s->url, o, result, &text);
	r = json_parse(buf_str(&text), text.len, MAX_RESULT, &doc, err);
	return r < 0 ? r : http_read(doc, ret, err);
}

static int shoot_here(struct shooting *g, struct http_result *ret, struct err *err)
{
	const struct http_shot *s = g->shot;
	const struct bench_options *bo = g->b->o;
	_cleanup_free_ struct load_result *result = xcalloc(1, sizeof(*result));
	_cleanup_(target_done) struct target target = {0};
	struct target_request rq = {.method = bo->method,
		.headers = bo->headers,
		.n_headers = bo->n_headers,
		.body = bo->body,
		.body_len = bo->body_len,
		.fresh = bo->fresh};
	struct load_options o = {.target = &target,
		.connections = s->connections,
		.threads = s->threads,
		.rate = s->rate,
		.duration = s->duration,
		.warmup = s->warmup,
		.timeout = s->timeout,
		.fresh = bo->fresh,
		.insecure = bo->insecure,
		.cancel = &g->cancel,
		.progress = on_progress,
		.arg = g};
	int r;

	r = target_make(s->url, &rq, &target, err);
	if (r == 0)
		r = run_load(g, &o, result, err);
	if (r == 0)
		r = read_report(s, &o, result, ret, err);
	load_result_done(result);
	return r;
}

/* ---- from a node ---- */

static void on_remote_progress(void *arg, const json_t *p)
{
	say(arg, clean_number(p, "elapsed", 0, 1e9), clean_number(p, "answers", 0, 1e15),
		clean_number(p, "errors", 0, 1e15), clean_number(p, "p50", 0, 1e9),
		clean_number(p, "p99", 0, 1e9));
}

/* As probe/load/request.h has it: through standard input, for headers may be secrets. */
static void write_request(const struct bench_options *o, const char *url, struct buf *out)
{
	buf_addf(out, "%s %s\n", o->method ? o->method : o->body ? "POST" : "GET", url);
	for (size_t i = 0; i < o->n_headers; i++)
		buf_addf(out, "%s\n", o->headers[i]);
	if (!o->body)
		return;
	buf_addc(out, '\n');
	buf_add(out, o->body, o->body_len);
}

/* The arguments of svarm-probe load, as text in @a. */
static const char **arguments_of(const struct bench *b, const struct http_shot *s, struct arena *a)
{
	const char **v = arena_array(a, const char *, 32);
	size_t n = 0;

	v[n++] = "load";
	v[n++] = "--progress";
	v[n++] = "--request=-";
	v[n++] = arena_printf(a, "--connections=%u", s->connections);
	v[n++] = arena_printf(a, "--threads=%u", s->threads);
	v[n++] = arena_printf(a, "--duration=%.6f", (double)s->duration / 1e6);
	v[n++] = arena_printf(a, "--warmup=%.6f", (double)s->warmup / 1e6);
	v[n++] = arena_printf(a, "--timeout=%.6f", (double)s->timeout / 1e6);
	if (s->rate > 0)
		v[n++] = arena_printf(a, "--rate=%.15g", s->rate);
	if (s->ramp_to > 0)
		v[n++] = arena_printf(a, "--ramp-to=%.15g", s->ramp_to);
	if (b->o->fresh)
		v[n++] = "--fresh";
	if (b->o->insecure)
		v[n++] = "--insecure";
	return v;
}

static int shoot_there(struct shooting *g, struct http_result *ret, struct err *err)
{
	const struct http_shot *s = g->shot;
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_(buf_wipe) struct buf request = BUF_INIT;
	_cleanup_json_ json_t *result = NULL;
	struct agent_command c = {.container = s->container};
	int r;

	buf_reserve(&request, 64 * 1024 + g->b->o->body_len);
	write_request(g->b->o, s->url, &request);
	c.argv = arguments_of(g->b, s, &a);
	c.input = request.data;
	c.input_len = request.len;
	/* A ramp's steps have a warm-up each. */
	c.deadline = s->duration + 12 * s->warmup + s->timeout + END_MARGIN;
	r = remote_run(s->agent, &c, on_remote_progress, g, &result, err);
	return r < 0 ? r : http_read(result, ret, err);
}

int http_shoot(
	const struct bench *b, const struct http_shot *s, struct http_result *ret, struct err *err)
{
	struct shooting g = {.b = b, .shot = s};
	int r;

	r = s->agent ? shoot_there(&g, ret, err) : shoot_here(&g, ret, err);
	if (r < 0)
		return r;
	json_object_set_new(ret->run, "from", json_string(s->from));
	json_object_set_new(ret->run, "path", json_string(s->path));
	if (s->round)
		json_object_set_new(ret->run, "round", json_integer(s->round));
	return 0;
}
