/*
 * A cluster as health sees it, without a cluster: what nodes answered is parsed from text as
 * health.sh prints it, what was seen from outside is set by hand.  Tests spoil it, then judge.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/judge.h"

static const char spec[] =
	"cluster: fjord\n"
	"nodes:\n"
	"  - {name: a, address: 203.0.113.1, private: 10.0.0.1, roles: [manager, ingress]}\n"
	"  - {name: b, address: 203.0.113.2, private: 10.0.0.2, roles: [worker]}\n"
	"  - {name: c, address: 203.0.113.3, private: 10.0.0.3, roles: [worker, database]}\n"
	"faas:\n"
	"  functions:\n"
	"    - {name: echo, image: 'registry.example/echo:1', replicas: 2}\n";

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ID_R "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

/* Good from 1970-01-01 for 100 days, for fjord.example and 203.0.113.1; as health.sh prints it. */
#define PEM                                                                 \
	"-----BEGIN CERTIFICATE-----|"                                      \
	"MIIBTDCB8qADAgECAgEBMAoGCCqGSM49BAMCMA0xCzAJBgNVBAMMAmNhMB4XDTcw|" \
	"MDEwMTAwMDAwMFoXDTcwMDQxMTAwMDAwMFowDzENMAsGA1UEAwwEdGVzdDBZMBMG|" \
	"ByqGSM49AgEGCCqGSM49AwEHA0IABOcDJXVLb1O8eN+xMl42BwFVJiYbEvvFYAQG|" \
	"XstXbR7bwHEmXXczYYsG/2/u+PTlD6rgY7zdZttfCxAM0OGGXTqjQTA/MB4GA1Ud|" \
	"EQQXMBWCDWZqb3JkLmV4YW1wbGWHBMsAcQEwHQYDVR0OBBYEFPUFejMrrY9YQxQY|" \
	"O3mbu5AK0pkSMAoGCCqGSM49BAMCA0kAMEYCIQD2Jgsjw2LihcOJ+0tMgtn3i18j|" \
	"k5M+DB0XAjpOYVSk0wIhAPZGhAWQ2uk/LZVRJYpLyPuR58kKWo6Z5mCjOOehwq1R|" \
	"-----END CERTIFICATE-----|"
#define SYSTEM                                                                                 \
	"memory\t4000000\t3000000\nload\t0.50\t1.25\t2\n"                                      \
	"pressure\tmemory\tsome\t1.00\npressure\tmemory\tfull\t0.50\n"                         \
	"pressure\tio\tfull\t3.25\nntp\tsynchronized\n"                                        \
	"firewall\tloaded\n"                                                                   \
	"disk\text4\t40000000000\t10000000000\t28000000000\t2500000\t2400000\t/\n"             \
	"mount\trw\t/\nerrors\t0\t\noom\t0\t\naddress6\teth0\t2001:db8::1\nlink\teth1\t1500\n" \
	"certificate\t" PEM "\n"

#define HOST                                                                                 \
	"/proc/sys/net/core/somaxconn:65535\n/proc/sys/net/ipv4/tcp_tw_reuse:1\n"            \
	"/proc/sys/net/ipv4/ip_local_port_range:1024\t65000\n"                               \
	"/proc/sys/net/ipv4/"                                                                \
	"ip_local_reserved_ports:2377,4789,6379,7007,7946,8080-8082,8090,9090,30000-32767\n" \
	"/proc/sys/vm/overcommit_memory:1\n"
#define CONTAINER(id, service, address)                                                           \
	"json\tcontainer\t{\"Id\":\"" id "\",\"State\":{\"Pid\":7},\"Config\":{\"Labels\":"       \
	"{\"com.docker.swarm.service.name\":\"" service "\"}},\"NetworkSettings\":{\"Networks\":" \
	"{\"svarm\":{\"IPAddress\":\"" address "\"}}}}\n"
#define INFO(id, address, manager)                                                          \
	"docker\tanswers\njson\tinfo\t{\"ServerVersion\":\"20.10.24\",\"Swarm\":{"          \
	"\"LocalNodeState\":\"active\",\"NodeID\":\"" id "\",\"NodeAddr\":\"" address "\"," \
	"\"ControlAvailable\":" manager "}}\n"
