/*
 * Health without a cluster: what a node answered is parsed from text as health.sh prints it, what
 * was seen from outside is set by hand, and every probe must come to the right verdict, also about
 * nodes that are down, broken or hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/health_scene.h"

static void test_healthy(void **state)
{
	struct scene *s = *state;

	judge(s);
	for (size_t i = 0; i < s->health.n; i++)
		if (s->health.rows[i].state != HEALTH_OK)
			fail_msg("%s: %s", s->health.rows[i].id, s->health.rows[i].text);
	assert_int_equal(s->health.n, 92);
	assert_int_equal(health_verdict(&s->health), HEALTH_OK);
	expect(s, "overlay.data", "a", HEALTH_OK, "64 KiB to and from 2 containers");
	expect(s, "overlay.data", "c", HEALTH_OK, "slowest 1.5 ms");
	expect(s, "queue.roundtrip", "a", HEALTH_OK, "'echo'");
	expect(s, "tuning.host", "b", HEALTH_OK, "ip_local_port_range 1024 65000");
	expect(s, "tuning.containers", "c", HEALTH_OK,
		"5 settings as in the spec, in 2 containers");
	expect(s, "swarm.member", "c", HEALTH_OK, "worker at 10.0.0.3");
}

/* Every probe of the list has a row, in the list's order. */
static void test_order(void **state)
{
	struct scene *s = *state;
	size_t at = 0;

	judge(s);
	for (size_t i = 0; i < n_probes; i++) {
		size_t before = at;

		while (at < s->health.n && s->health.rows[at].id == probes[i].id)
			at++;
		assert_true(at > before);
		assert_int_equal(
			strncmp(probes[i].id, probes[i].group, strlen(probes[i].group)), 0);
	}
	assert_int_equal(at, s->health.n);
}

static void test_node_down(void **state)
{
	struct scene *s = *state;
	struct node_evidence *b = &s->ev.nodes[1];

	answer_done(&b->answer);
	b->connected = b->answered = false;
	b->refused = "unable to connect: \033[2Jtimed out";
	act(s);
	judge(s);
	expect(s, "node.reachable", "b", HEALTH_FAIL, "\\x1b[2Jtimed out");
	expect(s, "docker.running", "b", HEALTH_SKIP, "not reachable");
	expect(s, "time.skew", "b", HEALTH_SKIP, "not reachable");
	expect(s, "swarm.ready", "b", HEALTH_OK, "Ready");
	expect(s, "exposure.tcp", "b", HEALTH_SKIP, "proves nothing");
	expect(s, "overlay.data", "b", HEALTH_SKIP, "not reachable");
	expect(s, "overlay.data", "a", HEALTH_OK, "1 container on");
	assert_int_equal(health_verdict(&s->health), HEALTH_FAIL);
	/* Something there says no: it lives, so its open ports count. */
	b->scan.tcp[0] = PORT_REFUSED;
	b->scan.tcp[1] = PORT_OPEN;
	judge(s);
	expect(s, "exposure.tcp", "b", HEALTH_FAIL, "open to this machine: 2376");
}

static void test_all_down(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < s->ev.n; i++) {
		struct node_evidence *e = &s->ev.nodes[i];

		answer_done(&e->answer);
		e->connected = e->answered = false;
		memset(e->http, 0, sizeof(e->http));
	}
	act(s);
	judge(s);
	expect(s, "swarm.services", NULL, HEALTH_FAIL, "no manager");
	expect(s, "ingress.healthz", "a", HEALTH_FAIL, "timed out");
	expect(s, "queue.roundtrip", NULL, HEALTH_FAIL, "no gateway");
	expect(s, "tuning.redis", NULL, HEALTH_FAIL, "no container");
	for (size_t i = 0; i < s->health.n; i++)
		assert_int_not_equal(s->health.rows[i].state, HEALTH_OK);
}

