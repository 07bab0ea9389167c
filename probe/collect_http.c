/*
 * What a client sees: calls from this machine through the public nginx of every ingress node, all
 * at once.
 */
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"
#include "probe/evidence.h"

enum {
	CALL_MSEC = LIMIT_HTTP * 1000,
	CONNECT_MSEC = 4000,
	BODY_MAX = 64 * 1024,
	BODY_KEPT = 400,
	MAX_CONNECTIONS = 64,
};

struct call {
	struct arena *arena;
	struct http_seen *seen;
	size_t *left;
};

static void on_done(void *arg, struct http_response *rs, int code, const char *msg)
{
	struct call *c = arg;

	c->seen->status = rs->status;
	c->seen->seconds = (double)rs->duration / 1e6;
	if (rs->body.len)
		c->seen->body = arena_strndup(
			c->arena, buf_str(&rs->body), MIN_OF(rs->body.len, (size_t)BODY_KEPT));
	if (code < 0) {
		c->seen->status = 0;
		if (code == -ETIMEDOUT)
			c->seen->error = arena_printf(
				c->arena, "no answer within %d s", LIMIT_HTTP);
		else
			c->seen->error = arena_strdup(c->arena, msg ? msg : "no answer");
	}
	--*c->left;
}

static char *url_of(const struct evidence *ev, const struct spec_node *n, enum http_what what)
{
	const struct spec_faas *faas = &ev->cluster->faas;
	_cleanup_buf_ struct buf url = BUF_INIT;

	buf_addf(&url, strchr(n->address, ':') ? "http://[%s]" : "http://%s", n->address);
	switch (what) {
	case HTTP_FUNCTION: buf_addf(&url, "/function/%s", faas->functions[0].name); break;
	case HTTP_SYSTEM: buf_adds(&url, "/system/functions"); break;
	default: buf_adds(&url, "/healthz"); break;
	}
	return buf_steal(&url);
}

static void start(struct http_multi *m, struct evidence *ev, struct node_evidence *e,
	enum http_what what, size_t *left)
{
	struct call *c = arena_new(&ev->http_arena, struct call);
	_cleanup_free_ char *url = url_of(ev, e->node, what);
	const struct http_request rq = {
		.url = url,
		.connect_timeout_ms = CONNECT_MSEC,
		.timeout_ms = CALL_MSEC,
		.max_body = BODY_MAX,
		.discard = what == HTTP_FUNCTION,
	};
	_cleanup_err_ struct err err = ERR_INIT;

	*c = (struct call){&ev->http_arena, &e->http[what], left};
	if (http_multi_start(m, &rq, on_done, c, &err) < 0) {
		e->http[what].error = arena_strdup(&ev->http_arena, err_msg(&err));
		return;
	}
	++*left;
}

void collect_http(struct evidence *ev, const bool *cancel)
{
	struct http_multi *m = http_multi_new(MAX_CONNECTIONS);
	usec_t end = clock_now() + (CALL_MSEC + 2000) * USEC_PER_MSEC;
	size_t left = 0;

	for (size_t i = 0; i < ev->n; i++)
		for (int what = 0; what < N_HTTP; what++) {
			if (!(ev->nodes[i].node->roles & ROLE_INGRESS))
				continue;
			if (what == HTTP_FUNCTION && !ev->cluster->faas.n_functions)
				continue;
			start(m, ev, &ev->nodes[i], what, &left);
		}
	while (left && clock_now() < end) {
		if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
			break;
		if (http_multi_wait(m, 100, NULL, 0, NULL) < 0)
			break;
	}
	http_multi_free(m);
}
