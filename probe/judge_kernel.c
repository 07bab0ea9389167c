/*
 * Kernel settings where they take effect.  Those of the network belong to a namespace: the host's
 * never reach a container, and a listener has the backlog it asked for, cut to the somaxconn of its
 * own namespace at that time.
 */
#include "probe/judge.h"

#include <stdio.h>

#include "lib/spec/ports.h"

#define SOMAXCONN  "net.core.somaxconn"
#define TW_REUSE   "net.ipv4.tcp_tw_reuse"
#define RANGE      "net.ipv4.ip_local_port_range"
#define RESERVED   "net.ipv4.ip_local_reserved_ports"
#define OVERCOMMIT "vm.overcommit_memory"

/* What svarm adds to the spec's settings rests on these. */
const char *const added_sysctls[] = {RANGE, RESERVED, OVERCOMMIT};
const size_t n_added_sysctls = ARRAY_SIZE(added_sysctls);

/* What the stack sets in whose containers. */
static const struct {
	const char *service;
	const char *keys[4];
} settings[] = {
	{"svarm_redis", {SOMAXCONN, TW_REUSE}},
	{"svarm_gateway", {SOMAXCONN, TW_REUSE, RANGE}},
	{"svarm_queue-worker", {SOMAXCONN, TW_REUSE, RANGE}},
};

/* Are the two the same but for blanks? */
static bool same_value(const char *a, const char *b)
{
	while (*a || *b) {
		size_t skip_a = strspn(a, " \t"), skip_b = strspn(b, " \t");

		if (!skip_a != !skip_b && a[skip_a] && b[skip_b])
			return false;
		a += skip_a;
		b += skip_b;
		if (*a != *b)
			return false;
		a += *a != '\0';
		b += *b != '\0';
	}
	return true;
}

/* Compare one setting in @ns with the spec; what differs is appended to @out. */
static bool check(
	struct judge *j, const struct netns *ns, const char *key, const char *want, struct buf *out)
{
	const char *is = netns_sysctl(ns, key);

	if (is && same_value(is, want))
		return true;
	buf_addf(out, "%s%s is %s, not %s", out->len ? "; " : "", key,
		is ? shown(j, is, 60) : "unknown", want);
	return false;
}

/* Is @port in @list, "2377,8080-8082"? */
static bool is_listed(const char *list, long port)
{
	while (*list) {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (port >= first && port <= last)
			return true;
		list = end + strcspn(end, ",");
		list += *list == ',';
	}
	return false;
}

static void check_reserved(const struct netns *ns, bool inside, struct buf *out)
{
	const char *range = netns_sysctl(ns, RANGE), *list = netns_sysctl(ns, RESERVED);
	int low, high, first = 0, n = 0;

	if (!range || sscanf(range, "%d %d", &low, &high) != 2)
		return;
	for (size_t i = 0; i < n_service_ports; i++) {
		if (inside && !service_ports[i].inside)
			continue;
		for (int port = MAX_OF(service_ports[i].first, low);
			port <= MIN_OF(service_ports[i].last, high); port++)
			if (!list || !is_listed(list, port))
				first = n++ ? first : port;
	}
	if (n)
		buf_addf(out, "%s" RESERVED " lacks %d port%s of services (%d%s)",
			out->len ? "; " : "", n, n > 1 ? "s" : "", first, n > 1 ? ", …" : "");
}

/* What svarm adds where the spec's own settings would do harm. */
static void check_added(struct judge *j, const struct node_evidence *e, struct buf *out)
{
	const struct cluster *c = j->ev->cluster;

	if (!cluster_sysctl(c, RESERVED))
		check_reserved(&e->answer.host, false, out);
	if (e->node->roles & ROLE_DATABASE && !cluster_sysctl(c, OVERCOMMIT))
		check(j, &e->answer.host, OVERCOMMIT, "1", out);
}

void judge_sysctl_host(struct judge *j, const struct node_evidence *e)
{
	const struct spec_tune *tune = &j->ev->cluster->tune;
	_cleanup_buf_ struct buf wrong = BUF_INIT, right = BUF_INIT;
	struct health_result *r;

	if (skip_unanswered(j, e))
		return;
	for (size_t i = 0; i < tune->n_sysctl; i++) {
		const struct spec_sysctl *s = &tune->sysctl[i];
		const char *dot = strrchr(s->key, '.');

		if (check(j, &e->answer.host, s->key, s->value, &wrong))
			buf_addf(&right, "%s%s %s", right.len ? ", " : "", dot ? dot + 1 : s->key,
				s->value);
	}
	check_added(j, e, &wrong);
	if (!wrong.len) {
		found(j, e->node, HEALTH_OK, "%s",
			right.len ? buf_str(&right) : "the spec asks for none");
		return;
	}
	r = found(j, e->node, HEALTH_FAIL, "%s", buf_str(&wrong));
	remedy(j, r,
		"'svarm up' sets it; if it comes back, another file in /etc/sysctl.d is later");
}

