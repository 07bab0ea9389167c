/* The probes, in the order of their rows: the one list that health, its help and its options read.
 */
#include "probe/judge.h"

#define PLATFORM (ROLE_MANAGER | ROLE_WORKER) /* nodes with a gateway or a queue worker */

const struct probe probes[] = {
	{"node.reachable", "node", "ssh, and how long connecting took", NEED_NODES,
		.judge_node = judge_reachable},
	{"node.clock", "node", "the nodes' clocks agree within a second", NEED_NODES,
		.judge_cluster = judge_clocks},
	{"docker.running", "docker", "dockerd answers", NEED_NODES, .judge_node = judge_docker},
	{"swarm.member", "swarm", "in the swarm, by its private address, in its role", NEED_NODES,
		.judge_node = judge_member},
	{"swarm.ready", "swarm", "Ready in the eyes of a manager", NEED_NODES,
		.judge_node = judge_ready},
	{"swarm.strangers", "swarm", "nobody is in the swarm whom the spec does not name",
		NEED_NODES, .judge_cluster = judge_strangers},
	{"service.replicas", "service", "every service runs as many tasks as it should", NEED_NODES,
		.judge_cluster = judge_services},
	{"gateway.healthz", "gateway", "the gateway through nginx, from this machine", NEED_HTTP,
		ROLE_INGRESS, .judge_node = judge_healthz},
	{"gateway.function", "gateway", "a call of the spec's first function, from this machine",
		NEED_HTTP, ROLE_INGRESS, .judge_node = judge_function},
	{"gateway.auth", "gateway", "no management without a password, from this machine",
		NEED_HTTP, ROLE_INGRESS, .judge_node = judge_auth},
	{"gateway.async", "gateway", "a call through the queue, with its callback",
		NEED_NODES | NEED_ASYNC, .judge_cluster = judge_async},
	{"redis.write", "redis", "Redis, written and read from containers", NEED_NODES | NEED_REDIS,
		PLATFORM, .judge_node = judge_redis},
	{"overlay.data", "overlay", "bytes between containers of every pair of nodes",
		NEED_NODES | NEED_PEERS, PLATFORM, .judge_node = judge_overlay},
	{"sysctl.host", "sysctl", "kernel settings of the spec, on the host", NEED_NODES,
		.judge_node = judge_sysctl_host},
	{"sysctl.container", "sysctl", "kernel settings of the spec, inside containers", NEED_NODES,
		.judge_node = judge_sysctl_container},
	{"listen.nginx", "listen", "the backlog that nginx really has", NEED_NODES, ROLE_INGRESS,
		.judge_node = judge_listen_nginx},
	{"listen.gateway", "listen", "the backlog that the gateway really has", NEED_NODES,
		.judge_cluster = judge_listen_gateway},
	{"listen.redis", "listen", "the backlog that Redis really has", NEED_NODES,
		.judge_cluster = judge_listen_redis},
	{"public.tcp", "public", "only ssh and the web are open to this machine",
		NEED_NODES | NEED_SCAN, .judge_node = judge_public_tcp},
	{"public.udp", "public", "the swarm's UDP ports do not answer this machine",
		NEED_NODES | NEED_SCAN, .judge_node = judge_public_udp},
};
const size_t n_probes = ARRAY_SIZE(probes);

bool probe_wanted(const struct probe *p, const struct health_options *o)
{
	for (size_t i = 0; i < o->n_only; i++)
		if (!strcmp(o->only[i], p->id) || !strcmp(o->only[i], p->group))
			return true;
	return !o->n_only;
}

void judge_all(struct health *h, const struct evidence *ev, const struct health_options *o)
{
	for (size_t i = 0; i < n_probes; i++) {
		struct judge j = {h, ev, &probes[i]};

		if (!probe_wanted(&probes[i], o))
			continue;
		if (probes[i].judge_cluster)
			probes[i].judge_cluster(&j);
		for (size_t k = 0; probes[i].judge_node && k < ev->n; k++)
			if (!probes[i].roles || ev->nodes[k].node->roles & probes[i].roles)
				probes[i].judge_node(&j, &ev->nodes[k]);
	}
}
