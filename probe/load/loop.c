/*
 * One thread's loop over its connections: see loop.h.  Nothing is allocated per request.  All
 * requests have the same timeout, so the list of busy connections in the order they began is also
 * the order they expire; the same goes for pauses.
 *
 * An answer's time is when epoll returned: it was there then, and how long we take over the others
 * that came with it is not the server's doing.  A request's is taken when it is sent.
 */
#include "probe/load/loop.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/load/loop_figures.h"

#define NS_PER_MS  1000000ull
#define PAUSE      (20 * NS_PER_MS)
#define LOOK_AGAIN (100 * NS_PER_MS) /* whether we were cancelled */
/* Requests a second up to which each is sent at its very moment; above, those due within a quarter
 * of a millisecond go together, for waking up costs more than a request. */
#define EXACT_RATE 5000
#define TICK       (NS_PER_MS / 4)

/* ---- requests ---- */

static bool open_loop(const struct loop *l)
{
	return l->schedule->o->rate > 0;
}

/* When this thread's request number @i is due: the threads take turns. */
static uint64_t due_at(const struct loop *l, uint64_t i)
{
	const struct load_options *o = l->schedule->o;
	double n = (double)i * (double)o->threads + (double)l->index;

	return l->schedule->start + (uint64_t)(n * ((double)NS_PER_SEC / o->rate));
}

static void stop(struct loop *l, uint64_t now)
{
	if (!l->stopped)
		l->stopped = now;
}

/* May a request that is due at @due begin? */
static bool claim(struct loop *l, uint64_t due)
{
	struct schedule *s = l->schedule;

	if (l->stopped)
		return false;
	if (due >= s->end || (s->o->count && due >= s->from &&
				     atomic_fetch_add(&s->claimed, 1) >= s->o->count)) {
		stop(l, clock_ns());
		return false;
	}
	return true;
}

static void record(struct loop *l, const struct conn *c, enum conn_outcome outcome)
{
	struct load_result *r = l->result;
	uint64_t now = MAX_OF(l->now, c->began);

	if (c->due < l->schedule->from)
		return;
	r->bytes_in += c->bytes;
	l->last = MAX_OF(l->last, now);
	if (outcome == CONN_FAILED) {
		r->errors[c->error]++;
		l->window->errors++;
		return;
	}
	r->statuses[c->answer.status]++;
	r->in_time += now < l->schedule->end;
	l->window->errors += c->answer.status >= 400;
	hist_add(&l->window->latency, now - c->due);
	if (open_loop(l))
		hist_add(&r->service, now - c->began);
}

static void begin(struct loop *l, struct conn *c, uint64_t due, uint64_t now);

/* The request on @c is over: what next? */
static void settle(struct loop *l, struct conn *c, enum conn_outcome outcome)
{
	uint64_t now;

	conn_list_remove(&l->busy, c);
	record(l, c, outcome);
	conn_finish(&l->wire, c, outcome);
	if (open_loop(l)) {
		conn_list_prepend(&l->idle, c);
		return;
	}
	now = clock_ns();
	if (outcome == CONN_FAILED) {
		c->began = now;
		conn_list_append(&l->paused, c);
	} else if (claim(l, now)) {
		begin(l, c, now, now);
	} else {
		conn_list_prepend(&l->idle, c);
	}
}

static void begin(struct loop *l, struct conn *c, uint64_t due, uint64_t now)
{
	enum conn_outcome outcome;

	c->due = due;
	c->began = now;
	conn_list_append(&l->busy, c);
	outcome = conn_begin(&l->wire, c);
	if (outcome != CONN_PENDING)
		settle(l, c, outcome);
}

/* Open loop: send what is due, as far as there are connections. */
static void send_due(struct loop *l)
{
	while (l->idle.first) {
		struct conn *c = l->idle.first;
		uint64_t due = due_at(l, l->arrivals), now = clock_ns();

		if (due > now || !claim(l, due))
			return;
		l->arrivals++;
		conn_list_remove(&l->idle, c);
		if (due >= l->schedule->from)
			hist_add(&l->result->lag, now - due);
		begin(l, c, due, now);
	}
}

/* Closed loop: connections that have paused for long enough, and at first all of them. */
static void send_paused(struct loop *l)
{
	struct conn *c;

	while ((c = l->paused.first) && c->began + PAUSE <= l->now) {
		uint64_t now = clock_ns();

		conn_list_remove(&l->paused, c);
		if (claim(l, now))
			begin(l, c, now, now);
		else
			conn_list_prepend(&l->idle, c);
	}
}

static void expire(struct loop *l)
{
	uint64_t timeout = l->schedule->o->timeout * 1000;
	struct conn *c;

	while ((c = l->busy.first) && c->began + timeout <= l->now) {
		c->error = c->state == CONN_CONNECTING ? LOAD_CONNECT : LOAD_TIMEOUT;
		if (c->error == LOAD_CONNECT)
			l->wire.connect_errno = ETIMEDOUT;
		settle(l, c, CONN_FAILED);
	}
}

/* ---- the loop ---- */