static size_t check_container(struct judge *j, const struct container *c, struct buf *wrong)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		_cleanup_buf_ struct buf one = BUF_INIT;

		if (strcmp(settings[i].service, c->service) != 0)
			continue;
		for (size_t k = 0; settings[i].keys[k]; k++) {
			const char *want = cluster_sysctl(j->ev->cluster, settings[i].keys[k]);

			if (want && check(j, &c->netns, settings[i].keys[k], want, &one))
				n++;
		}
		check_reserved(&c->netns, true, &one);
		if (one.len)
			buf_addf(wrong, "%sin %s %s", wrong->len ? "; " : "", c->service,
				buf_str(&one));
	}
	return n;
}

void judge_sysctl_container(struct judge *j, const struct node_evidence *e)
{
	_cleanup_buf_ struct buf wrong = BUF_INIT;
	const char *endless = NULL;
	struct health_result *r;
	size_t n = 0;

	if (skip_dockerless(j, e))
		return;
	for (size_t i = 0; i < e->answer.n_containers; i++)
		n += check_container(j, &e->answer.containers[i], &wrong);
	for (size_t i = 0; !endless && i < e->answer.n_containers; i++)
		if (e->answer.containers[i].endless_log)
			endless = e->answer.containers[i].service;
	if (wrong.len) {
		r = found(j, e->node, HEALTH_FAIL, "%s", buf_str(&wrong));
		remedy(j, r, "the service's own 'sysctls:' set it: 'svarm up' deploys the stack");
	} else if (endless) {
		r = found(j, e->node, HEALTH_WARN,
			"the log of %s may fill the disk: it has no limit", shown(j, endless, 60));
		remedy(j, r,
			"is /etc/docker/daemon.json what dockerd reads ('docker info', 'systemctl "
			"cat docker')? Containers keep what they were made with: 'docker service "
			"update --force %s'",
			shown(j, endless, 60));
	} else if (!n) {
		found(j, e->node, HEALTH_SKIP, "no container of svarm's runs here");
	} else {
		found(j, e->node, HEALTH_OK, "%zu settings as in the spec, in %zu container%s", n,
			e->answer.n_containers, e->answer.n_containers == 1 ? "" : "s");
	}
}

/* ---- listeners ---- */

/* The smallest backlog of @ns's listeners on @port; -1: nothing listens. */
static long least_backlog(const struct netns *ns, int port)
{
	long least = -1;

	for (size_t i = 0; i < ns->n_listeners; i++)
		if (ns->listeners[i].port == port &&
			(least < 0 || ns->listeners[i].backlog < least))
			least = ns->listeners[i].backlog;
	return least;
}

static void judge_listener(struct judge *j, const struct spec_node *n, const struct netns *ns,
	int port, const char *hint)
{
	const char *want = cluster_sysctl(j->ev->cluster, SOMAXCONN);
	long backlog = least_backlog(ns, port), wanted = want ? strtol(want, NULL, 10) : 0;
	struct health_result *r;

	if (backlog < 0)
		r = found(j, n, HEALTH_FAIL, "nothing listens on port %d", port);
	else if (wanted > 0 && backlog != wanted)
		r = found(j, n, HEALTH_FAIL, "port %d: %ld calls may wait, not %ld", port, backlog,
			wanted);
	else
		r = found(j, n, HEALTH_OK, "port %d: %ld calls may wait", port, backlog);
	if (r->state != HEALTH_OK)
		remedy(j, r, "%s", hint);
}

void judge_listen_nginx(struct judge *j, const struct node_evidence *e)
{
	if (!skip_unanswered(j, e))
		judge_listener(j, e->node, &e->answer.host, 80,
			"'svarm up' writes 'listen … backlog='; then 'systemctl restart nginx': a "
			"reload may "
			"keep the old socket");
}

static void judge_listen_in(struct judge *j, const char *service, int port, const char *hint)
{
	struct health_result *r;
	size_t n = 0;

	for (size_t i = 0; i < j->ev->n; i++) {
		const struct node_evidence *e = &j->ev->nodes[i];

		for (size_t k = 0; k < e->answer.n_containers; k++) {
			if (strcmp(e->answer.containers[k].service, service) != 0)
				continue;
			judge_listener(j, e->node, &e->answer.containers[k].netns, port, hint);
			n++;
		}
	}
	if (n)
		return;
	r = found(j, NULL, HEALTH_FAIL, "no container of %s runs on a node that answers", service);
	remedy(j, r, "on a manager: 'docker service ps --no-trunc %s'", service);
}

void judge_listen_gateway(struct judge *j)
{
	judge_listen_in(j, "svarm_gateway", 8080,
		"the gateway asks for $SVARM_LISTEN_BACKLOG, cut to its container's somaxconn");
}

void judge_listen_redis(struct judge *j)
{
	judge_listen_in(j, "svarm_redis", 6379,
		"Redis asks for its tcp-backlog, cut to its container's somaxconn");
}