static void test_clocks(void **state)
{
	struct scene *s = *state;

	s->ev.nodes[1].answer.time += 2;
	s->ev.nodes[2].answer.time -= 40;
	judge(s);
	expect(s, "time.skew", "a", HEALTH_OK, "0.000s off");
	expect(s, "time.skew", "b", HEALTH_WARN, "2.0s ahead of");
	expect(s, "time.skew", "c", HEALTH_FAIL, "40.0s behind");
	expect(s, "time.skew", "this machine", HEALTH_OK, "0.000s");
	/* All nodes agree, and we are the one who is wrong: no fault of the cluster's. */
	for (size_t i = 0; i < s->ev.n; i++)
		s->ev.nodes[i].answer.time = 5000;
	judge(s);
	expect(s, "time.skew", "c", HEALTH_OK, "0.000s off");
	expect(s, "time.skew", "this machine", HEALTH_WARN, "behind the nodes");
	/* A slow answer proves less: 3 s apart within ± 5 s is no finding. */
	for (size_t i = 0; i < s->ev.n; i++) {
		s->ev.nodes[i].asked = 995;
		s->ev.nodes[i].heard = 1005;
		s->ev.nodes[i].answer.time = i == 1 ? 1003 : 1000;
	}
	judge(s);
	expect(s, "time.skew", "b", HEALTH_OK, "3.000s off (± 10.000s)");
	s->ev.nodes[1].answer.time = 0;
	judge(s);
	expect(s, "time.skew", "b", HEALTH_SKIP, "does not say");
}

static void test_two_clocks(void **state)
{
	struct scene *s = *state;

	/* Of two that disagree the one that agrees with us is right. */
	s->ev.n = 2;
	s->ev.nodes[0].answer.time += 100;
	judge(s);
	expect(s, "time.skew", "a", HEALTH_FAIL, "100.0s ahead of");
	expect(s, "time.skew", "b", HEALTH_OK, "0.000s off");
	s->ev.n = 3;
}

