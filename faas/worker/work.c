/* Working off the queue: see work.h. */
#include "faas/worker/work.h"

#include <sys/random.h>

#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/worker/feed.h"
#include "faas/worker/verdict.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

enum {
	MAX_RESULT = 32 << 20, /* of a function's answer that a callback carries */
	CALLBACK_TRIES = 4,
	WAIT_BASE_MS = 200,
	WAIT_MAX_MS = 5000,
	IDLE_WAIT_MS = 1000,
};

enum state {
	ST_READY, /* to be called once not_before is over */
	ST_CALLING,
	ST_ANSWERED, /* the callback is to be delivered once not_before is over */
	ST_CALLBACK,
	ST_BURY, /* to be written to the dead-letter stream once not_before is over */
};

struct job {
	struct job *next, **prev;
	struct work *w;
	char id[FEED_ID_MAX];
	struct arena arena;
	struct entry e;
	enum state state;
	usec_t taken, not_before;
	unsigned deliveries; /* before this one */
	unsigned attempts;   /* that failed */
	unsigned waits;      /* tries that never reached the function */
	unsigned callbacks;  /* tries */
	/* what the function answered last */
	int status;
	struct http_header *headers;
	size_t headers_n;
	struct buf body;
	usec_t duration;
	char reason[160];
};

struct work {
	const struct config *c;
	struct feed *feed;
	struct http_multi *http;
	struct job *jobs;
	size_t held, calling;
	size_t held_bytes;
	size_t typical; /* size of an entry's body, guessed high: falls slowly, rises at once */
	bool stopping;
	usec_t next_keep, next_claim;
};

static unsigned random_number(void)
{
	unsigned n = 0;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		n = (unsigned)clock_now();
	return n;
}

static void pause_job(struct job *j, long ms)
{
	j->not_before = clock_now() + (usec_t)ms * USEC_PER_MSEC;
}

/* ---- jobs ---- */

static void forget_answer(struct job *j)
{
	for (size_t i = 0; i < j->headers_n; i++) {
		free(j->headers[i].name);
		free(j->headers[i].value);
	}
	free(j->headers);
	j->headers = NULL;
	j->headers_n = 0;
	buf_done(&j->body);
	j->status = 0;
}

static void job_free(struct job *j)
{
	struct work *w = j->w;

	*j->prev = j->next;
	if (j->next)
		j->next->prev = j->prev;
	w->held--;
	w->held_bytes -= j->e.body_len;
	forget_answer(j);
	arena_done(&j->arena);
	free(j);
}

static void job_finish(struct job *j)
{
	feed_ack(j->w->feed, j->id);
	job_free(j);
}

static bool is_held(const struct work *w, const char *id)
{
	for (const struct job *j = w->jobs; j; j = j->next)
		if (!strcmp(j->id, id))
			return true;
	return false;
}

/* An entry that cannot be decoded goes to the dead-letter stream as it is. */
static void bury_raw(struct work *w, const char *id, const redisReply *fields, const char *why)
{
	struct entry_command cmd = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	const redisReply *k, *v;

	log_warn("entry '%s': %s", id, why);
	entry_command_add(&cmd, "XADD", KEY_DEAD);
	cmd.argv[cmd.argc] = "*";
	cmd.lens[cmd.argc++] = 1;
	entry_command_add(&cmd, "reason", why);
	entry_command_add(&cmd, "queue_id", id);
	for (size_t i = 0; cmd.argc + 2 < (int)ARRAY_SIZE(cmd.argv); i += 2) {
		k = redis_at(fields, i);
		v = redis_at(fields, i + 1);
		if (!redis_is_str(k) || !redis_is_str(v))
			break;
		cmd.argv[cmd.argc] = k->str;
		cmd.lens[cmd.argc++] = k->len;
		cmd.argv[cmd.argc] = v->str;
		cmd.lens[cmd.argc++] = v->len;
	}
	if (feed_bury(w->feed, &cmd, &err) < 0)
		log_warn("entry '%s' stays: %s", id, err_msg(&err));
	else
		feed_ack(w->feed, id);
}

