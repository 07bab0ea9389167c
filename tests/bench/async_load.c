/*
 * The measuring client of asynchronous calls: sends numbered calls over keep-alive connections, and
 * is itself the place where they arrive, as the function or as its callback.  So every accepted
 * call is accounted for: how many were accepted, how many arrived, which never or twice, and how
 * fast.  One thread, epoll, no library: what it costs is not what is measured.
 *
 *     async_load --target HOST:PORT --path /async-function/NAME --listen ADDRESS:PORT
 *                [--callback URL] [--calls N] [--connections N] [--body BYTES] [--idle N]
 *                [--timeout SECONDS] [--on-accepted COMMAND]
 *
 * First --calls at once over --connections; --on-accepted runs when the last one is accepted (to
 * start a worker then, say).  Then --idle calls one at a time, each sent when the one before has
 * arrived.  Prints one JSON object; exit 0 when nothing was lost, 1 when something was, 2 usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, EVENTS = 256, NO_CALL = -1 };

struct options {
	const char *target, *path, *listen, *callback, *on_accepted;
	long calls, connections, body, idle, timeout;
};

/* A connection: one of ours to the target, or one that came in. */
struct conn {
	int fd;
	bool ours;
	long call; /* ours: the one that waits for its answer, or NO_CALL */
	size_t have, drop;
	char in[BUFFER];
};

struct load {
	struct options o;
	struct sockaddr_in target;
	int epoll, listener;
	char run[17], *body;
	long sent, last;        /* calls begun; and the one to stop before */
	long accepted, refused; /* answers */
	long arrived, doubled;
	double *sent_at, *arrived_at; /* by call */
	bool *ok;                     /* accepted, by call */
	double first_arrival, last_arrival, accept_end, started;
	long arrived_at_accept_end;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "async_load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	const char *colon = strrchr(text, ':');
	char host[64] = "";

	if (!colon || (size_t)(colon - text) >= sizeof(host)) {
		errno = EINVAL;
		die(text);
	}
	memcpy(host, text, (size_t)(colon - text));
	a.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
	return a;
}

/* ---- connections ---- */

static struct conn *conn_add(struct load *l, int fd, bool ours)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = fd;
	c->ours = ours;
	c->call = NO_CALL;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll");
	return c;
}

static void conn_close(struct conn *c)
{
	close(c->fd);
	free(c);
}

static void put(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return; /* the read will tell */
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

static struct conn *dial(struct load *l)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&l->target, sizeof(l->target)) < 0)
		die("connect");
	return conn_add(l, fd, true);
}

static void send_next(struct load *l, struct conn *c)
{
	char head[1024];
	int n;

	c->call = NO_CALL;
	if (l->sent == l->last)
		return;
	c->call = l->sent++;
	n = snprintf(head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: %s\r\nX-Call-Id: %s-%ld\r\n%s%s%sContent-Length: "
		"%ld\r\n\r\n",
		l->o.path, l->o.target, l->run, c->call, l->o.callback ? "X-Callback-Url: " : "",
		l->o.callback ? l->o.callback : "", l->o.callback ? "\r\n" : "", l->o.body);
	l->sent_at[c->call] = now();
	put(c->fd, head, (size_t)n);
	put(c->fd, l->body, (size_t)l->o.body);
}

/* ---- what comes in ---- */

/* Value of header @name within @head, or NULL; ends at a carriage return. */
static const char *header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p; p = strstr(p + 2, "\r\n")) {
		if (strncasecmp(p + 2, name, n) || p[2 + n] != ':')
			continue;
		p += 3 + n;
		return p + strspn(p, " ");
	}
	return NULL;
}

static void answered(struct load *l, struct conn *c, const char *head)
{
	bool ok = !strncmp(head, "HTTP/1.1 202", 12);

	l->accepted += ok;
	l->refused += !ok;
	l->ok[c->call] = ok;
	if (!ok && l->refused <= 3)
		fprintf(stderr, "async_load: %.*s\n", (int)strcspn(head, "\r"), head);
	send_next(l, c);
}

static void arrives(struct load *l, struct conn *c, const char *head)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	const char *id = header(head, "X-Call-Id");
	long n;

	put(c->fd, reply, sizeof(reply) - 1);
	if (!id || strncmp(id, l->run, strlen(l->run)) || id[strlen(l->run)] != '-')
		return; /* of another run */
	n = strtol(id + strlen(l->run) + 1, NULL, 10);
	if (n < 0 || n >= l->sent)
		return;
	if (l->arrived_at[n] > 0) {
		l->doubled++;
		return;
	}
	l->arrived_at[n] = l->last_arrival = now();
	if (!l->arrived++)
		l->first_arrival = l->last_arrival;
}

/* Take what is whole out of the buffer: heads, and bodies that nobody looks at. */
static void consume(struct load *l, struct conn *c)
{
	for (;;) {
		size_t n = c->drop < c->have ? c->drop : c->have;
		const char *length;
		char *end;

		memmove(c->in, c->in + n, c->have - n);
		c->have -= n;
		c->drop -= n;
		c->in[c->have] = '\0';
		end = c->drop ? NULL : strstr(c->in, "\r\n\r\n");
		if (!end)
			return;
		end[2] = '\0';
		length = header(c->in, "Content-Length");
		c->drop = (size_t)(end + 4 - c->in) + (length ? strtoul(length, NULL, 10) : 0);
		if (c->ours)
			answered(l, c, c->in);
		else
			arrives(l, c, c->in);
	}
}

static void readable(struct load *l, struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->have, BUFFER - 1 - c->have);

	if (n > 0) {
		c->have += (size_t)n;
		consume(l, c);
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (c->ours) {
		l->refused += c->call != NO_CALL;
		send_next(l, dial(l));
	}
	conn_close(c);
}

