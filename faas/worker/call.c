/* Calling the function, and what follows from its answer: see work.h. */
#include "faas/common/log.h"
#include "faas/worker/verdict.h"
#include "faas/worker/work_state.h"

enum {
	MAX_RESULT = 32 << 20, /* of a function's answer that a callback carries */
	CONNECT_MS = 3000,
	WAIT_BASE_MS = 200,
	WAIT_MAX_MS = 5000,
	UNKNOWN_MS = 15000, /* how long a function may be unknown that once was known */
};

static unsigned attempts_of(const struct job *j)
{
	return j->e.tried + j->deliveries + j->attempts;
}

/* Ours to set, or curl's: the gateway lets none of them in, but Redis is a shared place.  A second
 * length would let a body pass for the next call on the connection. */
static bool is_ours(const char *name)
{
	static const char *const names[] = {"Host", "Content-Length", "Expect", "X-Call-Id",
		"X-Start-Time", "X-Delivery-Attempt"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return http_is_hop_by_hop(name);
}

/* The entry's headers and ours, as lines ended by NULL. */
static const char **call_headers(const struct job *j, struct arena *a)
{
	const char **h = arena_array(a, const char *, j->e.headers_n + 8);
	bool typed = false;
	size_t n = 0;

	for (size_t i = 0; i < j->e.headers_n; i++) {
		const struct entry_header *eh = &j->e.headers[i];

		if (is_ours(eh->name) || !*eh->value)
			continue;
		typed |= !strcasecmp(eh->name, "Content-Type");
		h[n++] = arena_printf(a, "%s: %s", eh->name, eh->value);
	}
	if (!typed)
		h[n++] = "Content-Type:"; /* curl would make one up */
	h[n++] = arena_printf(a, "X-Call-Id: %s", j->e.call_id);
	h[n++] = arena_printf(a, "X-Start-Time: %llu", (unsigned long long)j->e.enqueued_ns);
	h[n++] = arena_printf(a, "X-Delivery-Attempt: %u", attempts_of(j) + 1);
	return h;
}

/* Answers on their way to callbacks have a limit together.  One of them may exceed it, so that they
 * never wait for each other. */
static bool room(void *arg, size_t len)
{
	struct job *j = arg;
	struct work *w = j->w;

	if (w->answer_bytes + len > (size_t)w->c->max_answer_bytes) {
		if (w->over && w->over != j)
			return false;
		w->over = j;
	}
	j->answer_bytes += len;
	w->answer_bytes += len;
	return true;
}

static void take_answer(struct job *j, struct http_response *rs, int code, const char *msg)
{
	j->duration = rs->duration;
	if (code < 0 && code != -EFBIG) {
		job_forget_answer(j);
		snprintf(j->reason, sizeof(j->reason), "%s", msg);
		return;
	}
	j->status = rs->status;
	snprintf(j->reason, sizeof(j->reason), "HTTP status %d", rs->status);
	if (!j->host)
		return;
	j->headers = TAKE_PTR(rs->headers);
	j->headers_n = rs->headers_n;
	rs->headers_n = rs->headers_cap = 0;
	if (code == 0) {
		j->body = rs->body;
		rs->body = BUF_INIT;
	}
	j->answer_bytes += rs->headers_bytes + ANSWER_OVERHEAD;
	j->w->answer_bytes += rs->headers_bytes + ANSWER_OVERHEAD;
}

void call_bury(struct job *j)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (feed_bury(j->w->feed, j->lane, j->id, j->reason, j->status, attempts_of(j), &err) < 0) {
		log_warn("%s %s: not in the dead-letter stream yet: %s", j->e.fn, j->e.call_id,
			err_msg(&err));
		j->state = ST_BURY;
		job_pause(j, IDLE_WAIT_MS);
		return;
	}
	log_warn("%s %s: given up: %s", j->e.fn, j->e.call_id, j->reason);
	job_free(j);
}

static void finish(struct job *j)
{
	if (j->dead)
		call_bury(j);
	else
		job_finish(j);
}