static void on_entry(void *arg, const char *id, const redisReply *fields, unsigned deliveries)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct work *w = arg;
	struct job *j;

	if (is_held(w, id))
		return;
	j = xcalloc(1, sizeof(*j));
	if (entry_decode(fields, &j->arena, &j->e, &err) < 0) {
		bury_raw(w, id, fields, err_msg(&err));
		arena_done(&j->arena);
		free(j);
		return;
	}
	snprintf(j->id, sizeof(j->id), "%s", id);
	j->w = w;
	j->taken = clock_now();
	j->deliveries = deliveries - 1;
	j->next = w->jobs;
	j->prev = &w->jobs;
	if (j->next)
		j->next->prev = &j->next;
	w->jobs = j;
	w->held++;
	w->held_bytes += j->e.body_len;
	w->typical = MAX_OF(w->typical - w->typical / 8, j->e.body_len);
	if (deliveries <= (unsigned)w->c->max_deliveries)
		return;
	j->state = ST_BURY;
	snprintf(j->reason, sizeof(j->reason), "delivered %u times without an end", deliveries);
}

/* ---- calling the function ---- */

static const char *line(struct arena *a, const char *name, const char *value)
{
	return arena_printf(a, "%s: %s", name, value);
}

/* The entry's headers and ours, as lines ended by NULL. */
static const char **call_headers(const struct job *j, struct arena *a)
{
	const char **h = arena_array(a, const char *, j->e.headers_n + 8);
	bool typed = false;
	size_t n = 0;

	for (size_t i = 0; i < j->e.headers_n; i++) {
		const struct entry_header *eh = &j->e.headers[i];

		if (http_is_hop_by_hop(eh->name) || !*eh->value ||
			!strcasecmp(eh->name, "X-Delivery-Attempt"))
			continue;
		typed |= !strcasecmp(eh->name, "Content-Type");
		h[n++] = line(a, eh->name, eh->value);
	}
	if (!typed)
		h[n++] = "Content-Type:"; /* curl would make one up */
	h[n++] = line(a, "X-Call-Id", j->e.call_id);
	h[n++] = arena_printf(a, "X-Start-Time: %llu", (unsigned long long)j->e.enqueued_ns);
	h[n++] = arena_printf(a, "X-Delivery-Attempt: %u", j->deliveries + j->attempts + 1);
	return h;
}

static void take_answer(struct job *j, struct http_response *rs, int code, const char *msg)
{
	forget_answer(j);
	j->duration = rs->duration;
	if (code < 0 && code != -EFBIG) {
		snprintf(j->reason, sizeof(j->reason), "%s", msg);
		return;
	}
	j->status = rs->status;
	snprintf(j->reason, sizeof(j->reason), "HTTP status %d", rs->status);
	if (!j->e.callback)
		return;
	j->headers = TAKE_PTR(rs->headers);
	j->headers_n = rs->headers_n;
	rs->headers_n = rs->headers_cap = 0;
	if (code == 0) {
		j->body = rs->body;
		rs->body = BUF_INIT;
	}
}

/* The function has answered, or never will: what is left is to tell. */
static void answered(struct job *j, bool dead)
{
	j->not_before = 0;
	j->state = dead ? ST_BURY : ST_ANSWERED;
	if (!dead && !j->e.callback)
		job_finish(j);
}

static void on_called(void *arg, struct http_response *rs, int code, const char *msg)
{
	struct job *j = arg;
	const struct config *c = j->w->c;
	const char *reason = http_response_header(rs, "X-Svarm-Reason");
	bool no_task = reason && !strcmp(reason, "no-task");
	/* An answer that is merely too large is an answer. */
	enum verdict v = verdict_of(code == -EFBIG ? 0 : code, rs->status, no_task);

	j->w->calling--;
	take_answer(j, rs, code, msg);
	if (v == VERDICT_WAIT && no_task &&
		clock_now() - j->taken > (usec_t)c->max_wait_ms * USEC_PER_MSEC)
		v = VERDICT_RETRY;
	if (v == VERDICT_DONE) {
		log_debug("%s %s: %s", j->e.fn, j->e.call_id, j->reason);
		answered(j, false);
		return;
	}
	j->state = ST_READY;
	if (v == VERDICT_WAIT) {
		pause_job(j, backoff_ms(WAIT_BASE_MS, WAIT_MAX_MS, j->waits++, random_number()));
		return;
	}
	j->attempts++;
	log_info("%s %s: attempt %u failed: %s", j->e.fn, j->e.call_id, j->attempts, j->reason);
	if (j->attempts >= (unsigned)c->max_attempts)
		answered(j, true);
	else
		pause_job(j,
			backoff_ms(c->retry_ms, c->retry_max_ms, j->attempts - 1, random_number()));
}

