/* The probes, in the order of their rows: the one list that health, its help and its options read.
 */
#include "probe/judge.h"

#define PLATFORM (ROLE_MANAGER | ROLE_WORKER) /* nodes with a gateway or a queue worker */

_Static_assert((int)LIMIT_CONNECT == (int)HEALTH_CONNECT_SECONDS, "one deadline, two names");

#define CRITICAL HEALTH_CRITICAL
#define WARNING  HEALTH_WARNING
#define INFO     HEALTH_INFO

const struct probe probes[] = {
	{"node.reachable", "node", "ssh, and how long connecting took", CRITICAL, LIMIT_CONNECT,
		NEED_NODES, .judge_node = judge_reachable},
	{"node.memory", "node", "memory that programs can still have", WARNING, LIMIT_NODE,
		NEED_NODES, .judge_node = judge_memory},
	{"node.load", "node", "processors, memory and disks that keep up with the work", WARNING,
		LIMIT_NODE, NEED_NODES, .judge_node = judge_load},
	{"node.oom", "node", "nothing was killed for want of memory in a day", WARNING,
		LIMIT_JOURNAL, NEED_NODES, .judge_node = judge_kills},
	{"node.reboot", "node", "an update waits for a restart", INFO, LIMIT_NODE, NEED_NODES,
		.judge_node = judge_reboot},
	{"time.skew", "time", "the nodes' clocks agree within a second", CRITICAL, LIMIT_NODE,
		NEED_NODES, .judge_cluster = judge_clocks},
	{"time.sync", "time", "the kernel knows its clock to be kept right", WARNING, LIMIT_NODE,
		NEED_NODES, .judge_node = judge_clock_kept},
	{"disk.space", "disk", "bytes and inodes that are left", CRITICAL, LIMIT_DISK, NEED_NODES,
		.judge_node = judge_space},
	{"disk.writable", "disk", "no file system went read-only", CRITICAL, LIMIT_DISK, NEED_NODES,
		.judge_node = judge_read_only},
	{"docker.running", "docker", "dockerd answers", CRITICAL, LIMIT_DOCKER, NEED_NODES,
		.judge_node = judge_docker},
	{"docker.errors", "docker", "what dockerd logged as errors in an hour", WARNING,
		LIMIT_JOURNAL, NEED_NODES, .judge_node = judge_docker_errors},
	{"swarm.member", "swarm", "in the swarm, by its private address, in its role", CRITICAL,
		LIMIT_DOCKER, NEED_NODES, .judge_node = judge_member},
	{"swarm.ready", "swarm", "Ready in the eyes of a manager", CRITICAL, LIMIT_DOCKER,
		NEED_NODES, .judge_node = judge_ready},
	{"swarm.quorum", "swarm", "managers that are reachable, and how many may be lost", CRITICAL,
		LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_quorum},
	{"swarm.strangers", "swarm", "nobody is in the swarm whom the spec does not name", WARNING,
		LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_strangers},
	{"swarm.logs", "swarm", "a manager can read the logs of every node's tasks", WARNING,
		LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_logs},
	{"swarm.certificate", "swarm", "the node's certificate is renewed in time", CRITICAL,
		LIMIT_NODE, NEED_NODES, .judge_node = judge_swarm_certificate},
	{"swarm.services", "swarm", "svarm's services, and those of others, run all their tasks",
		CRITICAL, LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_services},
	{"functions.replicas", "functions", "every function runs as many tasks as it should",
		CRITICAL, LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_functions},
	{"functions.restarts", "functions", "no task fails and is started again and again", WARNING,
		LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_restarts},
	{"functions.spread", "functions", "the tasks of a function are on more than one node",
		WARNING, LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_spread},
	{"functions.call", "functions", "a call of the spec's first function, from this machine",
		CRITICAL, LIMIT_HTTP, NEED_HTTP, ROLE_INGRESS, .judge_node = judge_function},
	{"ingress.healthz", "ingress", "the gateway through nginx, from this machine", CRITICAL,
		LIMIT_HTTP, NEED_HTTP, ROLE_INGRESS, .judge_node = judge_healthz},
	{"gateway.auth", "gateway", "no management without a password, from this machine", CRITICAL,
		LIMIT_HTTP, NEED_HTTP, ROLE_INGRESS, .judge_node = judge_auth},
	{"queue.roundtrip", "queue", "a call through the queue, with its callback", CRITICAL,
		LIMIT_ASYNC, NEED_NODES | NEED_ASYNC, .judge_cluster = judge_async},
	{"queue.lag", "queue", "how long the oldest call waits for a worker", CRITICAL, LIMIT_REDIS,
		NEED_NODES | NEED_QUEUE, .judge_cluster = judge_lag},
	{"queue.dead", "queue", "calls that were given up", WARNING, LIMIT_REDIS,
		NEED_NODES | NEED_QUEUE, .judge_cluster = judge_dead},
	{"queue.workers", "queue", "a queue worker of each worker node was heard of", CRITICAL,
		LIMIT_REDIS, NEED_NODES | NEED_QUEUE, .judge_cluster = judge_workers},
	{"redis.write", "redis", "Redis, written and read from containers", CRITICAL, LIMIT_REDIS,
		NEED_NODES | NEED_REDIS, PLATFORM, .judge_node = judge_redis},
	{"redis.persistence", "redis", "what Redis accepted reaches its disk", CRITICAL,
		LIMIT_REDIS, NEED_NODES | NEED_STORE, .judge_cluster = judge_persistence},
	{"redis.memory", "redis", "room in Redis, and nothing thrown away", CRITICAL, LIMIT_REDIS,
		NEED_NODES | NEED_STORE, .judge_cluster = judge_redis_memory},
	{"overlay.data", "overlay", "bytes between containers of every pair of nodes", CRITICAL,
		LIMIT_PEER, NEED_NODES | NEED_PEERS, PLATFORM, .judge_node = judge_overlay},
	{"overlay.mtu", "overlay", "packets as large as the network's pass whole between nodes",
		WARNING, LIMIT_PEER, NEED_NODES | NEED_PEERS, PLATFORM,
		.judge_node = judge_overlay_mtu},
	{"tuning.host", "tuning", "kernel settings of the spec, on the host", CRITICAL, LIMIT_NODE,
		NEED_NODES, .judge_node = judge_sysctl_host},
	{"tuning.containers", "tuning",
		"kernel settings inside containers, and a limit to their logs", CRITICAL,
		LIMIT_DOCKER, NEED_NODES, .judge_node = judge_sysctl_container},
	{"tuning.nginx", "tuning", "the backlog that nginx really has", CRITICAL, LIMIT_NODE,
		NEED_NODES, ROLE_INGRESS, .judge_node = judge_listen_nginx},
	{"tuning.gateway", "tuning", "the backlog that the gateway really has", CRITICAL,
		LIMIT_DOCKER, NEED_NODES, .judge_cluster = judge_listen_gateway},
	{"tuning.redis", "tuning", "the backlog that Redis really has", CRITICAL, LIMIT_DOCKER,
		NEED_NODES, .judge_cluster = judge_listen_redis},
	{"tls.certificate", "tls", "what is shown on port 443: how long it is good, and for whom",
		CRITICAL, LIMIT_TLS, NEED_NODES | NEED_TLS, ROLE_INGRESS, .judge_node = judge_tls},
	{"exposure.firewall", "exposure", "the firewall's rules are in the kernel", CRITICAL,
		LIMIT_NODE, NEED_NODES, .judge_node = judge_firewall},
	{"exposure.tcp", "exposure", "only ssh and the web are open to this machine", CRITICAL,
		LIMIT_SCAN, NEED_NODES | NEED_SCAN, .judge_node = judge_public_tcp},
	{"exposure.udp", "exposure", "the swarm's UDP ports do not answer this machine", CRITICAL,
		LIMIT_SCAN, NEED_NODES | NEED_SCAN, .judge_node = judge_public_udp},
	{"exposure.ipv6", "exposure", "the same on the node's other public IPv6 addresses",
		CRITICAL, LIMIT_SCAN, NEED_NODES | NEED_SCAN6, .judge_node = judge_public6},
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
