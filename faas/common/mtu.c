/* The largest packet that gets through: see mtu.h. */
#include "faas/common/mtu.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum {
	HEADERS = 28, /* of IPv4 and UDP */
	LEAST = 576,  /* what IPv4 promises */
	MOST = 65535,
	TRIES = 3,
	GRACE_MS = 20, /* for a large packet that a small one has overtaken */
	AT_ONCE = 64,
	/* IP_MTU_DISCOVER: must not be fragmented, and what the kernel has heard does not matter.
	 */
	PROBE = 3,
};

/* What a question begins with, and all of an answer. */
struct question {
	unsigned char token[8]; /* of this probe */
	unsigned number;
};

struct search {
	int fd;
	unsigned char token[8];
	unsigned number; /* of the latest question */
	usec_t deadline;
	char *packet;
};

int mtu_listen(int port, int *ret_fd, struct err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(err, -errno, "unable to make a socket");
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int r = err_errno(err, -errno, "unable to listen on UDP port %d", port);

		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

void mtu_answer(int fd)
{
	for (int i = 0; i < AT_ONCE; i++) {
		struct question q;
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
			fd, &q, sizeof(q), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		/* No larger than the question: nobody's amplifier. */
		if (n == (ssize_t)sizeof(q))
			sendto(fd, &q, sizeof(q), MSG_DONTWAIT | MSG_NOSIGNAL,
				(struct sockaddr *)&from, len);
	}
}

/* false: larger than what the interface sends. */
static bool ask(struct search *s, int size)
{
	struct question q = {.number = ++s->number};

	memcpy(q.token, s->token, sizeof(q.token));
	memcpy(s->packet, &q, sizeof(q));
	return send(s->fd, s->packet, (size_t)(size - HEADERS), MSG_NOSIGNAL) >= 0 ||
	       errno != EMSGSIZE;
}

/* Wait for the answer to @number, or, when @or_later, to one after it.  Which it was; 0: none came
 * by
 * @until. */
static unsigned hear(struct search *s, unsigned number, bool or_later, usec_t until)
{
	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		usec_t now = clock_now();
		struct question q;
		ssize_t n;

		if (now >= until || poll(&p, 1, (int)((until - now) / 1000) + 1) <= 0)
			return 0;
		n = recv(s->fd, &q, sizeof(q), MSG_DONTWAIT);
		if (n != (ssize_t)sizeof(q) || memcmp(q.token, s->token, sizeof(q.token)) != 0)
			continue;
		if (q.number == number || (or_later && q.number > number && q.number <= s->number))
			return q.number;
	}
}

/* 1: it passes; 0: it does not, while small ones do; -1: not known, for nothing is answered. */
static int passes(struct search *s, int size)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned large = s->number + 1, got;

		if (!ask(s, size))
			return 0;
		ask(s, LEAST);
		got = hear(s, large, true, s->deadline);
		if (!got)
			return -1;
		if (got == large || hear(s, large, false, clock_now() + GRACE_MS * 1000))
			return 1;
	}
	return 0;
}

/* That of the interface whose address we ask from. */
static int own_mtu(int fd)
{
	struct sockaddr_in own;
	socklen_t len = sizeof(own);
	struct ifaddrs *all = NULL;
	struct ifreq rq = {0};

	if (getsockname(fd, (struct sockaddr *)&own, &len) < 0 || getifaddrs(&all) < 0)
		return 0;
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET &&
			((struct sockaddr_in *)a->ifa_addr)->sin_addr.s_addr == own.sin_addr.s_addr)
			memcpy(rq.ifr_name, a->ifa_name,
				MIN_OF(strlen(a->ifa_name), sizeof(rq.ifr_name) - 1));
	freeifaddrs(all);
	if (!rq.ifr_name[0] || ioctl(fd, SIOCGIFMTU, &rq) < 0 || rq.ifr_mtu < LEAST)
		return 0;
	return MIN_OF(rq.ifr_mtu, MOST);
}

static int search(struct search *s, int most)
{
	int good = LEAST, bad = most, is = passes(s, most);

	if (is)
		return is > 0 ? most : 0;
	while (bad - good > 1) {
		int middle = good + (bad - good) / 2;

		is = passes(s, middle);
		if (is < 0)
			return 0;
		*(is ? &good : &bad) = middle;
	}
	return good;
}

static int open_socket(const char *host, int port, int *ret, struct err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int probe = PROBE;

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		return err_set(err, -EINVAL, "'%s' is no IPv4 address", host);
	*ret = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret < 0)
		return err_errno(err, -errno, "unable to make a socket");
	if (setsockopt(*ret, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe)) < 0 ||
		connect(*ret, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_errno(err, -errno, "the way to %s", host);
	return 0;
}

int mtu_probe(const char *host, int port, int timeout_ms, struct mtu *ret, struct err *err)
{
	struct search s = {.fd = -1, .deadline = clock_now() + (usec_t)timeout_ms * USEC_PER_MSEC};
	int r = open_socket(host, port, &s.fd, err);

	if (r == 0 && getrandom(s.token, sizeof(s.token), 0) != sizeof(s.token))
		r = err_errno(err, -EIO, "no random bytes");
	if (r == 0) {
		s.packet = xcalloc(1, MOST);
		*ret = (struct mtu){.own = own_mtu(s.fd)};
		if (ret->own)
			ret->passes = search(&s, ret->own);
		free(s.packet);
	}
	if (s.fd >= 0)
		close(s.fd);
	return r;
}
