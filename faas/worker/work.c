/* Working off the queues: the jobs and the loop.  See work.h. */
#include "faas/worker/work.h"

#include <sys/random.h>

#include "faas/common/allow.h"
#include "faas/common/log.h"
#include "faas/worker/share.h"
#include "faas/worker/work_state.h"
#include "lib/base/xalloc.h"

enum {
	CALLBACK_LINE = 256, /* answers that wait for one host */
	MAX_WANT = 64,       /* more than one answer of Redis brings */
};

unsigned random_number(void)
{
	unsigned n = 0;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		n = (unsigned)clock_now();
	return n;
}

/* ---- jobs ---- */

void job_pause(struct job *j, long ms)
{
	j->not_before = clock_now() + (usec_t)ms * USEC_PER_MSEC;
	jobs_pause(&j->w->jobs, j);
}

/* The answer is delivered or given up: calls that waited for its place in the line may begin.  Two,
 * because the first might not come to take it. */
static void leave_line(struct job *j)
{
	usec_t now = clock_now();
	struct job *blocked;

	hosts_answer_gone(&j->w->hosts, j->host, j->answer_bytes);
	j->in_line = false;
	for (int i = 0; i < 2 && (blocked = hosts_unblocked(&j->w->hosts, j->host, now)); i++)
		list_add(&blocked->lane->ready, blocked);
}

void job_forget_answer(struct job *j)
{
	struct work *w = j->w;

	for (size_t i = 0; i < j->headers_n; i++) {
		free(j->headers[i].name);
		free(j->headers[i].value);
	}
	free(j->headers);
	j->headers = NULL;
	j->headers_n = 0;
	buf_done(&j->body);
	j->status = 0;
	w->answer_bytes -= j->answer_bytes;
	if (j->in_line)
		leave_line(j);
	w->room_made |= j->answer_bytes > 0;
	j->answer_bytes = 0;
	if (w->over == j)
		w->over = NULL;
}

void job_free(struct job *j)
{
	struct work *w = j->w;

	jobs_drop(&w->jobs, j);
	job_forget_answer(j);
	if (j->host)
		hosts_drop(&w->hosts, j->host, clock_now());
	j->lane->held--;
	w->held_bytes -= j->weight;
	arena_done(&j->arena);
	free(j);
}

void job_finish(struct job *j)
{
	feed_ack(j->w->feed, j->lane, j->id);
	job_free(j);
}

/* The entry has become somebody else's.  A call under way cannot be taken back, but nothing follows
 * from it. */
static void on_lost(void *arg, struct lane *lane, const char *id)
{
	struct work *w = arg;
	struct job *j = jobs_find(&w->jobs, lane, id);

	if (!j)
		return;
	log_warn("%s %s: another worker has taken it over", j->e.fn, j->e.call_id);
	if (j->state != ST_CALLING && j->state != ST_CALLBACK) {
		job_free(j);
		return;
	}
	jobs_drop(&w->jobs, j);
	j->state = ST_LOST;
}

static void bury_raw(struct work *w, struct lane *lane, const char *id, const char *why)
{
	_cleanup_err_ struct err err = ERR_INIT;

	log_warn("entry '%s': %s", id, why);
	if (feed_bury(w->feed, lane, id, why, 0, 0, &err) < 0)
		log_warn("entry '%s' stays: %s", id, err_msg(&err));
}

static void on_entry(
	void *arg, struct lane *lane, const char *id, const redisReply *fields, unsigned deliveries)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct work *w = arg;
	struct job *j;

	if (jobs_find(&w->jobs, lane, id))
		return;
	j = xcalloc(1, sizeof(*j));
	if (entry_decode(fields, &j->arena, &j->e, &err) < 0) {
		bury_raw(w, lane, id, err_msg(&err));
		arena_done(&j->arena);
		free(j);
		return;
	}
	snprintf(j->id, sizeof(j->id), "%s", id);
	j->w = w;
	j->lane = lane;
	j->taken = clock_now();
	j->deliveries = deliveries - 1;
	j->weight = j->e.body_len + JOB_OVERHEAD;
	jobs_add(&w->jobs, j);
	lane->held++;
	w->held_bytes += j->weight;
	w->typical = MAX_OF(w->typical - w->typical / 8, j->weight);
	if (j->e.callback && !allow_url(w->c->callback_allow, j->e.callback))
		log_warn("%s %s: its callback may not go there", j->e.fn, j->e.call_id);
	else if (j->e.callback)
		j->host = hosts_use(&w->hosts, j->e.callback, j->taken);
	if (deliveries <= (unsigned)w->c->max_deliveries) {
		list_add(&lane->ready, j);
		return;
	}
	j->dead = true;
	snprintf(j->reason, sizeof(j->reason), "delivered %u times without an end", deliveries);
	call_settled(j);
}