static void start_call(struct job *j)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	const struct config *c = j->w->c;
	struct http_request rq = {.method = j->e.method,
		.headers = call_headers(j, &a),
		.body = j->e.body,
		.body_len = j->e.body_len,
		.connect_timeout_ms = 3000,
		.timeout_ms = (unsigned)c->exec_timeout_ms,
		.max_body = MAX_RESULT,
		.discard = !j->e.callback};

	rq.url = arena_printf(&a, "%s/function/%s%s%s%s", c->gateway, j->e.fn, j->e.path,
		*j->e.query ? "?" : "", j->e.query);
	j->state = ST_CALLING;
	if (http_multi_start(j->w->http, &rq, on_called, j, &err) == 0) {
		j->w->calling++;
		return;
	}
	log_error("%s", err_msg(&err));
	j->state = ST_READY;
	pause_job(j, IDLE_WAIT_MS);
}

/* ---- callback ---- */

static const char **callback_headers(const struct job *j, struct arena *a)
{
	static const char *const ours[] = {"X-Function-Status", "X-Function-Name", "X-Call-Id",
		"X-Duration-Seconds", "Content-Length", "Expect"};
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
		h[n++] = line(a, jh->name, jh->value);
	}
	if (!typed)
		h[n++] = "Content-Type:";
	h[n++] = arena_printf(a, "X-Function-Status: %d", j->status ? j->status : 503);
	h[n++] = line(a, "X-Function-Name", j->e.fn);
	h[n++] = line(a, "X-Call-Id", j->e.call_id);
	h[n++] = arena_printf(a, "X-Duration-Seconds: %f", (double)j->duration / USEC_PER_SEC);
	return h;
}

static void on_callback(void *arg, struct http_response *rs, int code, const char *msg)
{
	struct job *j = arg;
	bool again = code < 0 || rs->status >= 500 || rs->status == 429;

	if (!again) {
		job_finish(j);
		return;
	}
	j->callbacks++;
	if (j->callbacks < CALLBACK_TRIES) {
		j->state = ST_ANSWERED;
		pause_job(j, backoff_ms(j->w->c->retry_ms, j->w->c->retry_max_ms, j->callbacks - 1,
				     random_number()));
		return;
	}
	if (code < 0)
		log_warn("%s %s: callback given up: %s", j->e.fn, j->e.call_id, msg);
	else
		log_warn("%s %s: callback given up: HTTP status %d", j->e.fn, j->e.call_id,
			rs->status);
	job_finish(j);
}

static void start_callback(struct job *j)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct http_request rq = {.method = "POST",
		.url = j->e.callback,
		.headers = callback_headers(j, &a),
		.body = j->body.data,
		.body_len = j->body.len,
		.connect_timeout_ms = 5000,
		.timeout_ms = (unsigned)j->w->c->callback_timeout_ms,
		.discard = true};

	j->state = ST_CALLBACK;
	if (http_multi_start(j->w->http, &rq, on_callback, j, &err) == 0)
		return;
	log_error("%s", err_msg(&err));
	job_finish(j);
}

/* ---- dead letters ---- */

static void bury(struct job *j)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct entry_command cmd;
	char status[16], attempts[16];

	snprintf(status, sizeof(status), "%d", j->status);
	snprintf(attempts, sizeof(attempts), "%u", j->deliveries + j->attempts);
	entry_encode(&j->e, KEY_DEAD, &a, &cmd);
	entry_command_add(&cmd, "reason", j->reason);
	entry_command_add(&cmd, "status", status);
	entry_command_add(&cmd, "attempts", attempts);
	if (feed_bury(j->w->feed, &cmd, &err) < 0) {
		log_warn("%s %s: not in the dead-letter stream yet: %s", j->e.fn, j->e.call_id,
			err_msg(&err));
		pause_job(j, IDLE_WAIT_MS);
		return;
	}
	log_warn("%s %s: given up: %s", j->e.fn, j->e.call_id, j->reason);
	j->state = ST_ANSWERED;
	if (!j->e.callback)
		job_finish(j);
}

/* ---- the loop ---- */

struct work *work_new(const struct config *c)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->c = c;
	w->typical = ENTRY_MAX_BODY;
	w->feed = feed_new(c, on_entry, w);
	w->http = http_multi_new((unsigned)c->max_inflight * 2);
	return w;
}

void work_free(struct work *w)
{
	if (!w)
		return;
	http_multi_free(w->http);
	while (w->jobs)
		job_free(w->jobs);
	feed_free(w->feed);
	free(w);
}

