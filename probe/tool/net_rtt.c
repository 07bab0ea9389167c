/*
 * Round trips.  Questions leave at a steady pace whether or not answers come, so that a stall is
 * seen by every question that falls into it.  Times are the asker's own: nothing that an answer
 * says is believed but its number.
 */
#include "probe/tool/net.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

enum { MAX_QUESTIONS = 1000000, ENOUGH_REFUSALS = 20, LEAST_LINGER_MS = 400 };

struct flight {
	int fd;
	uint64_t *sent, *rtt; /* by number; rtt 0: not come */
	uint64_t n, max, refused;
	struct net_rtt *result;
};

static void take_answers(struct flight *f, const struct net_target *t)
{
	struct net_head head;

	for (;;) {
		ssize_t n = recv(f->fd, &head, sizeof(head), MSG_DONTWAIT);
		uint64_t now = clock_ns();

		/* A refusal (ICMP) is a question without an answer like any other. */
		if (n < 0 && errno == ECONNREFUSED) {
			f->refused++;
			continue;
		}
		if (n < 0)
			return;
		if (n != (ssize_t)sizeof(head) || memcmp(head.token, t->token, NET_TOKEN) ||
			head.seq >= f->n)
			continue;
		if (f->rtt[head.seq]) {
			f->result->duplicates++;
			continue;
		}
		f->rtt[head.seq] = MAX_OF(now - f->sent[head.seq], 1);
		hist_add(&f->result->ns, f->rtt[head.seq]);
	}
}

static void ask(struct flight *f, const struct net_target *t)
{
	struct net_head head = {.seq = f->n};

	memcpy(head.token, t->token, NET_TOKEN);
	f->sent[f->n++] = clock_ns();
	/* That it could not be sent shows as lost. */
	(void)send(f->fd, &head, sizeof(head), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Nobody is there, and the machine says so. */
static bool hopeless(const struct flight *f)
{
	return f->refused >= ENOUGH_REFUSALS && !f->result->ns.n;
}

static void fly(struct flight *f, const struct net_target *t)
{
	uint64_t end = clock_ns() + t->duration * 1000, due = clock_ns(), patience;

	while (clock_ns() < end && f->n < f->max && !hopeless(f)) {
		if (clock_ns() >= due) {
			ask(f, t);
			/* After a stall of our own no burst follows. */
			due = MAX_OF(due + t->interval * 1000, clock_ns());
		}
		if (net_wait(f->fd, POLLIN, due))
			take_answers(f, t);
	}
	/* Long enough for the slowest seen so far, and for a busy machine. */
	patience = clock_ns() + MIN_OF(MAX_OF(4 * f->result->ns.max, LEAST_LINGER_MS * 1000000ull),
					NET_LINGER_MS * 1000000ull);
	while (f->result->ns.n < f->n && !hopeless(f) && net_wait(f->fd, POLLIN, patience))
		take_answers(f, t);
}

/* Of answers that followed each other; questions that were lost are left out. */
static double jitter(const uint64_t *rtt, uint64_t n)
{
	uint64_t before = 0, pairs = 0;
	double sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (rtt[i] && before) {
			sum += rtt[i] > before ? (double)(rtt[i] - before)
					       : (double)(before - rtt[i]);
			pairs++;
		}
		before = rtt[i];
	}
	return pairs ? sum / (double)pairs / 1e6 : 0;
}

static uint64_t most(const struct net_target *t)
{
	return MIN_OF(t->duration / t->interval + 2, (usec_t)MAX_QUESTIONS);
}

static void finish(struct flight *f, const char *by)
{
	f->result->sent = f->n;
	f->result->lost = f->n - f->result->ns.n;
	f->result->jitter_ms = jitter(f->rtt, f->n);
	f->result->by = f->result->ns.n ? by : NULL;
	close(f->fd);
	free(f->sent);
	free(f->rtt);
}

int net_rtt_udp(const struct net_target *t, struct net_rtt *ret, struct err *err)
{
	struct flight f = {.max = most(t), .result = ret};

	f.fd = socket(net_family(t), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f.fd < 0)
		return err_errno(err, -errno, "making a socket");
	if (connect(f.fd, (const struct sockaddr *)&t->address, t->len) < 0) {
		int r = -errno;

		close(f.fd);
		return err_errno(err, r, "the way there");
	}
	f.sent = xcalloc(f.max, sizeof(*f.sent));
	f.rtt = xcalloc(f.max, sizeof(*f.rtt));
	fly(&f, t);
	finish(&f, "udp");
	return 0;
}

/* One head there and back. */
static int exchange(int fd, struct net_head *head, uint64_t deadline)
{
	size_t got = 0;

	if (send(fd, head, sizeof(*head), MSG_NOSIGNAL) != (ssize_t)sizeof(*head))
		return -EPIPE;
	while (got < sizeof(*head)) {
		ssize_t n;

		if (!net_wait(fd, POLLIN, deadline))
			return -ETIMEDOUT;
		n = recv(fd, (char *)head + got, sizeof(*head) - got, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return n ? -errno : -ECONNRESET;
		got += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int net_rtt_tcp(const struct net_target *t, struct net_rtt *ret, struct err *err)
{
	struct flight f = {.max = most(t), .result = ret};
	uint64_t end;
	int r;

	r = net_connect(t, NET_ECHO, 0, &f.fd, err);
	if (r < 0)
		return r;
	f.rtt = xcalloc(f.max, sizeof(*f.rtt));
	for (end = clock_ns() + t->duration * 1000; clock_ns() < end && f.n < f.max;) {
		struct net_head head = {.seq = f.n};
		uint64_t from = clock_ns();

		memcpy(head.token, t->token, NET_TOKEN);
		r = exchange(f.fd, &head, from + NET_LINGER_MS * 1000000ull);
		if (r < 0)
			break;
		f.rtt[f.n] = MAX_OF(clock_ns() - from, 1);
		hist_add(&ret->ns, f.rtt[f.n++]);
		(void)net_wait(-1, 0, from + t->interval * 1000);
	}
	finish(&f, "tcp");
	return r < 0 && !ret->ns.n ? err_errno(err, r, "asking by TCP") : 0;
}