/* ---- the loop ---- */

struct work *work_new(const struct config *c)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->c = c;
	w->typical = ENTRY_MAX_BODY;
	w->feed = feed_new(c, on_entry, w);
	w->http = http_multi_new((unsigned)(c->max_inflight + c->max_callbacks));
	w->hosts.limits = (struct hosts_limits){.total = (size_t)c->max_callbacks,
		.per_host = (size_t)c->per_host,
		.line = CALLBACK_LINE,
		.unproven = (size_t)c->max_held / 2 + 1,
		.bytes = (size_t)c->max_answer_bytes / 2};
	return w;
}

void work_free(struct work *w)
{
	struct job *j;

	if (!w)
		return;
	http_multi_free(w->http);
	while ((j = jobs_next(&w->jobs, NULL)))
		job_free(j);
	jobs_done(&w->jobs);
	hosts_done(&w->hosts);
	feed_free(w->feed);
	free(w);
}

void work_wakeup(struct work *w)
{
	http_multi_wakeup(w->http);
}

static void job_due(struct job *j)
{
	if (j->state == ST_BURY)
		call_bury(j);
	else if (j->state == ST_ANSWERED)
		callback_due(j);
	else
		list_add(&j->lane->ready, j);
}

/* The queue whose turn it is to begin a call: of those that may, the one with the fewest under way.
 */
static struct lane *next_lane(struct work *w)
{
	struct lane *best = NULL;
	struct lane *const *lanes;
	size_t n;

	lanes = feed_lanes(w->feed, &n);
	w->turn++;
	for (size_t i = 0; i < n; i++) {
		struct lane *l = lanes[(w->turn + i) % n];

		if (l->ready.n && (!best || l->calling < best->calling) &&
			share_allows(l->calling, w->calling, (size_t)w->c->max_inflight, n))
			best = l;
	}
	return best;
}

static void start_calls(struct work *w, usec_t now)
{
	struct lane *l;

	while (!w->stopping && (l = next_lane(w))) {
		struct job *j = list_pop(&l->ready);

		if (j->host && hosts_full(&w->hosts, j->host, now))
			list_add(&j->host->blocked, j);
		else
			call_start(j);
	}
}

/* Do what is due; returns how long nothing else will be, at most IDLE_WAIT_MS. */
static int start_due(struct work *w)
{
	usec_t now = clock_now(), soonest = now + IDLE_WAIT_MS * USEC_PER_MSEC;
	struct job *j;
	size_t n = 0;

	while ((j = jobs_due(&w->jobs, now)))
		job_due(j);
	if (now >= w->next_unblock) {
		w->next_unblock = now + USEC_PER_SEC / 4;
		while ((j = hosts_any_unblocked(&w->hosts, now)) && n++ < w->jobs.n)
			list_add(&j->lane->ready, j);
	}
	start_calls(w, now);
	callbacks_start(w);
	if (w->room_made) {
		w->room_made = false;
		http_multi_go_on(w->http);
	}
	if (w->jobs.paused)
		soonest = MIN_OF(soonest, w->jobs.heap[0]->not_before);
	return soonest > now ? (int)((soonest - now) / USEC_PER_MSEC) + 1 : 0;
}

/* Entries to ask for: what could be started now and is likely to fit into memory.  Tells each lane
 * its part of them. */
static unsigned free_slots(struct work *w)
{
	const size_t max = (size_t)w->c->max_inflight, max_bytes = (size_t)w->c->max_held_bytes;
	struct lane *const *lanes;
	size_t n, busy = w->calling, fit;

	lanes = feed_lanes(w->feed, &n);
	for (size_t i = 0; i < n; i++)
		busy += lanes[i]->ready.n;
	for (size_t i = 0; i < n; i++)
		lanes[i]->want = (unsigned)share_room(
			lanes[i]->calling + lanes[i]->ready.n, busy, max, n, MAX_WANT);
	if (w->stopping || busy >= max || w->jobs.n >= (size_t)w->c->max_held ||
		w->held_bytes >= max_bytes)
		return 0;
	fit = (max_bytes - w->held_bytes) / (w->typical + 1);
	n = MIN_OF(max - busy, (size_t)w->c->max_held - w->jobs.n);
	return (unsigned)MIN_OF(n, MAX_OF(fit, (size_t)1));
}

