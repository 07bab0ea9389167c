/*
 * Callbacks: the function's answer, sent to where the caller wanted it.  They have connections of
 * their own, shared out by hosts.h, and tries of their own; whatever becomes of them, the call is
 * over.
 */
#include "faas/common/log.h"
#include "faas/worker/verdict.h"
#include "faas/worker/work_state.h"

enum { CALLBACK_TRIES = 4, CONNECT_MS = 2000 };

static const char **callback_headers(const struct job *j, struct arena *a)
{
	static const char *const ours[] = {"X-Function-Status", "X-Function-Name", "X-Call-Id",
		"X-Duration-Seconds", "Host", "Content-Length", "Expect"};
	const char **h = arena_array(a, const char *, j->headers_n + 8);
	bool typed = false;
	size_t n = 0;

	for (size_t i = 0; i < j->headers_n; i++) {
		const struct http_header *jh = &j->headers[i];
		bool skip = http_is_hop_by_hop(jh->name) || !*jh->value;

		for (size_t k = 0; k < ARRAY_SIZE(ours); k++)
			skip |= !strcasecmp(jh->name, ours[k]);
		if (skip)
			continue;
		typed |= !strcasecmp(jh->name, "Content-Type");
		h[n++] = arena_printf(a, "%s: %s", jh->name, jh->value);
	}
	if (!typed)
		h[n++] = "Content-Type:";
	h[n++] = arena_printf(a, "X-Function-Status: %d", j->status ? j->status : 503);
	h[n++] = arena_printf(a, "X-Function-Name: %s", j->e.fn);
	h[n++] = arena_printf(a, "X-Call-Id: %s", j->e.call_id);
	h[n++] = arena_printf(a, "X-Duration-Seconds: %f", (double)j->duration / USEC_PER_SEC);
	return h;
}

/* A try has failed, sent or not. */
static void failed(struct job *j, const char *why)
{
	const struct config *c = j->w->c;

	j->state = ST_ANSWERED;
	if (++j->callbacks < CALLBACK_TRIES) {
		job_pause(j, backoff_ms(c->retry_ms, c->retry_max_ms, j->callbacks - 1,
				     random_number()));
		return;
	}
	log_warn("%s %s: callback given up: %s", j->e.fn, j->e.call_id, why);
	call_settled(j);
}

/* Not sent, because the host has just failed another one. */
static void refused(struct job *j)
{
	char why[sizeof(j->host->problem) + 40];

	snprintf(why, sizeof(why), "its host does not answer: %s", j->host->problem);
	failed(j, why);
}

void callback_due(struct job *j)
{
	if (!hosts_enqueue(&j->w->hosts, j->host, j, clock_now()))
		refused(j);
}

/* What follows for others from a callback to @h. */
static void tell_others(struct work *w, struct host *h)
{
	struct job *j;

	while ((j = hosts_refused(h)))
		refused(j);
	while (h->state == HOST_FAILING && (j = hosts_unblocked(&w->hosts, h, clock_now())))
		list_add(&j->lane->ready, j);
}

static void on_sent(void *arg, struct http_response *rs, int code, const char *msg)
{
	struct job *j = arg;
	struct work *w = j->w;
	struct host *h = j->host;
	char status[32];

	snprintf(status, sizeof(status), "HTTP status %d", rs->status);
	w->under_way--;
	if (code < 0)
		snprintf(h->problem, sizeof(h->problem), "%s", msg);
	h->jobs++; /* may not go before the end of this */
	hosts_ended(&w->hosts, h, code == 0, clock_now());
	if (j->state == ST_LOST) {
		job_free(j);
	} else if (code < 0 || rs->status >= 500 || rs->status == 429) {
		failed(j, code < 0 ? msg : status);
	} else {
		j->state = ST_ANSWERED;
		call_settled(j);
	}
	tell_others(w, h);
	hosts_drop(&w->hosts, h, clock_now());
}

static void start(struct job *j)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct work *w = j->w;
	struct http_request rq = {.method = "POST",
		.url = j->e.callback,
		.headers = callback_headers(j, &a),
		.body = j->body.data,
		.body_len = j->body.len,
		.connect_timeout_ms = CONNECT_MS,
		.timeout_ms = (unsigned)w->c->callback_timeout_ms,
		.discard = true};

	w->under_way++;
	j->state = ST_CALLBACK;
	if (http_multi_start(w->http, &rq, on_sent, j, &err) == 0)
		return;
	log_error("%s", err_msg(&err));
	snprintf(j->host->problem, sizeof(j->host->problem), "%s", err_msg(&err));
	w->under_way--;
	hosts_ended(&w->hosts, j->host, false, clock_now());
	failed(j, err_msg(&err));
}

void callbacks_start(struct work *w)
{
	struct job *j;

	while ((j = hosts_next(&w->hosts, clock_now())))
		start(j);
}
