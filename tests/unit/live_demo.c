/*
 * A run that never happens, for looking at the reporters: three nodes (or as many as asked for) go
 * through plausible steps, one of them fails.  Usage: live_demo [live|plain|json] [NODES [SPEED]];
 * SPEED 2 is twice as fast.  Not a test by itself: tests/system/live.t looks at its screen.
 */
#include <pthread.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "lib/run/report.h"

struct demo_node {
	struct events *ev;
	size_t index;
	const char *name;
	pthread_t thread;
	bool fails;
	double speed;
};

static const char *const titles[] = {
	"install docker.io, nginx, nftables, apparmor",
	"write /etc/docker/daemon.json",
	"load the firewall",
	"set net.core.somaxconn = 65535, net.ipv4.tcp_tw_reuse = 1, "
	"net.ipv4.ip_local_port_range = 1024 65000, net.ipv4.ip_local_reserved_ports",
	"write /etc/nginx/nginx.conf and reload nginx.service",
	"join the swarm",
	"load image svarm/gateway:0.1.0 (38 MB)",
	"déploy the stack 'fünctions' ελληνικά 日本語のタイトルはとても長いので切り詰められます",
};

static void rest(const struct demo_node *n, unsigned msec)
{
	clock_sleep((usec_t)((msec + 70 * (unsigned)(n->index % 7)) * 1000 / n->speed));
}

static void step(struct demo_node *n, size_t i, bool fail)
{
	struct event e = {.kind = EVENT_STEP_STARTED,
		.node = n->name,
		.node_index = n->index,
		.step = i + 1,
		.total = ARRAY_SIZE(titles),
		.text = titles[i]};
	usec_t before = clock_now();

	events_emit(n->ev, &e);
	rest(n, 400 + 100 * (unsigned)i);
	e.kind = fail ? EVENT_STEP_FAILED : EVENT_STEP_DONE;
	e.seconds = (double)(clock_now() - before) / 1e6;
	if (fail)
		e.error =
			"'docker swarm join' exited with 1:\n"
			"Error response from daemon: rpc error: code = Unavailable desc = "
			"connection error: dial tcp 10.88.0.11:2377: connect: connection refused\n"
			"see 'journalctl -u docker' on the node";
	events_emit(n->ev, &e);
}

static void *node_main(void *arg)
{
	struct demo_node *n = arg;
	usec_t before = clock_now();
	struct event e = {.kind = EVENT_NODE_PLANNED,
		.node = n->name,
		.node_index = n->index,
		.total = ARRAY_SIZE(titles)};

	events_state(n->ev, n->index, "connecting");
	rest(n, 300);
	events_state(n->ev, n->index, "reading facts");
	rest(n, 300);
	if (n->index == 1)
		events_notice(n->ev, n->index,
			"waiting for the dpkg lock held by unattended-upgr (pid 812)");
	events_emit(n->ev, &e);
	for (size_t i = 0; i < ARRAY_SIZE(titles) && !e.error; i++) {
		bool fail = n->fails && i == 5;

		if (i == 5 && n->index)
			events_state(n->ev, n->index, "waiting for node-1's swarm");
		rest(n, 200);
		step(n, i, fail);
		e.error = fail ? "join the swarm: 'docker swarm join' exited with 1:\n"
				 "connection refused"
			       : NULL;
	}
	e.kind = EVENT_NODE_DONE;
	e.seconds = (double)(clock_now() - before) / 1e6;
	events_emit(n->ev, &e);
	return NULL;
}

static struct reporter *reporter_of(const char *kind)
{
	if (!strcmp(kind, "json"))
		return reporter_json(stdout, "0123456789abcdef");
	if (!strcmp(kind, "plain"))
		return reporter_plain(stdout, VERBOSITY_NORMAL);
	return reporter_live(stdout, !getenv("NO_COLOR"));
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 3;
	struct demo_node *nodes = xcalloc(n, sizeof(*nodes));
	const char **names = xcalloc(n, sizeof(*names));
	struct event e = {.kind = EVENT_RUN_STARTED, .text = "up: cluster 'fjord'", .total = n};
	struct events *ev;
	usec_t before = clock_now();

	for (size_t i = 0; i < n; i++)
		names[i] = xasprintf("node-%zu", i + 1);
	ev = events_new(names, n);
	events_add_reporter(ev, reporter_of(argc > 1 ? argv[1] : "live"));
	events_emit(ev, &e);
	for (size_t i = 0; i < n; i++) {
		nodes[i] = (struct demo_node){.ev = ev,
			.index = i,
			.name = names[i],
			.fails = i == n - 1,
			.speed = argc > 3 ? strtod(argv[3], NULL) : 1};
		pthread_create(&nodes[i].thread, NULL, node_main, &nodes[i]);
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(nodes[i].thread, NULL);
	e = (struct event){.kind = EVENT_RUN_FINISHED,
		.text = "1 node failed",
		.error = "the cluster is not complete",
		.seconds = (double)(clock_now() - before) / 1e6};
	events_emit(ev, &e);
	events_free(ev);
	printf("%s: %s\n", e.text, e.error);
	for (size_t i = 0; i < n; i++)
		free((char *)names[i]);
	free(names);
	free(nodes);
	return 0;
}
