/*
 * How large a packet may be on its way.  Datagrams that must not be fragmented are sent in sizes
 * between what always works and what the interface takes; an answer proves that one arrived.
 * Routers that drop a larger one should say so (ICMP "fragmentation needed"); where they do not,
 * large packets vanish and connections hang: a black hole.
 */
#include "probe/tool/net.h"

#include <ifaddrs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

enum {
	LEAST_V4 = 1200,
	LEAST_V6 = 1280, /* what IPv6 promises */
	HEADERS_V4 = 28, /* of IP and UDP */
	HEADERS_V6 = 48,
	TRIES = 4, /* of one size, so that loss is not taken for a limit */
	TRY_MS = 50,
	LAST_TRY_MS = 150, /* and twice a round trip */
	FIRST_TRY_MS = 1000,
	SEARCHES = 3,
	/* IP_MTU_DISCOVER and IPV6_MTU_DISCOVER: must not be fragmented, and what the kernel has
	 * heard of the way before does not matter. */
	PROBE = 3,
};

struct search {
	const struct net_target *t;
	int fd;
	char *packet;
	uint64_t seq;
	int patience_ms; /* after the last try */
	uint64_t told;   /* how often somebody said that it was too large */
};

static int headers(const struct search *s)
{
	return net_family(s->t) == AF_INET6 ? HEADERS_V6 : HEADERS_V4;
}

/* A refusal to carry it, from the queue of errors. */
static void hear_errors(struct search *s)
{
	char control[512], data[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};

	while (recvmsg(s->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		uint32_t number = 0; /* the first member of struct sock_extended_err */

		if (c && c->cmsg_len >= CMSG_LEN(sizeof(number)))
			memcpy(&number, CMSG_DATA(c), sizeof(number));
		s->told += number == EMSGSIZE;
		m.msg_controllen = sizeof(control);
	}
}

/* Has this question's answer come?  Older ones are skipped. */
static bool answered(struct search *s, uint64_t first)
{
	struct net_head head;
	ssize_t n;

	hear_errors(s);
	while ((n = recv(s->fd, &head, sizeof(head), MSG_DONTWAIT)) >= 0 || errno != EAGAIN)
		if (n == (ssize_t)sizeof(head) && head.seq >= first && head.seq < s->seq &&
			!memcmp(head.token, s->t->token, NET_TOKEN))
			return true;
	return false;
}

static bool passes(struct search *s, int size)
{
	uint64_t first = s->seq, told = s->told;

	for (int i = 0; i < TRIES; i++) {
		int wait = i == TRIES - 1 ? s->patience_ms : TRY_MS;
		uint64_t until = clock_ns() + (uint64_t)wait * 1000000;
		struct net_head head = {.seq = s->seq++};

		memcpy(head.token, s->t->token, NET_TOKEN);
		memcpy(s->packet, &head, sizeof(head));
		if (send(s->fd, s->packet, (size_t)(size - headers(s)), MSG_NOSIGNAL) < 0 &&
			errno == EMSGSIZE) {
			hear_errors(s);
			return false;
		}
		while (net_wait(s->fd, POLLIN, until))
			if (answered(s, first))
				return true;
			else if (s->told > told)
				return false;
	}
	return false;
}

/* The interface that holds the address we ask from. */
static void find_interface(int fd, struct net_mtu *ret)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	struct ifaddrs *all = NULL;
	struct ifreq rq = {0};

	if (getsockname(fd, (struct sockaddr *)&own, &len) < 0 || getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != own.ss_family)
			continue;
		if (own.ss_family == AF_INET
				? ((struct sockaddr_in *)a->ifa_addr)->sin_addr.s_addr !=
					  ((struct sockaddr_in *)&own)->sin_addr.s_addr
				: memcmp(&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr,
					  &((struct sockaddr_in6 *)&own)->sin6_addr,
					  sizeof(struct in6_addr)))
			continue;
		memcpy(rq.ifr_name, a->ifa_name,
			MIN_OF(strlen(a->ifa_name), sizeof(rq.ifr_name) - 1));
		break;
	}
	freeifaddrs(all);
	if (rq.ifr_name[0] && ioctl(fd, SIOCGIFMTU, &rq) == 0) {
		memcpy(ret->interface, rq.ifr_name, sizeof(ret->interface));
		ret->interface_mtu = rq.ifr_mtu;
	}
}

static int open_socket(struct search *s, struct err *err)
{
	bool v6 = net_family(s->t) == AF_INET6;
	int on = 1, probe = PROBE;

	s->fd = socket(net_family(s->t), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_errno(err, -errno, "making a socket");
	if (setsockopt(s->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &probe, sizeof(probe)) < 0 ||
		setsockopt(s->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR,
			&on, sizeof(on)) < 0)
		return err_errno(err, -errno, "forbidding fragments");
	if (connect(s->fd, (const struct sockaddr *)&s->t->address, s->t->len) < 0)
		return err_errno(err, -errno, "the way there");
	return 0;
}

/* Between a size that passes and one that does not. */
static int halve(struct search *s, int good, int bad)
{
	while (bad - good > 1) {
		int middle = good + (bad - good) / 2;

		if (passes(s, middle))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

static int search(struct search *s, struct net_mtu *ret, struct err *err)
{
	int least = net_family(s->t) == AF_INET6 ? LEAST_V6 : LEAST_V4, most = ret->interface_mtu;
	int good = MIN_OF(least, most);
	uint64_t from = clock_ns();

	s->patience_ms = FIRST_TRY_MS;
	if (!passes(s, good))
		return err_set(err, -ENODATA, "no datagram of even %d bytes is answered", good);
	s->patience_ms = LAST_TRY_MS + 2 * (int)((clock_ns() - from) / 1000000);
	if (passes(s, most)) {
		ret->path_mtu = most;
		ret->how = "whole";
		return 0;
	}
	/* Should the next size pass after all, the search was misled by loss or a stall. */
	good = halve(s, good, most);
	for (int i = 1; i < SEARCHES && good + 1 < most && passes(s, good + 1); i++)
		good = halve(s, good + 1, most);
	ret->path_mtu = good;
	ret->how = s->told ? "fragmentation needed" : "black hole";
	return 0;
}

int net_mtu(const struct net_target *t, struct net_mtu *ret, struct err *err)
{
	struct search s = {.t = t, .fd = -1};
	int r = open_socket(&s, err);

	if (r == 0) {
		find_interface(s.fd, ret);
		/* Of the loopback interface it is more than a datagram can hold. */
		ret->interface_mtu = MIN_OF(ret->interface_mtu, 65535);
		if (ret->interface_mtu < 576)
			r = err_set(err, -ENODATA, "the interface's packet size is not known");
	}
	if (r == 0) {
		s.packet = xcalloc(1, 65536);
		r = search(&s, ret, err);
	}
	free(s.packet);
	if (s.fd >= 0)
		close(s.fd);
	return r;
}
