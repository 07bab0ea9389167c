/*
 * A TCP connection within bounds.  Names are looked up in a thread of their own, because
 * getaddrinfo() can be neither interrupted nor given a deadline: a look-up that takes too long is
 * left behind and cleans up after itself.
 */
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "lib/node/link_ssh.h"

/* Longest wait for one address: what several retransmissions of a SYN take. */
#define CONNECT_TRY (10 * USEC_PER_SEC)

/* A look-up, shared by the thread that does it and the one that waits for it. */
struct lookup {
	int refs;
	int done; /* eventfd: written when rc and list are set */
	char *host, *port;
	int rc;
	struct addrinfo *list;
};

static void lookup_unref(struct lookup *l)
{
	if (__atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (l->list)
		freeaddrinfo(l->list);
	close(l->done);
	free(l->host);
	free(l->port);
	free(l);
}

static void lookup_unrefp(struct lookup **l)
{
	if (*l)
		lookup_unref(*l);
}

static int lookup_run(struct lookup *l, int flags)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};

	return getaddrinfo(l->host, l->port, &hints, &l->list);
}

static void *lookup_thread(void *arg)
{
	struct lookup *l = arg;
	const uint64_t one = 1;

	l->rc = lookup_run(l, AI_ADDRCONFIG);
	if (write(l->done, &one, sizeof(one)) < 0)
		abort(); /* cannot happen with an eventfd */
	lookup_unref(l);
	return NULL;
}

/* Do the look-up elsewhere and wait for it. */
static int lookup_wait(struct lookup *l, const struct ssh_bounds *b, struct err *err)
{
	pthread_attr_t attr;
	pthread_t thread;
	uint64_t n;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	__atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED);
	r = pthread_create(&thread, &attr, lookup_thread, l);
	pthread_attr_destroy(&attr);
	if (r != 0) {
		lookup_unref(l);
		return err_errno(err, -r, "starting a thread");
	}
	do {
		r = ssh_bounds_poll(b, l->done, POLLIN, USEC_PER_SEC, err);
	} while (r == 0);
	if (r < 0)
		return err_wrap(err, "looking up '%s'", l->host);
	if (read(l->done, &n, sizeof(n)) < 0)
		return err_errno(err, -errno, "looking up '%s'", l->host);
	return 0;
}

static int lookup(const char *host, int port, const struct ssh_bounds *b, struct lookup **ret,
	struct err *err)
{
	_cleanup_(lookup_unrefp) struct lookup *l = xcalloc(1, sizeof(*l));
	int r;

	l->refs = 1;
	l->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->done < 0)
		return err_errno(err, -errno, "eventfd");
	l->host = xstrdup(host);
	l->port = xasprintf("%d", port);
	l->rc = lookup_run(l, AI_NUMERICHOST);
	if (l->rc == EAI_NONAME) {
		r = lookup_wait(l, b, err);
		if (r < 0)
			return r;
	}
	if (l->rc != 0)
		return err_set(err, l->rc == EAI_AGAIN ? -EAGAIN : -ENOENT, "looking up '%s': %s",
			host, gai_strerror(l->rc));
	*ret = TAKE_PTR(l);
	return 0;
}

static void set_socket_options(int fd)
{
	const int on = 1, idle = 10, interval = 5, count = 4, dead_ms = 30000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* A peer that is gone is noticed by the kernel too, also while we are sending. */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
}

/* One address.  Negative errno without a message, or ERR_INTR with one. */
static int connect_one(
	const struct addrinfo *a, const struct ssh_bounds *b, int *ret_fd, struct err *err)
{
	struct ssh_bounds mine = *b;
	usec_t stop = clock_now() + CONNECT_TRY;
	socklen_t len = sizeof(int);
	int fd, r, so_error = 0;

	mine.until = b->until ? MIN_OF(b->until, stop) : stop;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, -errno, "socket");
	set_socket_options(fd);
	r = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? -errno : 0;
	if (r == -EINPROGRESS) {
		do {
			r = ssh_bounds_poll(&mine, fd, POLLOUT, USEC_PER_SEC, err);
		} while (r == 0);
		if (r == 1) {
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &so_error, &len);
			r = -so_error;
		}
	}
	if (r < 0) {
		close(fd);
		return r == ERR_INTR ? r : err_set(err, r, "%s", strerror(-r));
	}
	*ret_fd = fd;
	return 0;
}

int tcp_connect(
	const char *host, int port, const struct ssh_bounds *b, int *ret_fd, struct err *err)
{
	_cleanup_(lookup_unrefp) struct lookup *l = NULL;
	int r;

	r = lookup(host, port, b, &l, err);
	if (r < 0)
		return r;
	r = -EADDRNOTAVAIL;
	for (const struct addrinfo *a = l->list; a; a = a->ai_next) {
		r = connect_one(a, b, ret_fd, err);
		if (r == 0 || r == ERR_INTR)
			return r;
	}
	return r;
}
