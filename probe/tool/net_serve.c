/*
 * svarm-probe net-serve: the answering end of `svarm-probe net`.
 *
 *	svarm-probe net-serve [--port 0] [--bind ADDRESS] [--seconds 60]
 *
 * Prints {"port": N, "token": "…"} when it is ready, and ends after that time or with a signal. UDP
 * and TCP have the same number.  Who has not shown the token is told nothing; see net.h.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/tool/net.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

enum { MAX_CONNS = 16, STRANGER_MS = 2000, IDLE_MS = 5000, BUFFER = 256 * 1024, TRIES = 50 };

struct conn {
	int fd; /* -1: free */
	struct net_head head;
	size_t got;          /* of the head that is being read */
	bool begun;          /* the first head was right */
	enum net_mode mode;  /* then */
	uint64_t skip_until; /* NET_SINK: 0 before its first byte */
	uint64_t from, last; /* what is counted begins and ends; 0: not yet */
	uint64_t bytes;
	uint64_t heard; /* of any progress */
};

struct server {
	uint8_t token[NET_TOKEN];
	int udp, tcp;
	struct conn conns[MAX_CONNS];
	char *buffer;
};

static const char usage[] = "usage: svarm-probe net-serve [OPTIONS]\n"
			    "  --port N         of UDP and of TCP (0: a free one)\n"
			    "  --bind ADDRESS   of this machine (all of them)\n"
			    "  --seconds S      it ends after that time (60)\n";

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void answer_udp(struct server *s)
{
	struct sockaddr_storage from;
	struct net_head head;

	for (int i = 0; i < 64; i++) {
		socklen_t len = sizeof(from);
		/* MSG_TRUNC: of a longer one the head is enough. */
		ssize_t n = recvfrom(s->udp, &head, sizeof(head), MSG_DONTWAIT | MSG_TRUNC,
			(struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		if ((size_t)n >= sizeof(head) && !memcmp(head.token, s->token, NET_TOKEN))
			(void)sendto(s->udp, &head, sizeof(head), MSG_DONTWAIT | MSG_NOSIGNAL,
				(struct sockaddr *)&from, len);
	}
}

static void accept_conn(struct server *s)
{
	int fd = accept4(s->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < MAX_CONNS; i++) {
		if (s->conns[i].fd >= 0)
			continue;
		s->conns[i] = (struct conn){.fd = fd, .heard = clock_ns()};
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void drop(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
}

/* One whole head has come. */
static bool take_head(const struct server *s, struct conn *c)
{
	c->got = 0;
	if (memcmp(c->head.token, s->token, NET_TOKEN))
		return false;
	if (c->begun)
		return send(c->fd, &c->head, sizeof(c->head), MSG_NOSIGNAL) ==
		       (ssize_t)sizeof(c->head);
	c->begun = true;
	c->mode = c->head.seq == NET_SINK ? NET_SINK : NET_ECHO;
	return true;
}

static bool read_head(const struct server *s, struct conn *c)
{
	ssize_t n = recv(c->fd, (char *)&c->head + c->got, sizeof(c->head) - c->got, 0);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->heard = clock_ns();
	c->got += (size_t)n;
	return c->got < sizeof(c->head) || take_head(s, c);
}

static bool sink(const struct server *s, struct conn *c)
{
	ssize_t n = recv(c->fd, s->buffer, BUFFER, 0);
	uint64_t now = clock_ns();

	if (n < 0)
		return errno == EAGAIN;
	if (n == 0) {
		struct net_count count = {c->bytes, c->last - c->from};

		(void)send(c->fd, &count, sizeof(count), MSG_NOSIGNAL);
		return false;
	}
	c->heard = now;
	if (!c->skip_until)
		c->skip_until = now + MIN_OF(c->head.skip_ms, 10000) * 1000000;
	if (now < c->skip_until)
		return true;
	/* The first read opens the interval: what it holds came before that. */
	if (!c->from)
		c->from = now;
	else
		c->bytes += (uint64_t)n;
	c->last = now;
	return true;
}

static void serve_conns(struct server *s, const struct pollfd *p)
{
	uint64_t now = clock_ns();

	for (size_t i = 0; i < MAX_CONNS; i++) {
		struct conn *c = &s->conns[i];
		bool sinks = c->begun && c->mode == NET_SINK;

		if (c->fd < 0 || p[i].fd != c->fd)
			continue;
		if (p[i].revents && !(sinks ? sink(s, c) : read_head(s, c)))
			drop(c);
		else if (now > c->heard + (c->begun ? IDLE_MS : STRANGER_MS) * 1000000ull)
			drop(c);
	}
}

static void serve(struct server *s, uint64_t end)
{
	while (!stop && clock_ns() < end) {
		struct pollfd p[MAX_CONNS + 2];
		uint64_t left = end - MIN_OF(clock_ns(), end);

		for (size_t i = 0; i < MAX_CONNS; i++)
			p[i] = (struct pollfd){.fd = s->conns[i].fd, .events = POLLIN};
		p[MAX_CONNS] = (struct pollfd){.fd = s->udp, .events = POLLIN};
		p[MAX_CONNS + 1] = (struct pollfd){.fd = s->tcp, .events = POLLIN};
		if (poll(p, MAX_CONNS + 2, (int)MIN_OF(left / 1000000 + 1, 500)) < 0)
			continue;
		if (p[MAX_CONNS].revents)
			answer_udp(s);
		serve_conns(s, p);
		if (p[MAX_CONNS + 1].revents)
			accept_conn(s);
	}
}

/* A socket of @kind that is bound there; -1 with errno. */
static int bound(int kind, const struct net_target *at)
{
	int fd = socket(net_family(at), kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), zero = 0;

	if (fd < 0)
		return -1;
	if (net_family(at) == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (const struct sockaddr *)&at->address, at->len) == 0 &&
		(kind != SOCK_STREAM || listen(fd, 4 * MAX_CONNS) == 0))
		return fd;
	close(fd);
	return -1;
}

static void set_port(struct net_target *at, int port)
{
	if (net_family(at) == AF_INET6)
		((struct sockaddr_in6 *)&at->address)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&at->address)->sin_port = htons((uint16_t)port);
}

static int port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

/* The same number twice: a free one of TCP may be taken by UDP. */
static int open_both(struct server *s, struct net_target *at, int port, struct err *err)
{
	for (int i = 0; i < (port ? 1 : TRIES); i++) {
		set_port(at, port);
		s->tcp = bound(SOCK_STREAM, at);
		if (s->tcp < 0)
			break;
		set_port(at, port_of(s->tcp));
		s->udp = bound(SOCK_DGRAM, at);
		if (s->udp >= 0)
			return 0;
		close(s->tcp);
	}
	return err_errno(err, -errno, "opening port %d", port);
}

static int open_server(struct server *s, const char *bind_to, int port, struct err *err)
{
	struct net_target at = {0};
	int r;

	if (getrandom(s->token, NET_TOKEN, 0) != NET_TOKEN)
		return err_errno(err, -errno, "making a token");
	r = net_address(bind_to ? bind_to : "::", port, &at, err);
	if (r == 0)
		r = open_both(s, &at, port, err);
	if (r != -EAFNOSUPPORT && r != -EADDRNOTAVAIL)
		return r;
	/* A machine without IPv6. */
	if (bind_to || net_address("0.0.0.0", port, &at, err) < 0)
		return r;
	return open_both(s, &at, port, err);
}

static void tell(const struct server *s)
{
	printf("{\"port\": %d, \"token\": \"", port_of(s->tcp));
	for (int i = 0; i < NET_TOKEN; i++)
		printf("%02x", s->token[i]);
	puts("\"}");
	fflush(stdout);
}

int tool_net_serve(int argc, char **argv)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'},
		{"bind", required_argument, NULL, 'b'}, {"seconds", required_argument, NULL, 's'},
		{0}};
	_cleanup_err_ struct err err = ERR_INIT;
	struct server s = {0};
	const char *bind_to = NULL;
	double port = 0, seconds = 60;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		bool good = option == 'p'   ? parse_whole(optarg, 65535, &port)
			    : option == 's' ? parse_number(optarg, NET_MAX_SECONDS, &seconds)
					    : option == 'b';

		if (option == 'b')
			bind_to = optarg;
		if (!good)
			return fputs(usage, stderr), TOOL_USAGE;
	}
	if (optind != argc)
		return fputs(usage, stderr), TOOL_USAGE;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGHUP, on_signal);
	if (open_server(&s, bind_to, (int)port, &err) < 0) {
		fprintf(stderr, "svarm-probe net-serve: %s\n", err_msg(&err));
		return TOOL_FAULT;
	}
	for (size_t i = 0; i < MAX_CONNS; i++)
		s.conns[i].fd = -1;
	s.buffer = xmalloc(BUFFER);
	tell(&s);
	serve(&s, clock_ns() + (uint64_t)(seconds * 1e9));
	for (size_t i = 0; i < MAX_CONNS; i++)
		if (s.conns[i].fd >= 0)
			drop(&s.conns[i]);
	close(s.udp);
	close(s.tcp);
	free(s.buffer);
	return 0;
}
