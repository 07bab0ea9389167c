/* Connections of the load generator: see conn.h.  epoll is level-triggered and told nothing for a
 * request that fits into the socket's buffer: one send, one epoll event, one recv each. */
#include "probe/load/conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

void conn_close(struct conn *c)
{
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

static enum conn_outcome receive(struct wire *w, struct conn *c)
{
	ssize_t n = recv(c->fd, w->buffer, WIRE_BUFFER, 0);
	size_t used;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? CONN_PENDING : failed(c, LOAD_RESET);
	if (n == 0)
		return ended(c);
	c->bytes += (size_t)n;
	used = response_feed(&c->answer, w->buffer, (size_t)n);
	if (c->answer.state == RESPONSE_BROKEN || used < (size_t)n)
		return failed(c, LOAD_MALFORMED);
	return c->answer.state == RESPONSE_DONE ? CONN_ANSWERED : CONN_PENDING;
}

static enum conn_outcome send_request(struct wire *w, struct conn *c)
{
	const struct buf *rq = &w->target->request;

	c->state = CONN_SENDING;
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

static enum conn_outcome connect_first(struct wire *w, struct conn *c)
{
	const struct sockaddr *to = (const struct sockaddr *)&w->target->address;
	const int one = 1;

	c->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return not_connected(w, c, errno);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->state = CONN_CONNECTING;
	if (connect(c->fd, to, w->target->address_len) == 0) {
		w->connects++;
		return send_request(w, c);
	}
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
	w->connects++;
	return send_request(w, c);
}

enum conn_outcome conn_event(struct wire *w, struct conn *c, uint32_t events)
{
	enum conn_outcome r = CONN_PENDING;

	switch (c->state) {
	case CONN_FREE: /* the server closes it, or talks out of turn */ conn_close(c); break;
	case CONN_CONNECTING: return connected(w, c);
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
