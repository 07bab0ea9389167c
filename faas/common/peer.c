/*
 * The peer echo: see peer.h.  One thread, poll(2), a fixed table of connections: it cannot be made
 * to use more than it was given.
 */
#include "faas/common/peer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faas/common/log.h"
#include "faas/common/mtu.h"
#include "faas/common/net.h"
#include "lib/base/xalloc.h"
#include "lib/ext/redis.h" /* for its HOST:PORT parser */

enum {
	MAX_CONNS = 16,
	MAX_BYTES = 1 << 20,
	CHUNK = 16 << 10,
};
static const usec_t MAX_TIME = 10 * USEC_PER_SEC;

struct conn {
	int fd;
	usec_t since;
	size_t total, len, sent; /* bytes read in all; in chunk: held, of these sent */
	char chunk[CHUNK];
};

struct server {
	int fd, datagrams;
	struct conn conns[MAX_CONNS];
};

static void conn_close(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
}

static void conn_accept(struct server *s)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < MAX_CONNS; i++) {
		struct conn *c = &s->conns[i];

		if (c->fd >= 0)
			continue;
		c->fd = fd;
		c->since = clock_now();
		c->total = c->len = c->sent = 0;
		return;
	}
	close(fd);
}

static void conn_move(struct conn *c)
{
	ssize_t n;

	if (c->sent == c->len) {
		n = read(c->fd, c->chunk, CHUNK);
		if (n == 0 || (n < 0 && errno != EAGAIN) || c->total > MAX_BYTES) {
			conn_close(c);
			return;
		}
		c->len = n > 0 ? (size_t)n : 0;
		c->sent = 0;
		c->total += c->len;
	}
	if (c->sent == c->len)
		return;
	n = send(c->fd, c->chunk + c->sent, c->len - c->sent, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		conn_close(c);
	else if (n > 0)
		c->sent += (size_t)n;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	struct pollfd p[MAX_CONNS + 2];

	for (;;) {
		p[0] = (struct pollfd){.fd = s->fd, .events = POLLIN};
		p[MAX_CONNS + 1] = (struct pollfd){.fd = s->datagrams, .events = POLLIN};
		for (size_t i = 0; i < MAX_CONNS; i++) {
			struct conn *c = &s->conns[i];

			p[i + 1] = (struct pollfd){
				.fd = c->fd, .events = c->sent < c->len ? POLLOUT : POLLIN};
		}
		if (poll(p, MAX_CONNS + 2, 1000) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < MAX_CONNS; i++) {
			struct conn *c = &s->conns[i];

			if (c->fd >= 0 && p[i + 1].revents)
				conn_move(c);
			if (c->fd >= 0 && clock_now() - c->since > MAX_TIME)
				conn_close(c);
		}
		if (p[0].revents)
			conn_accept(s);
		if (p[MAX_CONNS + 1].revents)
			mtu_answer(s->datagrams);
	}
	log_error("peer echo: %s", strerror(errno));
	return NULL;
}

int peer_listen(int port, struct err *err)
{
	struct server *s = xcalloc(1, sizeof(*s));
	_cleanup_err_ struct err why = ERR_INIT;
	pthread_t thread;
	int r;

	for (size_t i = 0; i < MAX_CONNS; i++)
		s->conns[i].fd = -1;
	r = net_listen(port, 64, &s->fd, NULL, err);
	/* Without it the probe says less, and nothing else is lost. */
	if (r == 0 && mtu_listen(port, &s->datagrams, &why) < 0) {
		log_error("peer echo: %s", err_msg(&why));
		s->datagrams = -1;
	}
	if (r == 0) {
		r = -pthread_create(&thread, NULL, serve, s);
		if (r < 0)
			err_errno(err, r, "unable to start a thread");
	}
	if (r < 0) {
		free(s);
		return err_wrap(err, "peer echo");
	}
	pthread_detach(thread);
	return 0;
}

/* Send and receive at once: a peer that echoes at once would otherwise fill both directions. */
static int exchange(
	int fd, const char *out, char *in, usec_t deadline, size_t *got, struct err *err)
{
	size_t sent = 0;

	while (*got < PEER_PAYLOAD) {
		short events = sent < PEER_PAYLOAD ? POLLIN | POLLOUT : POLLIN;
		struct pollfd p = {.fd = fd, .events = events};
		usec_t now = clock_now();
		ssize_t n;

		if (now >= deadline || poll(&p, 1, (int)((deadline - now) / 1000) + 1) == 0)
			return err_set(err, -ETIMEDOUT, "%zu of %d bytes came back in time", *got,
				PEER_PAYLOAD);
		if (p.revents & POLLOUT && sent < PEER_PAYLOAD) {
			n = send(fd, out + sent, PEER_PAYLOAD - sent, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				return err_errno(err, -errno, "send");
			sent += n > 0 ? (size_t)n : 0;
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			n = read(fd, in + *got, PEER_PAYLOAD - *got);
			if (n == 0)
				return err_set(err, -ECONNRESET, "closed after %zu bytes", *got);
			if (n < 0 && errno != EAGAIN)
				return err_errno(err, -errno, "receive");
			*got += n > 0 ? (size_t)n : 0;
		}
	}
	return 0;
}

int peer_probe(const char *address, int timeout_ms, usec_t *ret_duration, size_t *ret_bytes,
	struct err *err)
{
	_cleanup_free_ char *out = xmalloc(PEER_PAYLOAD), *in = xmalloc(PEER_PAYLOAD);
	usec_t start = clock_now(), deadline = start + (usec_t)timeout_ms * 1000;
	struct redis_address a;
	int r, fd;

	*ret_bytes = 0;
	r = redis_address_parse(address, &a, err);
	if (r < 0)
		return r;
	for (size_t n = 0; n < PEER_PAYLOAD;) {
		ssize_t k = getrandom(out + n, PEER_PAYLOAD - n, 0);

		n += k > 0 ? (size_t)k : 0;
	}
	r = net_connect(a.host, a.port, timeout_ms, &fd, err);
	if (r < 0)
		return r;
	r = exchange(fd, out, in, deadline, ret_bytes, err);
	close(fd);
	if (r < 0)
		return r;
	if (memcmp(out, in, PEER_PAYLOAD))
		return err_set(err, -EBADMSG, "what came back is not what was sent");
	*ret_duration = clock_now() - start;
	return 0;
}
