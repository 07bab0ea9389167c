/*
 * Which doors stand open to the public: TCP connects and UDP datagrams from this machine to every
 * node, all at once, without waiting for one before the next.  A firewall that drops shows as
 * silence, so the scan lasts its whole deadline on a cluster that is well closed.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/evidence.h"

/* What docker, the swarm and svarm listen on, what usually listens beside them, and a sample of
 * ports that swarm publishes services on or that nothing should listen on. */
const int scan_tcp[] = {2375, 2376, 2377, 3000, 3306, 4789, 5000, 5432, 6379, 7007, 7946, 8080,
	8081, 8082, 8090, 9090, 9093, 9100, 9323, 30000, 32767};
const size_t n_scan_tcp = ARRAY_SIZE(scan_tcp);
const int scan_udp[] = {2377, 4789, 7946};
const size_t n_scan_udp = ARRAY_SIZE(scan_udp);
_Static_assert(ARRAY_SIZE(scan_tcp) <= MAX_PORTS && ARRAY_SIZE(scan_udp) <= MAX_PORTS, "MAX_PORTS");

enum {
	MAX_ADDRESSES = 4, /* of one name */
	BATCH = 400,       /* sockets open at once */
};
static const usec_t deadline = LIMIT_SCAN * USEC_PER_SEC;

/* A door that is being tried. */
struct door {
	int fd;
	int type; /* SOCK_STREAM or SOCK_DGRAM */
	struct sockaddr_storage to;
	socklen_t to_len;
	enum port_state *state;
};

struct doors {
	struct door *items;
	size_t n, cap;
};

static void set_port(struct sockaddr_storage *a, int port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)a)->sin_port = htons((uint16_t)port);
}