void call_settled(struct job *j)
{
	struct work *w = j->w;

	if (!j->host || j->state == ST_ANSWERED) {
		finish(j);
		return;
	}
	j->state = ST_ANSWERED;
	if (hosts_answer(&w->hosts, j->host, j->answer_bytes, clock_now())) {
		j->in_line = true;
		callback_due(j);
		return;
	}
	log_warn("%s %s: callback given up: too many wait for '%s' and others that do not answer",
		j->e.fn, j->e.call_id, j->host->name);
	finish(j);
}

static void retry_later(struct job *j)
{
	const struct config *c = j->w->c;
	const struct retry *r = &j->e.retry;
	unsigned most = r->attempts ? r->attempts : (unsigned)c->max_attempts;
	long min = r->min_ms ? r->min_ms : c->retry_ms;
	long max = MAX_OF(r->max_ms ? r->max_ms : c->retry_max_ms, min);

	j->attempts++;
	log_info("%s %s: attempt %u failed: %s", j->e.fn, j->e.call_id, attempts_of(j), j->reason);
	if (j->e.tried + j->attempts >= most) {
		j->dead = true;
		call_settled(j);
		return;
	}
	job_forget_answer(j);
	job_pause(j, backoff_ms(min, max, j->attempts - 1, random_number()));
}

/* What WAIT becomes when the gateway has said so for long. */
static enum verdict waited_enough(const struct job *j, enum verdict v)
{
	usec_t age = clock_now() - j->taken;

	if (j->status == 404)
		return age > UNKNOWN_MS * USEC_PER_MSEC ? VERDICT_DONE : v;
	return age > (usec_t)j->w->c->max_wait_ms * USEC_PER_MSEC ? VERDICT_RETRY : v;
}

static void on_called(void *arg, struct http_response *rs, int code, const char *msg)
{
	struct job *j = arg;
	struct work *w = j->w;
	/* The gateway's own answer: no task runs; or it does not know what the one that accepted
	 * the call knew, because one of them is behind. */
	bool gateway = http_response_header(rs, "X-Svarm-Reason") != NULL;
	/* An answer that is merely too large is an answer. */
	enum verdict v = verdict_of(&j->e.retry, code == -EFBIG ? 0 : code, rs->status, gateway);

	w->calling--;
	w->under_way--;
	j->lane->calling--;
	if (j->state == ST_LOST) {
		job_free(j);
		return;
	}
	take_answer(j, rs, code, msg);
	if (v == VERDICT_WAIT && gateway)
		v = waited_enough(j, v);
	if (v == VERDICT_DONE) {
		log_debug("%s %s: %s", j->e.fn, j->e.call_id, j->reason);
		call_settled(j);
		return;
	}
	j->state = ST_READY;
	if (v == VERDICT_RETRY) {
		retry_later(j);
		return;
	}
	job_forget_answer(j);
	job_pause(j, backoff_ms(WAIT_BASE_MS, WAIT_MAX_MS, j->waits++, random_number()));
}

void call_start(struct job *j)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct work *w = j->w;
	struct http_request rq = {.method = j->e.method,
		.headers = call_headers(j, &a),
		.body = j->e.body,
		.body_len = j->e.body_len,
		.connect_timeout_ms = CONNECT_MS,
		.timeout_ms = (unsigned)w->c->exec_timeout_ms,
		.max_body = MAX_RESULT,
		.discard = !j->host,
		.room = room,
		.arg = j};

	rq.url = arena_printf(&a, "%s/function/%s%s%s%s", w->c->gateway, j->e.fn, j->e.path,
		*j->e.query ? "?" : "", j->e.query);
	if (http_multi_start(w->http, &rq, on_called, j, &err) < 0) {
		log_error("%s", err_msg(&err));
		job_pause(j, IDLE_WAIT_MS);
		return;
	}
	j->state = ST_CALLING;
	w->calling++;
	w->under_way++;
	j->lane->calling++;
}
