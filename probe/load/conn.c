/* Connections of the load generator: see conn.h.  epoll is level-triggered and told nothing for a
 * request that fits into the socket's buffer: one send, one epoll event, one recv each. */
#include "probe/load/conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

void conn_close(struct conn *c)
{
	if (c->tls)
		tls_free(c->tls);
	c->tls = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->events = 0;
	c->state = CONN_FREE;
}

static enum conn_outcome failed(struct conn *c, enum load_error error)
{
	c->error = error;
	return CONN_FAILED;
}

static enum conn_outcome not_connected(struct wire *w, struct conn *c, int error)
{
	w->connect_errno = error;
	return failed(c, LOAD_CONNECT);
}

static enum conn_outcome watch(struct wire *w, struct conn *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};
	int op = c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (c->events == events)
		return CONN_PENDING;
	c->events = events;
	return epoll_ctl(w->epoll, op, c->fd, &ev) < 0 ? not_connected(w, c, errno) : CONN_PENDING;
}

static enum conn_outcome ended(struct conn *c)
{
	if (response_end(&c->answer))
		return CONN_ANSWERED;
	return failed(c, response_begun(&c->answer) ? LOAD_SHORT : LOAD_CLOSED);
}

/* A step of TLS that did not come through. */
static enum conn_outcome not_done(struct wire *w, struct conn *c, enum tls_step step)
{
	switch (step) {
	case TLS_WANT_WRITE: return watch(w, c, EPOLLIN | EPOLLOUT);
	case TLS_CLOSED: return ended(c);
	case TLS_RESET: return failed(c, LOAD_RESET);
	case TLS_FAILED: w->tls_reason = tls_reason(c->tls); return failed(c, LOAD_TLS);
	default: /* amid the request there is more to send as well */
		return watch(w, c, EPOLLIN | (c->state == CONN_SENDING ? EPOLLOUT : 0u));
	}
}

/* What is there, into the buffer; when it is nothing, *@ret_outcome says why. */
static size_t read_some(struct wire *w, struct conn *c, enum conn_outcome *ret_outcome)
{
	enum tls_step step;
	size_t got = 0;
	ssize_t n;

	if (c->tls) {
		step = tls_read(c->tls, w->buffer, WIRE_BUFFER, &got);
		if (step != TLS_DONE)
			*ret_outcome = not_done(w, c, step);
		return step == TLS_DONE ? got : 0;
	}
	n = recv(c->fd, w->buffer, WIRE_BUFFER, 0);
	if (n > 0)
		return (size_t)n;
	if (n == 0)
		*ret_outcome = ended(c);
	else if (errno == EAGAIN || errno == EINTR)
		*ret_outcome = CONN_PENDING;
	else
		*ret_outcome = failed(c, LOAD_RESET);
	return 0;
}

static enum conn_outcome receive(struct wire *w, struct conn *c)
{
	enum conn_outcome nothing = CONN_PENDING;
	size_t n = read_some(w, c, &nothing), used;

	if (!n)
		return nothing;
	c->bytes += n;
	used = response_feed(&c->answer, w->buffer, n);
	if (c->answer.state == RESPONSE_BROKEN || used < n)
		return failed(c, LOAD_MALFORMED);
	return c->answer.state == RESPONSE_DONE ? CONN_ANSWERED : CONN_PENDING;
}

/* As send_request(), through TLS. */
static enum conn_outcome send_through_tls(struct wire *w, struct conn *c)
{
	const struct buf *rq = &w->target->request;

	while (c->sent < rq->len) {
		size_t n = 0;
		enum tls_step step = tls_write(c->tls, rq->data + c->sent, rq->len - c->sent, &n);

		if (step != TLS_DONE)
			return not_done(w, c, step);
		c->sent += n;
	}
	c->state = CONN_WAITING;
	return watch(w, c, EPOLLIN);
}

static enum conn_outcome send_request(struct wire *w, struct conn *c)
{
	const struct buf *rq = &w->target->request;

	c->state = CONN_SENDING;
	if (c->tls)
		return send_through_tls(w, c);
	while (c->sent < rq->len) {
		ssize_t n = send(c->fd, rq->data + c->sent, rq->len - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return watch(w, c, EPOLLIN | EPOLLOUT);
		if (n < 0) { /* the server may have said why before it hung up */
			enum conn_outcome last = receive(w, c);

			return last == CONN_PENDING ? failed(c, LOAD_RESET) : last;
		}
		c->sent += (size_t)n;
	}
	c->state = CONN_WAITING;
	return watch(w, c, EPOLLIN);
}

static enum conn_outcome shake_hands(struct wire *w, struct conn *c)
{
	enum tls_step step = tls_handshake(c->tls);

	if (step == TLS_DONE)
		return send_request(w, c);
	if (step == TLS_CLOSED || step == TLS_RESET) {
		w->tls_reason = "the server hung up during the handshake";
		return failed(c, LOAD_TLS);
	}
	return not_done(w, c, step);
}

/* The connection is made: the request, or TLS first. */
static enum conn_outcome go_on(struct wire *w, struct conn *c)
{
	w->connects++;
	if (!w->tls)
		return send_request(w, c);
	c->tls = tls_new(w->tls, c->fd);
	c->state = CONN_SHAKING_HANDS;
	return shake_hands(w, c);
}

static enum conn_outcome connect_first(struct wire *w, struct conn *c)
{
	const struct sockaddr *to = (const struct sockaddr *)&w->target->address;
	const int one = 1;

	c->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return not_connected(w, c, errno);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->state = CONN_CONNECTING;
	if (connect(c->fd, to, w->target->address_len) == 0)
		return go_on(w, c);
	return errno == EINPROGRESS ? watch(w, c, EPOLLOUT) : not_connected(w, c, errno);
}

enum conn_outcome conn_begin(struct wire *w, struct conn *c)
{
	response_begin(&c->answer, w->target->head);
	c->sent = 0;
	c->bytes = 0;
	return c->fd < 0 ? connect_first(w, c) : send_request(w, c);
}

static enum conn_outcome connected(struct wire *w, struct conn *c)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
		return not_connected(w, c, error ? error : errno);
	return go_on(w, c);
}

/* On an idle connection: TLS may have something to say to itself, HTTP has not. */
static void idle_event(struct wire *w, struct conn *c)
{
	size_t n = 0;

	if (!c->tls || tls_read(c->tls, w->buffer, WIRE_BUFFER, &n) != TLS_WANT_READ)
		conn_close(c);
}

enum conn_outcome conn_event(struct wire *w, struct conn *c, uint32_t events)
{
	enum conn_outcome r = CONN_PENDING;

	switch (c->state) {
	case CONN_FREE: /* the server closes it, or talks out of turn */ idle_event(w, c); break;
	case CONN_CONNECTING: return connected(w, c);
	case CONN_SHAKING_HANDS: return shake_hands(w, c);
	case CONN_SENDING:
		if (events & ~(uint32_t)EPOLLOUT)
			r = receive(w, c);
		return r == CONN_PENDING && events & EPOLLOUT ? send_request(w, c) : r;
	case CONN_WAITING: return receive(w, c);
	}
	return r;
}

void conn_finish(struct wire *w, struct conn *c, enum conn_outcome outcome)
{
	bool whole = c->sent == w->target->request.len;

	c->state = CONN_FREE;
	if (outcome == CONN_FAILED || !c->answer.keep || !whole || w->fresh)
		conn_close(c);
}