/* The worst that any address of the node showed is what counts. */
static void note(struct door *d, enum port_state state)
{
	if (state > *d->state)
		*d->state = state;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void open_door(struct door *d)
{
	/* Begins like a VXLAN packet; to the others it is garbage, as from any scanner. */
	static const char datagram[16] = {0x08};

	d->fd = socket(d->to.ss_family, d->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		note(d, errno == EAFNOSUPPORT ? PORT_SILENT : PORT_ERROR);
	else if (connect(d->fd, (struct sockaddr *)&d->to, d->to_len) < 0 && errno != EINPROGRESS)
		note(d, errno == ECONNREFUSED ? PORT_REFUSED : PORT_SILENT);
	else if (d->type == SOCK_DGRAM && send(d->fd, datagram, sizeof(datagram), 0) < 0)
		note(d, errno == ECONNREFUSED ? PORT_REFUSED : PORT_SILENT);
}

static void look_at(struct door *d)
{
	socklen_t len = sizeof(int);
	char byte;
	int e = 0;

	if (d->type == SOCK_DGRAM) {
		if (recv(d->fd, &byte, 1, 0) >= 0)
			note(d, PORT_OPEN);
		else if (errno != EAGAIN)
			note(d, errno == ECONNREFUSED ? PORT_REFUSED : PORT_SILENT);
		return;
	}
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
		e = errno;
	note(d, e == 0 ? PORT_OPEN : e == ECONNREFUSED ? PORT_REFUSED : PORT_SILENT);
}

/* Try @n doors at once; those that say nothing until the deadline stay PORT_SILENT. */
static void try_batch(struct door *doors, size_t n, const bool *cancel)
{
	struct pollfd *p = xcalloc(n, sizeof(*p));
	usec_t now, end = clock_now() + deadline;
	size_t left = n;

	for (size_t i = 0; i < n; i++)
		open_door(&doors[i]);
	while (left && (now = clock_now()) < end) {
		if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
			break;
		left = 0;
		for (size_t i = 0; i < n; i++) {
			p[i].fd = doors[i].fd; /* poll() skips negative ones */
			p[i].events = doors[i].type == SOCK_STREAM ? POLLOUT : POLLIN;
			left += doors[i].fd >= 0;
		}
		if (!left || poll(p, n, (int)MIN_OF((end - now) / 1000 + 1, (usec_t)100)) <= 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (doors[i].fd >= 0 && p[i].revents)
				look_at(&doors[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (doors[i].fd >= 0)
			note(&doors[i], PORT_SILENT);
	free(p);
}

static void add_doors(struct doors *doors, const struct addrinfo *to, int type, const int *ports,
	size_t n, enum port_state *states)
{
	for (size_t i = 0; i < n; i++) {
		struct door *d;

		xgrow(doors->items, doors->n, doors->cap);
		d = &doors->items[doors->n++];
		*d = (struct door){.fd = -1, .type = type, .state = &states[i]};
		memcpy(&d->to, to->ai_addr, to->ai_addrlen);
		d->to_len = to->ai_addrlen;
		set_port(&d->to, ports[i]);
	}
}

static void add_address(struct doors *doors, const struct addrinfo *to, struct scan *scan)
{
	add_doors(doors, to, SOCK_STREAM, scan_tcp, n_scan_tcp, scan->tcp);
	add_doors(doors, to, SOCK_DGRAM, scan_udp, n_scan_udp, scan->udp);
}

static void add_node(struct evidence *ev, struct node_evidence *e, struct doors *doors)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int r, n = 0;

	if (!strcmp(e->node->address, e->node->private))
		return;
	r = getaddrinfo(e->node->address, NULL, &hints, &list);
	if (r) {
		e->scan.error = arena_printf(&ev->scan_arena, "unable to resolve '%s': %s",
			e->node->address, gai_strerror(r));
		return;
	}
	for (const struct addrinfo *a = list; a && n < MAX_ADDRESSES; a = a->ai_next, n++)
		add_address(doors, a, &e->scan);
	freeaddrinfo(list);
	e->scan.done = true;
}

static void try_all(struct doors *doors, const bool *cancel)
{
	for (size_t at = 0; at < doors->n; at += BATCH)
		try_batch(doors->items + at, MIN_OF(doors->n - at, (size_t)BATCH), cancel);
	free(doors->items);
}

void collect_scan(struct evidence *ev, const bool *cancel)
{
	struct doors doors = {0};

	for (size_t i = 0; i < ev->n; i++)
		add_node(ev, &ev->nodes[i], &doors);
	try_all(&doors, cancel);
}

/* ---- IPv6 ---- */

bool is_public6(const struct spec_node *n, const char *text)
{
	struct in6_addr a, own;

	if (inet_pton(AF_INET6, text, &a) != 1 || (a.s6_addr[0] & 0xe0) != 0x20)
		return false; /* 2000::/3 is what is routed in public */
	return (inet_pton(AF_INET6, n->address, &own) != 1 || memcmp(&a, &own, sizeof(a)) != 0) &&
	       (inet_pton(AF_INET6, n->private, &own) != 1 || memcmp(&a, &own, sizeof(a)) != 0);
}

/* Has this machine a way to @to?  Connecting a datagram socket sends nothing. */
static bool has_way(const struct sockaddr_in6 *to)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool way = fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0;

	if (fd >= 0)
		close(fd);
	return way;
}

static void add_node6(struct node_evidence *e, struct doors *doors)
{
	size_t n = 0;

	for (size_t i = 0; i < e->answer.n_addresses6 && n < MAX_ADDRESSES; i++) {
		struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
		const struct addrinfo one = {
			.ai_addr = (struct sockaddr *)&to, .ai_addrlen = sizeof(to)};

		if (!is_public6(e->node, e->answer.addresses6[i]))
			continue;
		inet_pton(AF_INET6, e->answer.addresses6[i], &to.sin6_addr);
		if (!has_way(&to)) {
			e->scan6.error = "this machine has no way to its IPv6 addresses";
			continue;
		}
		add_address(doors, &one, &e->scan6);
		e->scan6.done = true;
		n++;
	}
}

void collect_scan6(struct evidence *ev, const bool *cancel)
{
	struct doors doors = {0};

	for (size_t i = 0; i < ev->n; i++)
		if (ev->nodes[i].answered)
			add_node6(&ev->nodes[i], &doors);
	try_all(&doors, cancel);
}
