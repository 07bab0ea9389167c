/* Takes the callbacks: accepts connections, reads requests, and says 200 to each, so that nobody
 * sends one again.  What is no callback of this run is answered 404. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/async/inbound.h"
#include "probe/async/parts.h"

enum { MAX_CALLERS = 256, CHUNK = 16 * 1024 };

struct caller {
	int fd; /* -1: a free place */
	struct inbound in;
};

struct receiver {
	struct tally *tally;
	int epoll, listener, port;
	struct caller callers[MAX_CALLERS];
};

static void hang_up(struct caller *c)
{
	close(c->fd);
	c->fd = -1;
}

/* False: the connection is of no more use. */
static bool answer(struct caller *c, bool ours)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const char no[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	size_t len = ours ? sizeof(ok) - 1 : sizeof(no) - 1;

	return send(c->fd, ours ? ok : no, len, MSG_NOSIGNAL) == (ssize_t)len &&
	       inbound_keep(&c->in);
}

static bool take_request(struct receiver *r, struct caller *c)
{
	char body[TALLY_TEXT];
	uint32_t i;
	bool same;

	if (!tally_find(r->tally, c->in.path, &i))
		return answer(c, false);
	tally_body(r->tally, i, body);
	same = c->in.body_len == strlen(body) && !memcmp(c->in.body, body, strlen(body));
	tally_called_back(r->tally, i, c->in.function_status, same, clock_ns());
	return answer(c, true);
}

static void read_some(struct receiver *r, struct caller *c)
{
	char data[CHUNK];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);
	size_t at = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	while (at < (size_t)n) {
		at += inbound_feed(&c->in, data + at, (size_t)n - at);
		if (c->in.state == INBOUND_BROKEN ||
			(c->in.state == INBOUND_DONE && !take_request(r, c))) {
			hang_up(c);
			return;
		}
		if (c->in.state == INBOUND_DONE)
			inbound_begin(&c->in);
	}
}

static struct caller *free_place(struct receiver *r)
{
	for (size_t i = 0; i < MAX_CALLERS; i++)
		if (r->callers[i].fd < 0)
			return &r->callers[i];
	return NULL;
}

static void accept_all(struct receiver *r)
{
	const int one = 1;
	struct epoll_event ev = {.events = EPOLLIN};
	struct caller *c;
	int fd;

	while ((fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		c = free_place(r);
		ev.data.ptr = c;
		if (!c || epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c->fd = fd;
		inbound_begin(&c->in);
	}
}

void receiver_turn(struct receiver *r)
{
	struct epoll_event events[64];
	int n = epoll_wait(r->epoll, events, 64, 0);
	bool more = false;

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			read_some(r, events[i].data.ptr);
		else
			more = true;
	}
	/* Afterwards: a place that was given up above may not be taken by another connection while
	 * there are events of the old one. */
	if (more)
		accept_all(r);
}

int receiver_fd(const struct receiver *r)
{
	return r->epoll;
}

int receiver_port(const struct receiver *r)
{
	return r->port;
}

static int port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char port[8];

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0 ||
		getnameinfo(
			(struct sockaddr *)&a, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV))
		return 0;
	return (int)strtol(port, NULL, 10);
}

/* On a port that the kernel chooses. */
static int listen_on(struct receiver *r, const char *address, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
			*a;
	struct epoll_event ev = {.events = EPOLLIN};
	int error = 0;

	if (getaddrinfo(address, "0", &hints, &a))
		return err_set(err, -EINVAL, "'%s' is not an address", address);
	r->listener = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->listener < 0 || bind(r->listener, a->ai_addr, a->ai_addrlen) < 0 ||
		listen(r->listener, SOMAXCONN) < 0 ||
		epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->listener, &ev) < 0)
		error = errno;
	freeaddrinfo(a);
	if (error)
		return err_errno(err, -error, "unable to listen on '%s'", address);
	r->port = port_of(r->listener);
	return 0;
}

int receiver_new(
	const struct async_options *o, struct tally *t, struct receiver **ret, struct err *err)
{
	struct receiver *new = xcalloc(1, sizeof(*new));
	int r;

	for (size_t i = 0; i < MAX_CALLERS; i++)
		new->callers[i].fd = -1;
	new->tally = t;
	new->listener = -1;
	new->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = new->epoll < 0 ? err_errno(err, -errno, "epoll") : listen_on(new, o->listen, err);
	if (r < 0) {
		receiver_free(new);
		return r;
	}
	*ret = new;
	return 0;
}

void receiver_free(struct receiver *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < MAX_CALLERS; i++)
		if (r->callers[i].fd >= 0)
			close(r->callers[i].fd);
	if (r->listener >= 0)
		close(r->listener);
	if (r->epoll >= 0)
		close(r->epoll);
	free(r);
}
