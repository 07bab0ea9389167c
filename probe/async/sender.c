/* Sends the calls: so many connections, each with one call under way, over the load generator's
 * connections.  No call is ever sent twice: what came of one without an answer nobody knows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/async/parts.h"
#include "probe/load/conn.h"

/* A connection, and what is sent on it next. */
struct slot {
	struct conn conn; /* first: epoll knows it by this */
	struct wire wire;
	struct target target;
	uint32_t call;
	bool busy;
};

struct sender {
	const struct async_options *o;
	struct tally *tally;
	int epoll;
	struct slot *slots;
	unsigned n;
	uint32_t next, over; /* calls begun, calls that ended */
	char *buffer;
	char url_prefix[128]; /* of callbacks */
};

static int make_call(struct sender *s, struct slot *slot, uint32_t i, struct err *err)
{
	char header[256], body[TALLY_TEXT], path[TALLY_TEXT];
	const char *headers[] = {header, "Content-Type: text/plain"};
	struct target_request rq = {.method = "POST", .headers = headers, .n_headers = 2};

	tally_body(s->tally, i, body);
	tally_path(s->tally, i, path);
	snprintf(header, sizeof(header), "X-Callback-Url: %s%s", s->url_prefix, path);
	rq.body = body;
	rq.body_len = strlen(body);
	target_done(&slot->target);
	slot->target = (struct target){0};
	return target_make(s->o->url, &rq, &slot->target, err);
}

/* The call of @slot is over. */
static void ended(struct sender *s, struct slot *slot, enum conn_outcome outcome)
{
	int status = outcome == CONN_ANSWERED ? slot->conn.answer.status : 0;

	tally_answered(s->tally, slot->call, status, clock_ns());
	conn_finish(&slot->wire, &slot->conn, outcome);
	slot->busy = false;
	s->over++;
}

static void begin(struct sender *s, struct slot *slot)
{
	enum conn_outcome outcome = CONN_FAILED;

	slot->call = s->next++;
	slot->busy = true;
	slot->conn.began = clock_ns();
	tally_sent(s->tally, slot->call, slot->conn.began);
	if (make_call(s, slot, slot->call, NULL) == 0)
		outcome = conn_begin(&slot->wire, &slot->conn);
	if (outcome != CONN_PENDING)
		ended(s, slot, outcome);
}

static void fill(struct sender *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!s->slots[i].busy && s->next < s->tally->n)
			begin(s, &s->slots[i]);
}

static void expire(struct sender *s)
{
	uint64_t now = clock_ns();

	for (unsigned i = 0; i < s->n; i++)
		if (s->slots[i].busy && now - s->slots[i].conn.began > s->o->timeout * 1000)
			ended(s, &s->slots[i], CONN_FAILED);
}

void sender_turn(struct sender *s)
{
	struct epoll_event events[64];
	int n = epoll_wait(s->epoll, events, 64, 0);

	for (int i = 0; i < n; i++) {
		struct slot *slot = events[i].data.ptr;
		enum conn_outcome outcome;

		outcome = conn_event(&slot->wire, &slot->conn, events[i].events);
		if (slot->busy && outcome != CONN_PENDING)
			ended(s, slot, outcome);
	}
	expire(s);
	fill(s);
}

bool sender_finished(const struct sender *s)
{
	return s->over == s->tally->n;
}

int sender_fd(const struct sender *s)
{
	return s->epoll;
}

int sender_new(const struct async_options *o, struct tally *t, int callback_port,
	struct sender **ret, struct err *err)
{
	struct sender *s = xcalloc(1, sizeof(*s));
	int r;

	s->o = o;
	s->tally = t;
	s->n = o->connections;
	s->slots = xcalloc(s->n, sizeof(*s->slots));
	s->buffer = xmalloc(WIRE_BUFFER);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	snprintf(s->url_prefix, sizeof(s->url_prefix),
		strchr(o->listen, ':') ? "http://[%s]:%d" : "http://%s:%d", o->listen,
		callback_port);
	for (unsigned i = 0; i < s->n; i++) {
		s->slots[i].conn.fd = -1;
		s->slots[i].wire = (struct wire){
			.target = &s->slots[i].target, .epoll = s->epoll, .buffer = s->buffer};
	}
	r = s->epoll < 0 ? err_errno(err, -errno, "epoll")
			 : make_call(s, &s->slots[0], 0, err); /* is the URL right? */
	if (r == 0 && s->slots[0].target.tls)
		r = err_set(err, -EINVAL, "the queue is not called through https");
	if (r < 0) {
		sender_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void sender_free(struct sender *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		conn_close(&s->slots[i].conn);
		target_done(&s->slots[i].target);
	}
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->slots);
	free(s->buffer);
	free(s);
}