static uint64_t next_due(const struct loop *l)
{
	uint64_t due = due_at(l, l->arrivals);
	const struct load_options *o = l->schedule->o;

	return o->rate / o->threads > EXACT_RATE ? MAX_OF(due, l->now + TICK) : due;
}

/* How long there is nothing to do but for what epoll sees, in ns. */
static uint64_t patience(const struct loop *l)
{
	const struct schedule *s = l->schedule;
	uint64_t now = clock_ns(), until = now + LOOK_AGAIN;

	if (l->busy.first)
		until = MIN_OF(until, l->busy.first->began + s->o->timeout * 1000);
	if (l->paused.first)
		until = MIN_OF(until, l->paused.first->began + PAUSE);
	if (!l->stopped) {
		until = MIN_OF(until, s->end);
		if (l->cpu_at_start < 0)
			until = MIN_OF(until, s->from);
		if (open_loop(l) && l->idle.first)
			until = MIN_OF(until, next_due(l));
	}
	return until > now ? until - now : 0;
}

static int wait_events(struct loop *l, struct epoll_event *events, int max)
{
	uint64_t ns = patience(l);
	int n = -1;

#ifdef SYS_epoll_pwait2
	struct timespec ts = {(time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC)};

	n = (int)syscall(SYS_epoll_pwait2, l->wire.epoll, events, max, &ts, NULL, 0);
	if (n >= 0 || errno != ENOSYS)
		return n;
#endif
	n = epoll_wait(l->wire.epoll, events, max, (int)((ns + NS_PER_MS - 1) / NS_PER_MS));
	return n;
}

/* What was due and could not be sent for want of a connection. */
static void count_unsent(struct loop *l)
{
	const struct schedule *s = l->schedule;
	uint64_t i = l->arrivals, due;

	if (!open_loop(l) || s->o->count)
		return;
	while ((due = due_at(l, i++)) < MIN_OF(s->end, l->stopped))
		l->result->unsent += due >= s->from;
}

static bool cancelled(const struct loop *l)
{
	const struct schedule *s = l->schedule;

	return atomic_load_explicit(&s->given_up, memory_order_relaxed) ||
	       (s->o->cancel && __atomic_load_n(s->o->cancel, __ATOMIC_RELAXED));
}

/* One round: what epoll sees, then what the clock says. */
static void turn(struct loop *l)
{
	struct epoll_event events[128];
	int n = wait_events(l, events, ARRAY_SIZE(events));

	l->now = clock_ns();
	if (l->cpu_at_start < 0)
		loop_take_cpu(l);
	if (l->now >= l->window_end)
		loop_next_window(l);
	for (int i = 0; i < n; i++) {
		struct conn *c = events[i].data.ptr;
		enum conn_outcome outcome = conn_event(&l->wire, c, events[i].events);

		if (outcome != CONN_PENDING)
			settle(l, c, outcome);
	}
	expire(l);
	send_paused(l);
	if (open_loop(l) && !l->stopped)
		send_due(l);
	if (l->now >= l->schedule->end)
		stop(l, l->now);
}

void *loop_run(void *arg)
{
	struct loop *l = arg;
	double cpu_at_stop = -1;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL); /* see tls.h */
	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
	l->now = clock_ns();
	l->window_end = MIN_OF(l->schedule->end, l->schedule->from + NS_PER_SEC);
	loop_take_cpu(l);
	while (!l->stopped || l->busy.first) {
		turn(l);
		if (cancelled(l)) {
			stop(l, l->now);
			break;
		}
		if (l->stopped && cpu_at_stop < 0)
			cpu_at_stop = loop_cpu_seconds();
	}
	count_unsent(l);
	loop_give(l, cpu_at_stop < 0 ? loop_cpu_seconds() : cpu_at_stop);
	return NULL;
}

int loop_open(struct loop *l, struct err *err)
{
	l->wire.target = l->schedule->o->target;
	l->wire.fresh = l->schedule->o->fresh;
	if (l->wire.target->tls) {
		int r = tls_client_new(
			l->wire.target->host.data, l->schedule->o->insecure, &l->wire.tls, err);

		if (r < 0)
			return r;
	}
	l->wire.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->wire.epoll < 0)
		return err_errno(err, -errno, "epoll");
	l->wire.buffer = xmalloc(WIRE_BUFFER);
	l->conns = xcalloc(l->n_conns, sizeof(*l->conns));
	l->result = xcalloc(1, sizeof(*l->result));
	l->window = xcalloc(1, sizeof(*l->window));
	l->cpu_at_start = -1;
	for (unsigned i = 0; i < l->n_conns; i++) {
		l->conns[i].fd = -1;
		/* In the closed loop all have paused since ever. */
		conn_list_append(open_loop(l) ? &l->idle : &l->paused, &l->conns[i]);
	}
	return 0;
}

void loop_close(struct loop *l)
{
	for (unsigned i = 0; l->conns && i < l->n_conns; i++)
		conn_close(&l->conns[i]);
	tls_client_free(l->wire.tls);
	free(l->conns);
	free(l->wire.buffer);
	free(l->result);
	free(l->window);
	if (l->wire.buffer) /* opened that far: the descriptor is ours */
		close(l->wire.epoll);
}
