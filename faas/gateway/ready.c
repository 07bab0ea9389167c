/* Probing new tasks, all at once and without blocking: see ready.h. */
#include "faas/gateway/ready.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum { MAX_PROBES = 256 }; /* at once */

struct probe {
	char *id, *address, *path; /* owned; path NULL: connecting is enough */
	bool ready, moved;         /* moved: to another array */
	int fd;                    /* -1: no probe under way */
	bool asked;
	usec_t since;    /* when the task was first seen */
	usec_t next;     /* when to probe again */
	usec_t deadline; /* of the probe under way */
};

struct ready {
	uint16_t port;
	struct probe *probes; /* sorted by id and address */
	size_t n, missing, open;
};

static int compare(const char *id, const char *address, const struct probe *p)
{
	int r = strcmp(id, p->id);

	return r ? r : strcmp(address, p->address);
}

static int by_key(const void *a, const void *b)
{
	const struct probe *x = a;

	return compare(x->id, x->address, b);
}

static struct probe *find(const struct ready *r, const char *id, const char *address)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare(id, address, &r->probes[mid]);

		if (c == 0)
			return &r->probes[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static void end_probe(struct ready *r, struct probe *p)
{
	if (p->fd < 0)
		return;
	close(p->fd);
	p->fd = -1;
	r->open--;
}

static void forget(struct ready *r, struct probe *p)
{
	end_probe(r, p);
	free(p->id);
	free(p->address);
	free(p->path);
}

struct ready *ready_new(long port)
{
	struct ready *r = xcalloc(1, sizeof(*r));

	r->port = (uint16_t)port;
	return r;
}

void ready_free(struct ready *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		forget(r, &r->probes[i]);
	free(r->probes);
	free(r);
}

/* What is known of a task moves to its new place; a new one begins. */
static void take_over(struct ready *r, const struct task *t, const char *path, struct probe *to)
{
	struct probe *old = find(r, t->id, t->address);

	if (old && !old->moved) {
		*to = *old;
		old->moved = true;
		return;
	}
	*to = (struct probe){.id = xstrdup(t->id),
		.address = xstrdup(t->address),
		.path = path ? xstrdup(path) : NULL,
		.fd = -1,
		.since = clock_now()};
}

void ready_follow(struct ready *r, const struct model *m)
{
	struct probe *probes;
	size_t n = 0;

	for (size_t i = 0; i < m->functions_n; i++)
		n += m->functions[i].tasks_n;
	probes = xcalloc(n + 1, sizeof(*probes));
	n = 0;
	for (size_t i = 0; i < m->functions_n; i++)
		for (size_t k = 0; k < m->functions[i].tasks_n; k++)
			take_over(r, &m->functions[i].tasks[k], m->functions[i].settings.ready_path,
				&probes[n++]);
	for (size_t i = 0; i < r->n; i++)
		if (!r->probes[i].moved)
			forget(r, &r->probes[i]);
	free(r->probes);
	r->probes = probes;
	r->n = n;
	qsort(probes, n, sizeof(*probes), by_key);
	r->missing = 0;
	for (size_t i = 0; i < n; i++)
		r->missing += !probes[i].ready;
}

size_t ready_missing(const struct ready *r)
{
	return r->missing;
}

bool ready_is(void *arg, const struct task *t)
{
	const struct probe *p = find(arg, t->id, t->address);

	return p && p->ready;
}

/* ---- one probe ------------------------------------------------------------------------------ */

/* Until the next one: a task that takes its time is asked less often. */
static usec_t pause_of(const struct probe *p, usec_t now)
{
	usec_t age = now - p->since;

	if (age < 5 * USEC_PER_SEC)
		return 15 * USEC_PER_MSEC;
	return age < 60 * USEC_PER_SEC ? 100 * USEC_PER_MSEC : USEC_PER_SEC;
}

int ready_pace(const struct ready *r)
{
	usec_t now = clock_now();

	for (size_t i = 0; i < r->n; i++)
		if (!r->probes[i].ready && pause_of(&r->probes[i], now) < 100 * USEC_PER_MSEC)
			return 15;
	return 100;
}

/* A lost packet is sent again only after a second: a new connection is quicker. */
static usec_t patience_of(const struct probe *p, usec_t now)
{
	if (p->path)
		return USEC_PER_SEC;
	return now - p->since < USEC_PER_SEC ? 100 * USEC_PER_MSEC : USEC_PER_SEC;
}

static void failed(struct ready *r, struct probe *p, usec_t now)
{
	end_probe(r, p);
	p->next = now + pause_of(p, now);
}

static void begin(struct ready *r, struct probe *p, usec_t now)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(r->port)};

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0) {
		p->next = now + pause_of(p, now);
		return;
	}
	r->open++;
	p->asked = false;
	p->deadline = now + patience_of(p, now);
	if (inet_pton(AF_INET, p->address, &to.sin_addr) != 1 ||
		(connect(p->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
		failed(r, p, now);
}

static bool is_connected(int fd)
{
	socklen_t len = sizeof(int);
	int e = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) == 0 && e == 0;
}

static bool ask(struct probe *p)
{
	_cleanup_free_ char *text = xasprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
					      "User-Agent: svarm-gateway\r\n\r\n",
		p->path, p->address);

	p->asked = true;
	return send(p->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* "HTTP/1.x 2…" */
static bool says_yes(int fd)
{
	char head[10];

	return recv(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       !memcmp(head, "HTTP/1.", 7) && head[8] == ' ' && head[9] == '2';
}

/* Something happened on @p's connection.  True when the task turned out to be ready. */
static bool go_on(struct ready *r, struct probe *p, usec_t now)
{
	if (!p->asked && is_connected(p->fd) && (!p->path || ask(p))) {
		if (p->path)
			return false; /* an answer is to come */
	} else if (!p->asked || !says_yes(p->fd)) {
		failed(r, p, now);
		return false;
	}
	end_probe(r, p);
	p->ready = true;
	r->missing--;
	return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* Begin and end what is due; gather the rest in @fds.  *@ret_wait shrinks to what comes first. */
static nfds_t prepare(struct ready *r, struct pollfd *fds, struct probe **probes, usec_t *ret_wait)
{
	usec_t now = clock_now();
	nfds_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct probe *p = &r->probes[i];

		if (p->ready)
			continue;
		if (p->fd >= 0 && now >= p->deadline)
			failed(r, p, now);
		if (p->fd < 0 && now >= p->next && r->open < MAX_PROBES)
			begin(r, p, now);
		if (p->fd >= 0) {
			fds[n] = (struct pollfd){p->fd, p->asked ? POLLIN : POLLOUT, 0};
			probes[n++] = p;
		}
		usec_t due = p->fd >= 0 ? p->deadline : p->next;

		*ret_wait = MIN_OF(*ret_wait, due > now ? due - now : USEC_PER_MSEC);
	}
	return n;
}

bool ready_probe(struct ready *r, int ms)
{
	usec_t end = clock_now() + (usec_t)ms * USEC_PER_MSEC, now;
	struct probe *probes[MAX_PROBES];
	struct pollfd fds[MAX_PROBES];
	bool found = false;

	while (!found && r->missing && (now = clock_now()) < end) {
		usec_t wait = end - now;
		nfds_t n = prepare(r, fds, probes, &wait);

		if (poll(fds, n, (int)((wait + USEC_PER_MSEC - 1) / USEC_PER_MSEC)) < 0)
			break;
		now = clock_now();
		for (nfds_t i = 0; i < n; i++)
			if (fds[i].revents && go_on(r, probes[i], now))
				found = true;
	}
	return found;
}