static void turn(struct load *l)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(l->epoll, ev, EVENTS, 100);

	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr) {
			readable(l, ev[i].data.ptr);
			continue;
		}
		int fd = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			conn_add(l, fd, false);
	}
}

/* ---- the run ---- */

static void setup(struct load *l)
{
	struct sockaddr_in a = address(l->o.listen);
	struct epoll_event ev = {.events = EPOLLIN};
	size_t total = (size_t)(l->o.calls + l->o.idle);
	int one = 1;

	snprintf(l->run, sizeof(l->run), "%08x%08x", (unsigned)time(NULL), (unsigned)getpid());
	l->target = address(l->o.target);
	l->body = malloc((size_t)l->o.body + 1);
	memset(l->body, 'x', (size_t)l->o.body + 1);
	l->sent_at = calloc(total + 1, sizeof(double));
	l->arrived_at = calloc(total + 1, sizeof(double));
	l->ok = calloc(total + 1, sizeof(bool));
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(l->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		listen(l->listener, 1024) < 0 ||
		epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->listener, &ev) < 0)
		die(l->o.listen);
}

static long answers(const struct load *l)
{
	return l->accepted + l->refused;
}

static void burst(struct load *l)
{
	double until;

	l->last = l->o.calls;
	l->started = now();
	until = l->started + (double)l->o.timeout;
	for (long i = 0; i < l->o.connections; i++)
		send_next(l, dial(l));
	while (answers(l) < l->o.calls && now() < until)
		turn(l);
	l->accept_end = now();
	l->arrived_at_accept_end = l->arrived;
	if (l->o.on_accepted && system(l->o.on_accepted) != 0)
		fprintf(stderr, "async_load: '%s' failed\n", l->o.on_accepted);
	until = now() + (double)l->o.timeout;
	while (l->arrived < l->accepted && now() < until)
		turn(l);
	for (double end = now() + 0.5; now() < end;) /* for what comes twice */
		turn(l);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One call at a time; returns the latencies in milliseconds, sorted. */
static double *one_by_one(struct load *l)
{
	double *ms = calloc((size_t)l->o.idle + 1, sizeof(double));
	struct conn *c = dial(l);

	for (long i = 0; i < l->o.idle; i++) {
		long call = l->sent;
		double until = now() + (double)l->o.timeout;

		l->last = l->sent + 1;
		send_next(l, c);
		while (!l->arrived_at[call] && now() < until)
			turn(l);
		while (c->call == call && now() < until)
			turn(l);
		ms[i] = 1000 * (l->arrived_at[call] - l->sent_at[call]);
		usleep(2000);
	}
	qsort(ms, (size_t)l->o.idle, sizeof(double), by_value);
	return ms;
}

static double rate(long n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

static int report(struct load *l, const double *ms, double last_burst, long in_burst)
{
	double drained_from = l->first_arrival > l->accept_end ? l->first_arrival : l->accept_end;
	long lost = 0, n = l->o.idle;

	for (long i = 0; i < l->sent; i++)
		lost += l->ok[i] && l->arrived_at[i] <= 0;
	printf("{\"calls\": %ld, \"accepted\": %ld, \"refused\": %ld, \"lost\": %ld, \"doubled\": "
	       "%ld, \"accept_rps\": %.0f, \"drain_rps\": %.0f, \"through_rps\": %.0f",
		l->o.calls, l->accepted, l->refused, lost, l->doubled,
		rate(l->o.calls, l->accept_end - l->started),
		rate(in_burst - l->arrived_at_accept_end, last_burst - drained_from),
		rate(in_burst, last_burst - l->started));
	if (n)
		printf(", \"e2e_p50_ms\": %.3f, \"e2e_p99_ms\": %.3f", ms[n / 2], ms[n * 99 / 100]);
	printf("}\n");
	return lost ? 1 : 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: async_load --target HOST:PORT --path PATH --listen ADDRESS:PORT\n"
		"  [--callback URL] [--calls N] [--connections N] [--body BYTES] [--idle N]\n"
		"  [--timeout SECONDS] [--on-accepted COMMAND]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct load l = {
		.o = {.calls = 10000, .connections = 64, .body = 100, .timeout = 60}};
	struct options *o = &l.o;
	const struct {
		struct option option;
		const char **text;
		long *number;
	} known[] = {
		{{"target", required_argument, NULL, 0}, &o->target, NULL},
		{{"path", required_argument, NULL, 0}, &o->path, NULL},
		{{"listen", required_argument, NULL, 0}, &o->listen, NULL},
		{{"callback", required_argument, NULL, 0}, &o->callback, NULL},
		{{"on-accepted", required_argument, NULL, 0}, &o->on_accepted, NULL},
		{{"calls", required_argument, NULL, 0}, NULL, &o->calls},
		{{"connections", required_argument, NULL, 0}, NULL, &o->connections},
		{{"body", required_argument, NULL, 0}, NULL, &o->body},
		{{"idle", required_argument, NULL, 0}, NULL, &o->idle},
		{{"timeout", required_argument, NULL, 0}, NULL, &o->timeout},
	};
	struct option options[sizeof(known) / sizeof(*known) + 1] = {{0}};
	double last;
	long n;
	int k;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		options[i] = known[i].option;
	while (getopt_long(argc, argv, "", options, &k) == 0) {
		if (known[k].text)
			*known[k].text = optarg;
		else
			*known[k].number = strtol(optarg, NULL, 10);
	}
	if (!o->target || !o->path || !o->listen || o->calls < 0 || o->body < 0 || o->idle < 0)
		return usage();
	setup(&l);
	burst(&l);
	last = l.last_arrival;
	n = l.arrived;
	return report(&l, one_by_one(&l), last, n);
}