static void keep_all(struct work *w)
{
	_cleanup_free_ const char **ids = xcalloc(w->jobs.n + 1, sizeof(*ids));
	_cleanup_free_ char(*copies)[FEED_ID_MAX] = xcalloc(w->jobs.n + 1, sizeof(*copies));
	struct lane *const *lanes;
	size_t lanes_n;

	lanes = feed_lanes(w->feed, &lanes_n);
	for (size_t i = 0; i < lanes_n; i++) {
		size_t n = 0;

		if (!lanes[i]->held)
			continue;
		for (struct job *j = jobs_next(&w->jobs, NULL); j; j = jobs_next(&w->jobs, j)) {
			if (j->lane != lanes[i])
				continue;
			memcpy(copies[n], j->id, sizeof(*copies)); /* jobs may go meanwhile */
			ids[n] = copies[n];
			n++;
		}
		feed_keep(w->feed, lanes[i], ids, n, on_lost);
	}
}

static void keep_and_claim(struct work *w)
{
	const usec_t idle = (usec_t)w->c->claim_idle_ms * USEC_PER_MSEC;
	const usec_t pause = idle / 2 + idle / 4000 * (random_number() % 1000);
	usec_t now = clock_now();
	bool more;

	if (now >= w->next_keep) {
		keep_all(w);
		w->next_keep = now + idle / 4;
	}
	if (now >= w->next_claim) {
		more = feed_claim(w->feed, free_slots(w));
		w->next_claim = more ? now : now + pause; /* when a slot is free again */
	}
}

static void turn(struct work *w)
{
	struct http_fd fds[2];
	_cleanup_err_ struct err err = ERR_INIT;
	bool connected = feed_ensure(w->feed);
	int wait_ms;

	/* First of all: after a long stop our entries may be ours no more. */
	if (connected) {
		feed_look(w->feed);
		keep_and_claim(w);
	}
	wait_ms = start_due(w);
	if (connected) {
		feed_flush(w->feed);
		feed_ask(w->feed, free_slots(w));
	}
	if (feed_retry_in_ms(w->feed))
		wait_ms = MIN_OF(wait_ms, feed_retry_in_ms(w->feed));
	feed_fds(w->feed, &fds[0].fd, &fds[1].fd);
	if (http_multi_wait(w->http, wait_ms, fds, ARRAY_SIZE(fds), &err) < 0) {
		log_error("%s", err_msg(&err));
		clock_sleep(USEC_PER_SEC / 10);
		return;
	}
	if (fds[0].readable)
		feed_take(w->feed);
	if (fds[1].readable)
		feed_take_acks(w->feed);
}

/* ---- the end ---- */

/* True for what is finished before the end: everything that has begun. */
static bool has_begun(void *arg, struct lane *lane, const char *id)
{
	struct work *w = arg;
	const struct job *j = jobs_find(&w->jobs, lane, id);

	return j && j->state != ST_READY;
}

static unsigned tried(void *arg, struct lane *lane, const char *id)
{
	struct work *w = arg;
	const struct job *j = jobs_find(&w->jobs, lane, id);

	return j ? MIN_OF(j->e.tried + j->attempts, (unsigned)ENTRY_MAX_TRIED) : 0;
}

/* Give back what has not begun, and forget it.  Returns how many. */
static size_t give_back(struct work *w)
{
	size_t n = 0;

	feed_release(w->feed, has_begun, tried, w);

	for (struct job *j = jobs_next(&w->jobs, NULL), *next; j; j = next) {
		next = jobs_next(&w->jobs, j);
		if (j->state != ST_READY)
			continue;
		job_free(j);
		n++;
	}
	return n;
}

static bool any_ready(const struct work *w)
{
	for (struct job *j = jobs_next(&w->jobs, NULL); j; j = jobs_next(&w->jobs, j))
		if (j->state == ST_READY)
			return true;
	return false;
}

static void stop_gently(struct work *w)
{
	const usec_t until = clock_now() + (usec_t)w->c->stop_timeout_ms * USEC_PER_MSEC;
	size_t n;

	w->stopping = true;
	feed_close(w->feed);
	n = give_back(w);
	log_info("stopping: %zu calls go to others, %zu are under way", n, w->jobs.n);
	while ((w->jobs.n || feed_unflushed(w->feed)) && clock_now() < until) {
		turn(w);
		if (any_ready(w)) /* failed just now */
			give_back(w);
	}
	feed_release(w->feed, NULL, tried, w);
}

void work_run(struct work *w, const volatile int *stop)
{
	while (!*stop)
		turn(w);
	stop_gently(w);
}