static void test_docker(void **state)
{
	static const struct {
		const char *word, *text;
	} cases[] = {
		{"absent", "not installed"},
		{"stopped", "does not run"},
		{"silent", "no answer within 5 s"},
		{"answers\njson\tinfo\t{broken", "does not know"},
		{"answers\njson\tinfo\t[]", "does not know"},
		{"answers\njson\tcontainer\t{broken", "does not know"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xasprintf(
			"time\t1\ndocker\t%s\nend\tok\n", cases[i].word);

		hear(&s->ev.nodes[1], text);
		act(s);
		judge(s);
		expect(s, "docker.running", "b", HEALTH_FAIL, cases[i].text);
		expect(s, "swarm.member", "b", HEALTH_SKIP, "docker does not answer");
		expect(s, "redis.write", "b", HEALTH_SKIP, "docker does not answer");
		expect(s, "tuning.host", "b", HEALTH_FAIL, "somaxconn is unknown");
	}
}

static void test_swarm(void **state)
{
	struct scene *s = *state;
	struct node_evidence *b = &s->ev.nodes[1];

	hear(&s->ev.nodes[0], "time\t1\n" INFO("na", "10.0.0.1", "true") NODES("down", "drain")
				      SERVICES("2", "2") "end\tok\n");
	judge(s);
	expect(s, "swarm.ready", "b", HEALTH_FAIL, "down, says a");
	assert_non_null(strstr(
		row(s, "swarm.ready", "b")->remedy, "'ss -K -tn dst 10.0.0.2 sport = :2377'"));
	expect(s, "swarm.ready", "c", HEALTH_WARN, "takes no tasks");
	expect(s, "swarm.strangers", NULL, HEALTH_OK, "3 members");
	hear(b, "time\t1\n" INFO("nx", "10.0.0.2", "false") "end\tok\n");
	judge(s);
	expect(s, "swarm.strangers", NULL, HEALTH_WARN,
		"1 member that the spec does not name:  (nb");
	expect(s, "swarm.ready", "b", HEALTH_FAIL, "does not know this node");
	hear(b, "time\t1\n" INFO("nb", "203.0.113.2", "false") "end\tok\n");
	judge(s);
	expect(s, "swarm.member", "b", HEALTH_FAIL, "as 203.0.113.2");
	hear(b, "time\t1\n" INFO("nb", "10.0.0.2", "true") "end\tok\n");
	judge(s);
	expect(s, "swarm.member", "b", HEALTH_FAIL, "a manager; the spec says worker");
	hear(b, "docker\tanswers\njson\tinfo\t{\"Swarm\":{\"LocalNodeState\":\"inactive\"}}"
		"\nend\tok\n");
	judge(s);
	expect(s, "swarm.member", "b", HEALTH_FAIL, "in no swarm");
	expect(s, "swarm.ready", "b", HEALTH_FAIL, "down"); /* known by its address */
	assert_null(strstr(row(s, "swarm.ready", "b")->remedy, "ss -K"));
}

static void test_services(void **state)
{
	struct scene *s = *state;

	/* What docker counts is not believed: it counts the tasks of nodes that are gone. */
	hear(&s->ev.nodes[0],
		"time\t1\n" INFO("na", "10.0.0.1", "true") NODES("ready", "active") SERVICES(
			"3", "0") "json\ttasks\t[" TASK("s1", "running", "running", "2026-01-02",
			"") "," TASK("s2", "running", "running", "2026-01-02", "") "," TASK("s3",
			"running", "running", "2026-01-02",
			"") "," TASK("s3", "shutdown", "running", "2026-01-02", "") "," TASK("s3",
			"shutdown", "failed", "2026-01-02", "old") "," TASK("s3", "running",
			"rejected", "2026-01-03", "No such image: \\u001b[31m") "," TASK("s3",
			"shutdown", "failed", "2026-01-01", "older") "]\nend\tok\n");
	judge(s);
	expect(s, "swarm.services", "svarm_redis", HEALTH_OK, "1 of 1 running");
	expect(s, "swarm.services", "svarm_queue-worker", HEALTH_FAIL,
		"1 of 2 running: No such image: \\x1b[31m");
	expect(s, "functions.replicas", "fn_echo", HEALTH_WARN, "0 of 0 running; the spec says 2");
	/* A node that is down takes its task of a global service out of what docker wants. */
	hear(&s->ev.nodes[0],
		"time\t1\n" INFO("na", "10.0.0.1", "true") "json\tservices\t[" SERVICE("s3",
			"svarm_queue-worker", "1",
			"1") "," SERVICE("s9", "shop_web", "1", "3") "]\nend\tok\n");
	judge(s);
	expect(s, "swarm.services", "svarm_queue-worker", HEALTH_FAIL, "1 of 2 running");
	expect(s, "swarm.services", "svarm_gateway", HEALTH_FAIL, "no such service");
	expect(s, "functions.replicas", "fn_echo", HEALTH_FAIL, "no such service");
	expect(s, "swarm.services", "shop_web", HEALTH_FAIL, "1 of 3 running");
}

/* The other engine: other services, functions by their own name, nothing to probe with inside. */
static void test_openfaas(void **state)
{
	struct scene *s = *state;

	s->cluster->faas.engine = ENGINE_OPENFAAS;
	hear(&s->ev.nodes[0],
		"time\t1\n" INFO("na", "10.0.0.1", "true") "json\tservices\t[" SERVICE(
			"s1", "svarm_faas-swarm", "1", "1") "," SERVICE("s2", "svarm_nats", "0",
			"1") "," SERVICE("s3", "echo", "2", "2") "," SERVICE("s4", "svarm_redis",
			"1", "1") "]\njson\ttasks\t[" TASK("s1", "running", "running", "2026-01-02",
			"") "," TASK("s3", "running", "running", "2026-01-02", "") "," TASK("s3",
			"running", "running", "2026-01-02",
			"") "," TASK("s2", "running", "rejected", "2026-01-03",
			"No such image: nats-streaming:0.17.0") "]\nend\tok\n");
	act(s);
	judge(s);
	expect(s, "swarm.services", "svarm_faas-swarm", HEALTH_OK, "1 of 1");
	expect(s, "swarm.services", "svarm_nats", HEALTH_FAIL, "No such image");
	assert_non_null(strstr(row(s, "swarm.services", "svarm_nats")->remedy, "images:"));
	expect(s, "swarm.services", "svarm_gateway", HEALTH_FAIL, "no such service");
	expect(s, "swarm.services", "svarm_alertmanager", HEALTH_FAIL, "no such service");
	expect(s, "functions.replicas", "echo", HEALTH_OK, "2 of 2");
	expect(s, "queue.roundtrip", NULL, HEALTH_SKIP, "engine openfaas");
	expect(s, "redis.write", "a", HEALTH_SKIP, "engine openfaas");
	expect(s, "overlay.data", "b", HEALTH_SKIP, "engine openfaas");
	expect(s, "ingress.healthz", "a", HEALTH_OK, "200");
	expect(s, "gateway.auth", "a", HEALTH_OK, "401");
	s->ev.nodes[0].http[HTTP_FUNCTION] = (struct http_seen){.status = 502};
	judge(s);
	assert_non_null(strstr(row(s, "functions.call", "a")->remedy, "service ps echo'"));
}

static void test_monitoring(void **state)
{
	struct scene *s = *state;

	s->cluster->faas.monitoring = MONITORING_PROMETHEUS;
	judge(s);
	expect(s, "swarm.services", "svarm_prometheus", HEALTH_FAIL, "no such service");
}

static void test_calls(void **state)
{
	struct scene *s = *state;
	struct http_seen *http = s->ev.nodes[0].http;

	http[HTTP_HEALTHZ] = (struct http_seen){.status = 503, .body = "{\"redis\":\"\001\"}"};
	http[HTTP_FUNCTION] = (struct http_seen){.status = 405};
	http[HTTP_SYSTEM] = (struct http_seen){.status = 200};
	judge(s);
	expect(s, "ingress.healthz", "a", HEALTH_FAIL, "answered 503: {\"redis\":\"\\x01\"}");
	expect(s, "functions.call", "a", HEALTH_WARN, "answers 405 to GET");
	expect(s, "gateway.auth", "a", HEALTH_FAIL, "anybody can deploy");
	http[HTTP_HEALTHZ] = (struct http_seen){.status = 502, .body = "<html>Bad Gateway"};
	http[HTTP_FUNCTION] = (struct http_seen){.status = 404, .body = "no such function"};
	http[HTTP_SYSTEM] = (struct http_seen){.error = "connection refused"};
	judge(s);
	expect(s, "ingress.healthz", "a", HEALTH_FAIL, "/healthz answered 502");
	assert_null(strstr(row(s, "ingress.healthz", "a")->text, "html"));
	expect(s, "functions.call", "a", HEALTH_FAIL, "'echo' answered 404: no such function");
	expect(s, "gateway.auth", "a", HEALTH_FAIL, "connection refused");
	/* Too many calls: nobody gets through, which is no opinion of the function's. */
	http[HTTP_FUNCTION] = (struct http_seen){.status = 429};
	judge(s);
	expect(s, "functions.call", "a", HEALTH_FAIL, "'echo' answered 429");
}

static void test_no_function(void **state)
{
	struct scene *s = *state;

	s->cluster->faas.n_functions = 0;
	act(s);
	judge(s);
	expect(s, "functions.call", "a", HEALTH_SKIP, "no function");
	expect(s, "queue.roundtrip", NULL, HEALTH_SKIP, "no function");
}

static struct action *nth(struct scene *s, size_t node, int kind, size_t n)
{
	for (size_t i = 0; i < s->ev.nodes[node].n_actions; i++)
		if ((int)s->ev.nodes[node].actions[i].kind == kind && n-- == 0)
			return &s->ev.nodes[node].actions[i];
	fail_msg("node %zu: no such action", node);
	return NULL;
}

static void answer_with(struct scene *s, size_t node, struct action *a, const char *text)
{
	a->ok = false;
	a->seconds = 0;
	a->error = NULL;
	action_read(a, text, &s->ev.nodes[node].arena);
}

static void test_containers(void **state)
{
	struct scene *s = *state;

	answer_with(s, 0, nth(s, 0, ACTION_ASYNC, 0),
		"{\"ok\":false,\"ms\":10000,\"error\":\"no callback\"}");
	answer_with(s, 1, nth(s, 1, ACTION_REDIS, 0), "");
	answer_with(s, 2, nth(s, 2, ACTION_REDIS, 0), "Error response from daemon: \033[0mno");
	answer_with(s, 0, nth(s, 0, ACTION_PEER, 1), "{\"ok\":false,\"error\":\"timed out\"}");
	judge(s);
	expect(s, "queue.roundtrip", "a", HEALTH_FAIL, "'echo': no callback");
	expect(s, "redis.write", "b", HEALTH_FAIL, "no answer within 6 s");
	expect(s, "redis.write", "c", HEALTH_FAIL, "from daemon: \\x1b[0mno");
	expect(s, "overlay.data", "a", HEALTH_FAIL, "no data to c (10.9.0.7:7007): timed out");
	expect(s, "overlay.data", "b", HEALTH_OK, "2 containers");
}

static void test_no_container(void **state)
{
	struct scene *s = *state;

	hear(&s->ev.nodes[1], "time\t1\n" HOST INFO("nb", "10.0.0.2", "false") "end\tok\n");
	act(s);
	judge(s);
	expect(s, "overlay.data", "b", HEALTH_FAIL, "neither");
	expect(s, "redis.write", "b", HEALTH_FAIL, "neither");
	expect(s, "tuning.containers", "b", HEALTH_SKIP, "no container");
	expect(s, "overlay.data", "c", HEALTH_OK, "1 container on");
}

static void test_kernel(void **state)
{
	struct scene *s = *state;

	hear(&s->ev.nodes[0],
		"time\t1\n/proc/sys/net/core/somaxconn:4096\n"
		"/proc/sys/net/ipv4/tcp_tw_reuse:1\n"
		"/proc/sys/net/ipv4/ip_local_port_range:10246 5000\n"
		"LISTEN 0 65535 0.0.0.0:80 0.0.0.0:*\nLISTEN 0 511 [::]:80 [::]:*\n" INFO(
			"na", "10.0.0.1", "true") CONTAINER(ID_A, "svarm_gateway",
			"10.9.0.5") "/proc/sys/net/core/somaxconn:128\nend\tok\n");
	judge(s);
	expect(s, "tuning.host", "a", HEALTH_FAIL,
		"net.core.somaxconn is 4096, not 65535; "
		"net.ipv4.ip_local_port_range is 10246 5000, not 1024 65000");
	expect(s, "tuning.containers", "a", HEALTH_FAIL,
		"in svarm_gateway net.core.somaxconn is 128, not 65535; net.ipv4.tcp_tw_reuse is "
		"unknown");
	expect(s, "tuning.nginx", "a", HEALTH_FAIL, "port 80: 511 calls may wait, not 65535");
	expect(s, "tuning.gateway", "a", HEALTH_FAIL, "nothing listens on port 8080");
	hear(&s->ev.nodes[0], "time\t1\n" HOST INFO("na", "10.0.0.1", "true") "end\tok\n");
	judge(s);
	expect(s, "tuning.host", "a", HEALTH_OK, "somaxconn 65535");
	expect(s, "tuning.nginx", "a", HEALTH_FAIL, "nothing listens on port 80");
	hear(&s->ev.nodes[0], "time\t1\nLISTEN 0 65536 0.0.0.0:80 0.0.0.0:*\nend\tok\n");
	judge(s);
	expect(s, "tuning.nginx", "a", HEALTH_FAIL, "port 80: 65536 calls may wait, not 65535");
	hear(&s->ev.nodes[0], "time\t1\n" HOST INFO("na", "10.0.0.1", "true") "end\tok\n");
	judge(s);
	expect(s, "tuning.gateway", NULL, HEALTH_FAIL, "no container of svarm_gateway");
}

static void test_endless_log(void **state)
{
	static const struct {
		const char *config;
		enum health_state state;
	} cases[] = {
		{"{\"Type\":\"json-file\",\"Config\":{\"max-file\":\"3\"}}", HEALTH_WARN},
		{"{\"Type\":\"json-file\",\"Config\":null}", HEALTH_WARN},
		{"{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"10m\"}}", HEALTH_OK},
		{"{\"Type\":\"local\",\"Config\":{}}", HEALTH_OK},
		{"7", HEALTH_OK},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xasprintf(
			"time\t1\n%s%sjson\tcontainer\t{\"Id\":\"" ID_B
			"\",\"HostConfig\":{\"LogConfig\":%s},\"Config\":{\"Labels\":{"
			"\"com.docker.swarm.service.name\":\"svarm_queue-worker\"}}}\n%send\tok\n",
			HOST, INFO("nb", "10.0.0.2", "false"), cases[i].config, HOST);

		hear(&s->ev.nodes[1], text);
		judge(s);
		expect(s, "tuning.containers", "b", cases[i].state,
			cases[i].state == HEALTH_OK ? "settings as in the spec"
						    : "the log of svarm_queue-worker may fill");
	}
}

/* Settings that do not follow right upon a container are not its own. */
static void test_settings_of_none(void **state)
{
	struct scene *s = *state;

	hear(&s->ev.nodes[1],
		"time\t1\n" HOST INFO("nb", "10.0.0.2", "false") CONTAINER(ID_B,
			"svarm_queue-worker", "10.9.0.6") "json\ttasks\t[]\n" HOST "end\tok\n");
	judge(s);
	expect(s, "tuning.containers", "b", HEALTH_FAIL,
		"in svarm_queue-worker net.core.somaxconn is unknown");
}

/* What svarm adds to the spec's settings. */
static void test_added_settings(void **state)
{
	static const char settings[] = "/proc/sys/net/core/somaxconn:65535\n"
				       "/proc/sys/net/ipv4/tcp_tw_reuse:1\n"
				       "/proc/sys/net/ipv4/ip_local_port_range:1024 65000\n";
	struct scene *s = *state;
	_cleanup_free_ char *b = NULL, *c = NULL;

	/* Both are on c alone: Redis runs there. */
	b = xasprintf("time\t1\n%s/proc/sys/net/ipv4/ip_local_reserved_ports:2377,4789,6379,7007,"
		      "7946,8080-8082,8090,9090,30000-32766\n%s%s%s%send\tok\n",
		settings, INFO("nb", "10.0.0.2", "false"),
		CONTAINER(ID_B, "svarm_queue-worker", "10.9.0.6"), settings,
		"/proc/sys/net/ipv4/ip_local_reserved_ports:6379,8080-8082\n");
	c = xasprintf("time\t1\n%s/proc/sys/net/ipv4/ip_local_reserved_ports:\n"
		      "/proc/sys/vm/overcommit_memory:0\nend\tok\n",
		settings);
	hear(&s->ev.nodes[1], b);
	hear(&s->ev.nodes[2], c);
	judge(s);
	expect(s, "tuning.host", "b", HEALTH_FAIL,
		"ip_local_reserved_ports lacks 1 port of services (32767)");
	expect(s, "tuning.containers", "b", HEALTH_FAIL,
		"in svarm_queue-worker net.ipv4.ip_local_reserved_ports lacks 1 port of services "
		"(7007)");
	expect(s, "tuning.host", "c", HEALTH_FAIL, "lacks 2778 ports of services (2377, …)");
	expect(s, "tuning.host", "c", HEALTH_FAIL, "vm.overcommit_memory is 0, not 1");
}

static void test_public(void **state)
{
	struct scene *s = *state;
	struct scan *a = &s->ev.nodes[0].scan, *b = &s->ev.nodes[1].scan;

	a->tcp[0] = PORT_OPEN;
	a->tcp[5] = PORT_OPEN;
	a->udp[1] = PORT_OPEN;
	b->tcp[3] = PORT_REFUSED;
	b->udp[0] = PORT_REFUSED;
	judge(s);
	expect(s, "exposure.tcp", "a", HEALTH_FAIL, "open to this machine: 2375, 4789");
	expect(s, "exposure.udp", "a", HEALTH_FAIL, "answering to this machine: 4789");
	expect(s, "exposure.tcp", "b", HEALTH_OK, "(20 silent, 1 refused)");
	expect(s, "exposure.udp", "b", HEALTH_OK, "no answer from 2377, 4789, 7946");
	/* sshd may listen wherever the spec says. */
	s->cluster->nodes[0].port = 2375;
	s->ev.nodes[2].scan = (struct scan){.error = "unable to resolve"};
	b->tcp[7] = PORT_ERROR;
	judge(s);
	expect(s, "exposure.tcp", "a", HEALTH_FAIL, "open to this machine: 4789");
	expect(s, "exposure.tcp", "b", HEALTH_WARN, "1 ports could not be tried");
	expect(s, "exposure.tcp", "c", HEALTH_SKIP, "unable to resolve");
	b->udp[2] = PORT_ERROR;
	s->ev.nodes[0].scan6.udp[2] = PORT_ERROR;
	s->ev.nodes[1].scan6.tcp[7] = s->ev.nodes[1].scan6.udp[2] = PORT_ERROR;
	judge(s);
	expect(s, "exposure.ipv6", "a", HEALTH_WARN, "1 ports could not be tried");
	expect(s, "exposure.udp", "b", HEALTH_WARN, "1 ports could not be tried");
	expect(s, "exposure.ipv6", "b", HEALTH_WARN, "2 ports could not be tried");
	s->cluster->nodes[2].address = s->cluster->nodes[2].private;
	judge(s);
	expect(s, "exposure.udp", "c", HEALTH_SKIP, "the same");
}

static void test_firewall(void **state)
{
	struct scene *s = *state;

	hear(&s->ev.nodes[1], "time\t1\nfirewall\tabsent\nend\tok\n");
	/* Its public side cannot be seen from here. */
	s->cluster->nodes[1].address = s->cluster->nodes[1].private;
	hear(&s->ev.nodes[2], "time\t1\nfirewall\tsomehow\nend\tok\n");
	judge(s);
	expect(s, "exposure.firewall", "a", HEALTH_OK, "in the kernel");
	expect(s, "exposure.firewall", "b", HEALTH_FAIL, "not in the kernel");
	expect(s, "exposure.tcp", "b", HEALTH_SKIP, "the same");
	expect(s, "exposure.firewall", "c", HEALTH_SKIP, "does not say");
}

/* ---- the parser ---- */

static int parse(struct answer *a, const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r = answer_parse(text, strlen(text), a, &err);

	assert_true(r == 0 || err.msg);
	return r;
}

/* What three nodes of the lab really said, in health (engine 20.10, parts nobody reads left out).
 */
static void test_recorded(void **state)
{
	static const char lab[] =
		"cluster: lab\n"
		"nodes:\n"
		"  - {name: a, address: 10.77.0.11, private: 10.88.0.11, roles: [manager, "
		"ingress]}\n"
		"  - {name: b, address: 10.77.0.12, private: 10.88.0.12, roles: [worker]}\n"
		"  - {name: c, address: 10.77.0.13, private: 10.88.0.13, roles: [worker, "
		"database]}\n"
		"faas:\n"
		"  functions: [{name: echo, image: 'svarm/echo:dev', replicas: 2}]\n";
	struct scene *s = *state;
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;

	if (cluster_parse("lab.yaml", lab, strlen(lab), &c, &err) < 0)
		fail_msg("%s", err_msg(&err));
	cluster_free(s->cluster);
	s->ev.cluster = s->cluster = c;
	for (size_t i = 0; i < s->ev.n; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		char path[64];

		snprintf(path, sizeof(path), "tests/unit/health/lab-%zu.answer", i + 1);
		if (buf_read_file(&text, path, 1 << 20, &err) < 0)
			fail_msg("%s", err_msg(&err));
		s->ev.nodes[i].node = &c->nodes[i];
		hear(&s->ev.nodes[i], buf_str(&text));
	}
	act(s);
	judge(s);
	for (size_t i = 0; i < s->health.n; i++) {
		const struct health_result *r = &s->health.rows[i];

		/* The lab's nodes are containers, and have no public IPv6 address. */
		if (r->state == HEALTH_SKIP && strcmp(r->id, "time.sync") != 0 &&
			strcmp(r->id, "exposure.ipv6") != 0)
			fail_msg("%s: %s", r->id, r->text);
		if (r->state != HEALTH_OK && r->state != HEALTH_SKIP)
			fail_msg("%s: %s", r->id, r->text);
	}
	expect(s, "disk.space", "b", HEALTH_OK, "/tmp 0 % full");
	expect(s, "swarm.certificate", "c", HEALTH_OK, "good for 90 days");
	expect(s, "functions.spread", "fn_echo", HEALTH_OK, "2 tasks on 2 nodes");
	expect(s, "docker.running", "a", HEALTH_OK, "docker 20.10.24");
	expect(s, "functions.replicas", "fn_echo", HEALTH_OK, "2 of 2");
	expect(s, "overlay.data", "c", HEALTH_OK, "2 containers");
	expect(s, "tuning.redis", "c", HEALTH_OK, "65535");
	expect(s, "tuning.containers", "c", HEALTH_OK,
		"5 settings as in the spec, in 2 containers");
}

static void test_cut_off(void **state)
{
	for (size_t len = 0; len < sizeof(answer_a) - 2; len++) {
		_cleanup_(answer_done) struct answer a = {0};
		_cleanup_err_ struct err err = ERR_INIT;

		assert_int_equal(answer_parse(answer_a, len, &a, &err), -EBADMSG);
	}
}

static void test_hostile(void **state)
{
	_cleanup_(answer_done) struct answer a = {.n_ran = 2};

	assert_int_equal(
		parse(&a, "time\tnan\n"
			  "LISTEN\nLISTEN 0 x 0.0.0.0:80 y\nLISTEN 0 -1 0.0.0.0:80 y\nLISTEN 0 1 "
			  "80 y\n"
			  "LISTEN 0 1 0.0.0.0:99999 y\nLISTEN 0 99999999999999999999 0.0.0.0:80 y\n"
			  "/proc/sys/net/core/somaxconn\n" CONTAINER("; reboot", "svarm_gateway",
				  "10.9.0.5") CONTAINER(ID_A, "svarm_gateway",
				  "10.9.0.5; reboot") "/proc/sys/net/core/somaxconn: 1 \t 2  \n"
						      "ran\t-"
						      "1\tx\nran\t2\tx\nran\t1\ty\tz\nran\nran\tx\n"
						      "json\njson\ttasks\njson\ttasks\t{}"
						      "\njson\tunknown\t{\nunknown\tline\n"
						      "end\tok\n"),
		0);
	assert_true(a.time == 0);
	assert_int_equal(a.host.n_listeners, 0);
	assert_int_equal(a.host.n_sysctls, 0);
	/* What is quoted into a script later is an id and an address, or it is nothing. */
	assert_int_equal(a.n_containers, 1);
	assert_null(a.containers[0].address);
	assert_string_equal(netns_sysctl(&a.containers[0].netns, "net.core.somaxconn"), "1 2");
	assert_null(netns_sysctl(&a.containers[0].netns, "net.core.somaxcon"));
	assert_null(netns_sysctl(&a.containers[0].netns, "net.core.somaxconnx"));
	assert_null(a.ran[0]);
	assert_string_equal(a.ran[1], "y\tz");
}

static void test_too_much(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_(answer_done) struct answer a = {0}, b = {0};

	for (int i = 0; i < 1000; i++)
		buf_adds(&text, CONTAINER(ID_A, "svarm_gateway",
					"10.9.0.5") "LISTEN 0 1 0.0.0.0:80 y\n/proc/sys/a:1\n");
	for (int i = 0; i < 1000; i++)
		buf_adds(&text, "LISTEN 0 1 0.0.0.0:80 y\n/proc/sys/a:1\n");
	buf_adds(&text, "end\tok\n");
	assert_int_equal(parse(&a, buf_str(&text)), 0);
	assert_int_equal(a.n_containers, 256);
	assert_true(a.host.n_listeners <= 256 && a.host.n_sysctls <= 256);
	for (int i = 0; i < 20000; i++)
		buf_addc(&text, '\n');
	assert_int_equal(parse(&b, buf_str(&text)), -E2BIG);
}

static void test_action(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		const char *error;
	} cases[] = {
		{"{\"ok\":true,\"ms\":2500}", true, NULL},
		{"{\"ok\":true,\"ms\":\"x\"}", true, NULL},
		{"{\"ok\":\"true\"}", false, "failed without saying why"},
		{"{\"ok\":false,\"error\":\"no\"}", false, "no"},
		{"{\"ok\":false,\"error\":7}", false, "failed without saying why"},
		{"[]", false, "[]"},
		{"", false, "no answer within 6 s"},
		{"OCI runtime exec failed", false, "OCI runtime exec failed"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct action a = {0};

		action_read(&a, cases[i].text, &arena);
		assert_int_equal(a.ok, cases[i].ok);
		if (cases[i].error)
			assert_string_equal(a.error, cases[i].error);
		else
			assert_null(a.error);
		assert_true(a.seconds == (i == 0 ? 2.5 : 0));
		arena_done(&arena);
	}
}

static void test_plan(void **state)
{
	struct scene *s = *state;

	/* a: redis, store, queue, async, two peers; b: redis, a's gateway, c's worker; Redis has no
	 * peer port. */
	assert_int_equal(s->ev.nodes[0].n_actions, 6);
	assert_int_equal(s->ev.nodes[1].n_actions, 3);
	assert_string_equal(nth(s, 1, ACTION_PEER, 0)->argument, "10.9.0.5:7007");
	assert_string_equal(nth(s, 1, ACTION_PEER, 1)->argument, "10.9.0.7:7007");
	assert_string_equal(nth(s, 0, ACTION_ASYNC, 0)->argument, "echo");
	assert_string_equal(nth(s, 2, ACTION_REDIS, 0)->container->id, ID_C);
}

static void test_only(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct scene *s = *state;
	const char *good[] = {"overlay", "time.skew"}, *near[] = {"overlay.dta"},
		   *bad[] = {"zzzzzz"};

	assert_int_equal(health_check_only(good, 2, &err), 0);
	assert_int_equal(health_check_only(near, 1, &err), -EINVAL);
	assert_non_null(strstr(err_msg(&err), "did you mean 'overlay.data'"));
	assert_int_equal(health_check_only(bad, 1, &err), -EINVAL);
	assert_non_null(strstr(err_msg(&err), "groups are node, time, disk, docker, swarm"));
	judge_all(&s->health, &s->ev, &(struct health_options){.only = good, .n_only = 2});
	assert_int_equal(
		s->health.n, 10); /* three nodes and two of overlay, three clocks and ours */
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		SCENE(test_healthy),
		SCENE(test_order),
		SCENE(test_node_down),
		SCENE(test_all_down),
		SCENE(test_clocks),
		SCENE(test_two_clocks),
		SCENE(test_docker),
		SCENE(test_swarm),
		SCENE(test_services),
		SCENE(test_openfaas),
		SCENE(test_monitoring),
		SCENE(test_calls),
		SCENE(test_no_function),
		SCENE(test_containers),
		SCENE(test_no_container),
		SCENE(test_kernel),
		SCENE(test_settings_of_none),
		SCENE(test_endless_log),
		SCENE(test_added_settings),
		SCENE(test_public),
		SCENE(test_firewall),
		SCENE(test_plan),
		SCENE(test_recorded),
		SCENE(test_only),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_action),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