void work_wakeup(struct work *w)
{
	http_multi_wakeup(w->http);
}

/* Do what is due; returns how long nothing else will be, at most IDLE_WAIT_MS. */
static int start_due(struct work *w)
{
	usec_t now = clock_now(), soonest = now + IDLE_WAIT_MS * USEC_PER_MSEC;

	for (struct job *j = w->jobs, *next; j; j = next) {
		bool due = j->not_before <= now;

		next = j->next;
		if (j->state == ST_CALLING || j->state == ST_CALLBACK)
			continue;
		if (!due) {
			soonest = MIN_OF(soonest, j->not_before);
			continue;
		}
		if (j->state == ST_BURY)
			bury(j);
		else if (j->state == ST_ANSWERED)
			start_callback(j);
		else if (!w->stopping && w->calling < (size_t)w->c->max_inflight)
			start_call(j);
	}
	return (int)((soonest - now) / USEC_PER_MSEC) + 1;
}

/* Entries to ask for: what could be started now and is likely to fit into memory. */
static unsigned free_slots(const struct work *w)
{
	size_t busy = w->calling, n, fit;

	for (const struct job *j = w->jobs; j; j = j->next)
		busy += j->state == ST_READY && j->attempts == 0 && j->waits == 0;
	if (w->stopping || busy >= (size_t)w->c->max_inflight ||
		w->held >= (size_t)w->c->max_held || w->held_bytes >= (size_t)w->c->max_held_bytes)
		return 0;
	n = MIN_OF((size_t)w->c->max_inflight - busy, (size_t)w->c->max_held - w->held);
	fit = ((size_t)w->c->max_held_bytes - w->held_bytes) / (w->typical + 1);
	return (unsigned)MIN_OF(n, MAX_OF(fit, (size_t)1));
}

/* Ids of all jobs, or of those under way only.  The array is the caller's, the ids borrowed. */
static const char **ids_of(const struct work *w, bool under_way, size_t *ret_n)
{
	const char **ids = xcalloc(w->held + 1, sizeof(*ids));
	size_t n = 0;

	for (const struct job *j = w->jobs; j; j = j->next)
		if (!under_way || j->state != ST_READY)
			ids[n++] = j->id;
	*ret_n = n;
	return ids;
}

static void keep_and_claim(struct work *w)
{
	const usec_t idle = (usec_t)w->c->claim_idle_ms * USEC_PER_MSEC;
	_cleanup_free_ const char **ids = NULL;
	usec_t now = clock_now();
	size_t n;

	if (now >= w->next_keep && w->held) {
		ids = ids_of(w, false, &n);
		feed_keep(w->feed, ids, n);
	}
	if (now >= w->next_keep)
		w->next_keep = now + idle / 4;
	if (now >= w->next_claim) {
		feed_claim(w->feed, free_slots(w));
		w->next_claim = now + idle / 2 + idle / 4000 * (random_number() % 1000);
	}
}

static void turn(struct work *w)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int wait_ms = start_due(w);
	bool readable = false;

	if (feed_ensure(w->feed)) {
		feed_flush(w->feed);
		keep_and_claim(w);
		feed_ask(w->feed, free_slots(w));
	}
	if (feed_retry_in_ms(w->feed))
		wait_ms = MIN_OF(wait_ms, feed_retry_in_ms(w->feed));
	if (http_multi_wait(w->http, wait_ms, feed_fd(w->feed), &readable, &err) < 0) {
		log_error("%s", err_msg(&err));
		clock_sleep(USEC_PER_SEC / 10);
	}
	if (readable)
		feed_take(w->feed);
}

static bool under_way(const struct work *w)
{
	for (const struct job *j = w->jobs; j; j = j->next)
		if (j->state != ST_READY)
			return true;
	return feed_unflushed(w->feed) > 0;
}

static void stop_gently(struct work *w)
{
	const usec_t until = clock_now() + (usec_t)w->c->stop_timeout_ms * USEC_PER_MSEC;
	_cleanup_free_ const char **ids = NULL;
	size_t n;

	w->stopping = true;
	ids = ids_of(w, true, &n);
	log_info("stopping: %zu calls are under way, %zu go to others", n, w->held - n);
	feed_release(w->feed, ids, n);
	while (under_way(w) && clock_now() < until)
		turn(w);
	feed_flush(w->feed);
	feed_release(w->feed, NULL, 0);
}

void work_run(struct work *w, const volatile int *stop)
{
	while (!*stop)
		turn(w);
	stop_gently(w);
}