#define NODE(id, address, role, state, availability)                                          \
	"{\"ID\":\"" id "\",\"Spec\":{\"Role\":\"" role "\",\"Availability\":\"" availability \
	"\"},\"Status\":{\"State\":\"" state "\",\"Addr\":\"" address                         \
	"\"},\"ManagerStatus\":{\"Reachability\":\"reachable\"}}"
#define NODES(b_state, c_availability)                                                       \
	"json\tnodes\t[" NODE("na", "10.0.0.1", "manager", "ready", "active") "," NODE("nb", \
		"10.0.0.2", "worker", b_state,                                               \
		"active") "," NODE("nc", "10.0.0.3", "worker", "ready", c_availability) "]\n"
#define SERVICE(id, name, running, desired)                                             \
	"{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\",\"Mode\":{\"Global\":{}}}," \
	"\"ServiceStatus\":{\"RunningTasks\":" running ",\"DesiredTasks\":" desired "}}"
#define SERVICES(worker, echo)                                                                   \
	"json\tservices\t[" SERVICE("s1", "svarm_redis", "1", "1") "," SERVICE(                  \
		"s2", "svarm_gateway", "1", "1") "," SERVICE("s3", "svarm_queue-worker", worker, \
		"2") "," SERVICE("s4", "fn_echo", echo, echo) "]\n"

#define TASK_ON(service, node, desired, state, when, what)                                   \
	"{\"ServiceID\":\"" service "\",\"NodeID\":\"" node "\",\"DesiredState\":\"" desired \
	"\",\"Status\":{\"State\":\"" state "\",\"Timestamp\":\"" when "\",\"Err\":\"" what "\"}}"
#define TASK(service, desired, state, when, what) TASK_ON(service, "nb", desired, state, when, what)
#define RUNNING(service, node) \
	TASK_ON(service, node, "running", "running", "1970-01-01T00:00:01Z", "")
#define TASKS                                                                                 \
	"json\ttasks\t[" RUNNING("s1", "nc") "," RUNNING("s2", "na") "," RUNNING(             \
		"s3", "nb") "," RUNNING("s3", "nc") "," RUNNING("s4", "nb") "," RUNNING("s4", \
		"nc") "]\n"

#define LOGS "log\tna\tread\t\nlog\tnb\tread\t\nlog\tnc\tread\t\n"

static const char answer_a[] = "time\t1000.5\nsvarm-health\t1\n" SYSTEM HOST
			       "LISTEN 0      65535          0.0.0.0:80        0.0.0.0:*   \n"
			       "LISTEN 0      65535             [::]:80           [::]:*   \n" INFO(
				       "na", "10.0.0.1", "true") NODES("ready", "active")
				       SERVICES("2", "2")
					       TASKS CONTAINER(ID_A, "svarm_gateway", "10.9.0.5")
						       HOST
	"LISTEN 0 65535 0.0.0.0:8080 0.0.0.0:*\n" LOGS "end\tok\n";
static const char answer_b[] = "time\t1000.5\n" SYSTEM HOST INFO("nb", "10.0.0.2", "false")
	CONTAINER(ID_B, "svarm_queue-worker", "10.9.0.6") HOST "end\tok\n";
static const char answer_c[] = "time\t1000.5\n" SYSTEM HOST INFO("nc", "10.0.0.3", "false")
	CONTAINER(ID_R, "svarm_redis", "10.9.0.8") HOST
	"LISTEN 0 65535 0.0.0.0:6379 0.0.0.0:*\n" CONTAINER(ID_C, "svarm_queue-worker", "10.9.0.7")
		HOST "end\tok\n";

/* A cluster seen in full health; tests spoil it before they judge. */
struct scene {
	struct cluster *cluster;
	struct evidence ev;
	struct health health;
};

static void hear(struct node_evidence *e, const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;

	answer_done(&e->answer);
	assert_int_equal(answer_parse(text, strlen(text), &e->answer, &err), 0);
	e->connected = e->answered = true;
	if (e->answer.time > 1e6) { /* recorded */
		e->asked = e->heard = e->answer.time;
		return;
	}
	e->asked = 1000;
	e->heard = 1000.02;
	e->answer.time = e->answer.time ? 1000.01 : 0;
}

/* What any program answers when all is well. */
static const char well[] =
	"{\"ok\":true,\"ms\":1.5,\"mtu\":1450,\"passes\":1450,\"waiting\":0,\"pending\":1,\"dead\":"
	"0,\"workers\":2,"
	"\"aof_enabled\":1,\"aof_last_write_status\":\"ok\",\"used_memory\":2000000,"
	"\"maxmemory\":268435456,\"maxmemory_policy\":\"noeviction\"}";

static void act(struct scene *s)
{
	for (size_t i = 0; i < s->ev.n; i++)
		s->ev.nodes[i].n_actions = 0;
	actions_plan(&s->ev, NEED_ACTIONS);
	for (size_t i = 0; i < s->ev.n; i++)
		for (size_t k = 0; k < s->ev.nodes[i].n_actions; k++)
			action_read(&s->ev.nodes[i].actions[k], well, &s->ev.nodes[i].arena);
}

/* PEM with real newlines. */
static const char *pem_of(struct scene *s)
{
	char *pem = arena_strdup(&s->ev.nodes[0].tls.arena, PEM);

	for (char *c = pem; *c; c++)
		*c = *c == '|' ? '\n' : *c;
	return pem;
}

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	static const char *const answers[] = {answer_a, answer_b, answer_c};
	_cleanup_err_ struct err err = ERR_INIT;

	if (cluster_parse("fjord.yaml", spec, strlen(spec), &s->cluster, &err) < 0)
		fail_msg("%s", err_msg(&err));
	s->ev.cluster = s->cluster;
	s->ev.n = s->cluster->n_nodes;
	s->ev.nodes = xcalloc(s->ev.n, sizeof(*s->ev.nodes));
	for (size_t i = 0; i < s->ev.n; i++) {
		s->ev.nodes[i].node = &s->cluster->nodes[i];
		hear(&s->ev.nodes[i], answers[i]);
		s->ev.nodes[i].scan.done = s->ev.nodes[i].scan6.done = true;
	}
	s->ev.nodes[0].http[HTTP_HEALTHZ] = (struct http_seen){.status = 200, .seconds = 0.01};
	s->ev.nodes[0].http[HTTP_FUNCTION] = (struct http_seen){.status = 200, .seconds = 0.02};
	s->ev.nodes[0].http[HTTP_SYSTEM] = (struct http_seen){.status = 401, .seconds = 0.03};
	s->ev.now = 1000;
	s->ev.nodes[0].tls.tried = true;
	s->ev.nodes[0].tls.pem = pem_of(s);
	act(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	arena_done(&s->health.arena);
	evidence_done(&s->ev);
	cluster_free(s->cluster);
	free(s);
	return 0;
}

static void judge(struct scene *s)
{
	arena_done(&s->health.arena);
	s->health = (struct health){0};
	judge_all(&s->health, &s->ev, &(struct health_options){0});
}

static const struct health_result *row(struct scene *s, const char *id, const char *where)
{
	for (size_t i = 0; i < s->health.n; i++) {
		const struct health_result *r = &s->health.rows[i];
		const char *is = r->subject ? r->subject : r->node;

		if (!strcmp(r->id, id) && (where ? is && !strcmp(is, where) : !is))
			return r;
	}
	fail_msg("no row %s %s", id, where ? where : "");
	return NULL;
}

/* The row must be in @state, and say @text (a part of it). */
static void expect(struct scene *s, const char *id, const char *where, enum health_state state,
	const char *text)
{
	const struct health_result *r = row(s, id, where);

	if (r->state != state || !strstr(r->text, text))
		fail_msg("%s %s: %s: %s; expected %s: %s", id, where ? where : "",
			health_state_name(r->state), r->text, health_state_name(state), text);
	if (state != HEALTH_OK && state != HEALTH_SKIP)
		assert_non_null(r->remedy);
	else
		assert_null(r->remedy);
}
