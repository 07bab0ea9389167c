/*
 * Health's probes of what runs short before anything stops: disks, memory, clocks, certificates,
 * logs, restart loops, queues and the store; with answers that are broken or hostile.
 */
#include "tests/unit/health_scene.h"

/* Node b answers with @lines in the place of its system lines. */
static void say(struct scene *s, const char *lines)
{
	_cleanup_free_ char *text = xasprintf(
		"time\t1\n%s%s", lines, INFO("nb", "10.0.0.2", "false") "end\tok\n");

	hear(&s->ev.nodes[1], text);
	judge(s);
}

#define DISK(type, used, avail, inodes_free, target) \
	"disk\t" type "\t100000000000\t" used "\t" avail "\t1000\t" inodes_free "\t" target "\n"

static void test_space(void **state)
{
	struct scene *s = *state;

	say(s, DISK("ext4", "79000000000", "21000000000", "900", "/"));
	expect(s, "disk.space", "b", HEALTH_OK, "/ 79 % full, 21 GB left");
	say(s, DISK("ext4", "10000", "90000000000", "900", "/")
			DISK("xfs", "81000000000", "19000000000", "900", "/var/lib/\033[2Jdocker"));
	expect(s, "disk.space", "b", HEALTH_WARN, "/var/lib/\\x1b[2Jdocker 81 % full, 19 GB left");
	assert_null(strstr(row(s, "disk.space", "b")->text, "/ 0"));
	say(s, DISK("ext4", "95000000000", "5000000000", "900", "/"));
	expect(s, "disk.space", "b", HEALTH_FAIL, "95 % full");
	/* What is left may be little, whatever the share. */
	say(s, DISK("ext4", "2000000000", "900000000", "900", "/"));
	expect(s, "disk.space", "b", HEALTH_FAIL, "900 MB left");
	say(s, DISK("ext4", "10", "90000000000", "150", "/"));
	expect(s, "disk.space", "b", HEALTH_WARN, "85 % of its inodes used");
	say(s, DISK("ext4", "10", "90000000000", "50", "/"));
	expect(s, "disk.space", "b", HEALTH_FAIL, "95 % of its inodes used");
	say(s, DISK("btrfs", "10", "90000000000", "-", "/")
			DISK("squashfs", "100", "0", "0", "/snap/core"));
	expect(s, "disk.space", "b", HEALTH_OK, "/ 0 % full");
	/* Two paths on one. */
	say(s, DISK("ext4", "79000000000", "21000000000", "900", "/")
			DISK("ext4", "79000000000", "21000000000", "900", "/"));
	expect(s, "disk.space", "b", HEALTH_OK, "/ 79 % full, 21 GB left");
	assert_null(strstr(row(s, "disk.space", "b")->text, ";"));
	/* A small one that is nearly empty is no fault. */
	say(s, "disk\ttmpfs\t4000000\t0\t4000000\t10\t10\t/tmp\n");
	expect(s, "disk.space", "b", HEALTH_OK, "/tmp 0 % full, 4.0 MB left");
	say(s, "late\tdisk\n");
	expect(s, "disk.space", "b", HEALTH_FAIL, "no answer within 4 s");
	expect(s, "disk.writable", "b", HEALTH_FAIL, "no answer within 4 s");
	say(s, "disk\text4\t-1\t1\t1\t1\t1\t/\ndisk\text4\t1\t1\n"
	       "disk\text4\t99999999999999999999\t1\t1\t1\t1\t/\ndisk\text4\t1\t1\t1\t1\t1\tno\n");
	expect(s, "disk.space", "b", HEALTH_SKIP, "does not say");
	expect(s, "disk.writable", "b", HEALTH_SKIP, "does not say");
}

static void test_read_only(void **state)
{
	struct scene *s = *state;

	say(s, DISK("ext4", "1", "90000000000", "900", "/") "mount\trw\t/\n" DISK("ext4", "1",
		       "90000000000", "900", "/data") "mount\tro\t/data\nmount\tro\t/else\n");
	expect(s, "disk.writable", "b", HEALTH_FAIL, "read-only: /data");
	say(s, DISK("squashfs", "1", "0", "0", "/snap") "mount\tro\t/snap\n" DISK(
		       "ext4", "1", "90000000000", "900", "/") "mount\trw\t/\n");
	expect(s, "disk.writable", "b", HEALTH_OK, "takes writes");
}

static void test_memory(void **state)
{
	struct scene *s = *state;

	say(s, "memory\t4000000\t300000\n");
	expect(s, "node.memory", "b", HEALTH_WARN, "307 MB of 4.1 GB are left");
	say(s, "memory\t4000000\t400000\n");
	expect(s, "node.memory", "b", HEALTH_OK, "410 MB of 4.1 GB");
	say(s, "memory\t4\t5\nmemory\tx\ty\n");
	expect(s, "node.memory", "b", HEALTH_SKIP, "does not say");
}

static void test_load(void **state)
{
	struct scene *s = *state;

	judge(s);
	expect(s, "node.load", "b", HEALTH_OK,
		"load of 0.6 a core within 5 min (2 cores); all waited for memory 0 % of it, for "
		"disks 3 %");
	/* As a machine that builds and tests all day. */
	say(s, "load\t24.00\t20.00\t2\n");
	expect(s, "node.load", "b", HEALTH_NOTE, "load of 10.0 a core within 5 min (2 cores)");
	say(s, "load\t17.00\t16.00\t1\n");
	expect(s, "node.load", "b", HEALTH_WARN, "load of 16.0 a core within 5 min (1 core)");
	/* It is over. */
	say(s, "load\t2.00\t16.00\t1\n");
	expect(s, "node.load", "b", HEALTH_NOTE, "load of 16.0");
	say(s, "load\t0.10\t0.10\t1\npressure\tmemory\tfull\t25.00\n");
	expect(s, "node.load", "b", HEALTH_WARN, "all waited for memory 25 % of it");
	say(s, "load\t0.10\t0.10\t1\npressure\tio\tfull\t41.5\npressure\tio\tsome\t99\n");
	expect(s, "node.load", "b", HEALTH_NOTE, "1 core); all waited for disks 42 %");
	say(s, "load\t0.10\t0.10\t1\npressure\tio\tfull\t80\n");
	expect(s, "node.load", "b", HEALTH_WARN, "for disks 80 %");
	say(s, "load\t0.10\t0.10\t1\npressure\tio\tfull\t101\npressure\tmemory\tfull\t-1\n"
	       "pressure\tmemory\tfull\tnan\npressure\tmemory\npressure\n");
	expect(s, "node.load", "b", HEALTH_OK, "(1 core)");
	assert_null(strstr(row(s, "node.load", "b")->text, "waited"));
	say(s, "load\t1.0\t1.0\t0\nload\t1.0\t1.0\nload\t1.0.0\t1\t1\nload\tinf\t1\t1\n"
	       "load\t-1\t1\t1\nload\t1e9\t1\t1\nload\t1.\t.5\t1\nload\n");
	expect(s, "node.load", "b", HEALTH_SKIP, "does not say");
}

static void test_logs(void **state)
{
	struct scene *s = *state;

	say(s, "oom\t1\tOut of memory: Killed process 7 (\033[0mecho)\n"
	       "errors\t3\ttime=\"x\" level=error msg=\"no such thing\" error=\"x\"\n");
	expect(s, "node.oom", "b", HEALTH_WARN, "1 process was killed within a day; last: Out of");
	assert_non_null(strstr(row(s, "node.oom", "b")->text, "(\\x1b[0mecho)"));
	expect(s, "docker.errors", "b", HEALTH_NOTE, "3 within an hour; last: \"no such thing\"");
	say(s, "oom\t12\tx\nerrors\t100\tx\n");
	expect(s, "node.oom", "b", HEALTH_WARN, "12 processes were killed");
	expect(s, "docker.errors", "b", HEALTH_WARN, "100 within an hour; last: x");
	say(s, "late\tjournal\noom\t0\t\nerrors\t0\t\n");
	expect(s, "node.oom", "b", HEALTH_WARN, "no answer within 6 s");
	expect(s, "docker.errors", "b", HEALTH_WARN, "no answer within 6 s");
	say(s, "oom\t-1\tx\nerrors\n");
	expect(s, "node.oom", "b", HEALTH_SKIP, "does not say");
	expect(s, "docker.errors", "b", HEALTH_SKIP, "does not say");
}

static void test_reboot_and_clock(void **state)
{
	struct scene *s = *state;

	say(s, "reboot\tlinux-image-6.1.0 libc6 \nntp\tunsynchronized\n");
	expect(s, "node.reboot", "b", HEALTH_NOTE, "wants a restart for linux-image-6.1.0 libc6");
	expect(s, "time.sync", "b", HEALTH_WARN, "nobody keeps its clock right");
	say(s, "reboot\t\nntp\tcontainer\n");
	expect(s, "node.reboot", "b", HEALTH_NOTE, "wants a restart");
	expect(s, "time.sync", "b", HEALTH_SKIP, "its host's");
	say(s, "ntp\t\n");
	expect(s, "node.reboot", "b", HEALTH_OK, "no update");
	expect(s, "time.sync", "b", HEALTH_SKIP, "does not say");
}

enum { DAY = 86400, LIFE = 100 * DAY };

static void test_swarm_certificate(void **state)
{
	struct scene *s = *state;
	double *now = &s->ev.nodes[1].answer.time;

	say(s, "certificate\t" PEM "\n");
	expect(s, "swarm.certificate", "b", HEALTH_OK, "good for 100 days");
	*now = 0.84 * LIFE; /* it may still be renewed by itself */
	judge(s);
	expect(s, "swarm.certificate", "b", HEALTH_OK, "good for 16 days");
	*now = 0.86 * LIFE;
	judge(s);
	expect(s, "swarm.certificate", "b", HEALTH_WARN, "ends in 14 days and was not renewed");
	*now = LIFE + 3 * DAY;
	judge(s);
	expect(s, "swarm.certificate", "b", HEALTH_FAIL, "expired 3 days ago");
	say(s, "certificate\t-----BEGIN CERTIFICATE-----|AAAA|-----END CERTIFICATE-----|\n");
	expect(s, "swarm.certificate", "b", HEALTH_FAIL, "no certificate in");
	say(s, "certificate\t\n");
	expect(s, "swarm.certificate", "b", HEALTH_FAIL, "no certificate in");
}

static void test_tls(void **state)
{
	struct scene *s = *state;
	struct tls_seen *tls = &s->ev.nodes[0].tls;

	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_OK, "good for 100 days, and names 203.0.113.1");
	s->ev.now = LIFE - 13.0 * DAY;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_WARN, "ends in 13 days");
	s->ev.now = LIFE - 2.0 * DAY;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_FAIL, "ends in 2 days");
	s->ev.now = LIFE + 30.0 * DAY;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_FAIL, "expired 30 days ago");
	s->ev.now = -DAY;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_FAIL, "begins in 24 h");
	s->cluster->nodes[0].address = "203.0.113.9";
	s->ev.now = 1000;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_OK, "good for 100 days");
	assert_null(strstr(row(s, "tls.certificate", "a")->text, "name"));
	tls->distrust = "self-signed certificate";
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_WARN,
		"good for 100 days; not trusted here: self-signed certificate");
	assert_non_null(strstr(row(s, "tls.certificate", "a")->remedy, "SSL_CERT_FILE"));
	/* nginx is told by which name clients come; the first that is one counts. */
	s->cluster->tune.nginx.server_name = "_ *.example .example other.example";
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_WARN,
		"good for 100 days; it does not name 'other.example'; not trusted here: self");
	tls->distrust = NULL;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_WARN, "it does not name 'other.example'");
	assert_non_null(strstr(row(s, "tls.certificate", "a")->remedy, "tune.nginx.server_name"));
	s->cluster->tune.nginx.server_name = "fjord.example";
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_OK, "good for 100 days, and names fjord.example");
	/* What is about to expire is worse, and said as well. */
	tls->distrust = "self-signed certificate";
	s->ev.now = LIFE - 2.0 * DAY;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_FAIL,
		"ends in 2 days, and names fjord.example; not trusted here: self-signed");
	assert_non_null(strstr(row(s, "tls.certificate", "a")->remedy, "renew it"));
	s->cluster->tune.nginx.server_name = "_";
	s->cluster->nodes[0].address = "node.example";
	s->ev.now = 1000;
	tls->distrust = NULL;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_WARN, "it does not name 'node.example'");
	tls->pem = NULL;
	tls->error = "reset \033[0mby peer";
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_FAIL, "but: reset \\x1b[0mby peer");
	tls->tried = false;
	judge(s);
	expect(s, "tls.certificate", "a", HEALTH_SKIP, "nothing listens");
	assert_false(listens_on_tls(&s->ev.nodes[0]));
	hear(&s->ev.nodes[0], "time\t1\nLISTEN 0 511 [::]:443 [::]:*\nend\tok\n");
	assert_true(listens_on_tls(&s->ev.nodes[0]));
}

static void test_ipv6(void **state)
{
	struct scene *s = *state;
	struct node_evidence *b = &s->ev.nodes[1];

	b->scan6.tcp[0] = b->scan6.udp[1] = PORT_OPEN;
	judge(s);
	expect(s, "exposure.ipv6", "b", HEALTH_FAIL, "open to this machine: 2375, 4789 (UDP)");
	expect(s, "exposure.ipv6", "a", HEALTH_OK, "0 open of 24 tried on 1 address");
	b->scan6 = (struct scan){.error = "this machine has no way to its IPv6 addresses"};
	judge(s);
	expect(s, "exposure.ipv6", "b", HEALTH_SKIP, "no way");
	/* Neither local ones nor what is none. */
	say(s, "address6\teth0\tfd00::1\naddress6\teth0\tfe80::1\naddress6\teth0\t2001:zz\n"
	       "address6\teth0\t\naddress6\n");
	expect(s, "exposure.ipv6", "b", HEALTH_SKIP, "no other public");
	/* That of the spec is scanned as such. */
	s->cluster->nodes[1].address = "2001:db8::1";
	say(s, "address6\teth0\t2001:db8:0::1\n");
	expect(s, "exposure.ipv6", "b", HEALTH_SKIP, "no other public");
}

/* ---- the swarm ---- */

#define MANAGER(id, address, reachability)                                                \
	"{\"ID\":\"" id "\",\"Spec\":{\"Role\":\"manager\",\"Availability\":\"active\"}," \
	"\"Status\":{\"State\":\"ready\",\"Addr\":\"" address "\"},\"ManagerStatus\":"    \
	"{\"Reachability\":\"" reachability "\"}}"
#define THREE(second, third)                                                 \
	"time\t1\n" INFO("na", "10.0.0.1", "true") "json\tnodes\t[" MANAGER( \
		"na", "10.0.0.1", "reachable") "," MANAGER("nb", "10.0.0.2", \
		second) "," MANAGER("nc", "10.0.0.3", third) "]\nend\tok\n"

static void test_quorum(void **state)
{
	struct scene *s = *state;

	judge(s);
	expect(s, "swarm.quorum", NULL, HEALTH_OK, "1 of 1 managers reachable; 0 may be lost");
	hear(&s->ev.nodes[0], THREE("reachable", "reachable"));
	judge(s);
	expect(s, "swarm.quorum", NULL, HEALTH_OK, "3 of 3 managers reachable; 1 may be lost");
	hear(&s->ev.nodes[0], THREE("reachable", "unreachable"));
	judge(s);
	expect(s, "swarm.quorum", NULL, HEALTH_WARN, "2 of 3 managers reachable, says a; 0 more");
	hear(&s->ev.nodes[0], THREE("unknown", "unreachable"));
	judge(s);
	expect(s, "swarm.quorum", NULL, HEALTH_FAIL, "1 of 3 managers reachable");
	hear(&s->ev.nodes[0], "time\t1\nend\tok\n");
	judge(s);
	expect(s, "swarm.quorum", NULL, HEALTH_FAIL, "no manager");
}

static void hear_tasks(struct scene *s, const char *tasks)
{
	_cleanup_free_ char *text = xasprintf("time\t1\n%sjson\ttasks\t[%s]\nend\tok\n",
		INFO("na", "10.0.0.1", "true") NODES("ready", "active") SERVICES("2", "2"), tasks);

	hear(&s->ev.nodes[0], text);
	judge(s);
}

#define FAILED(when) TASK("s4", "shutdown", "failed", when, "exit \\u001b(1)")

static void test_restarts(void **state)
{
	struct scene *s = *state;

	/* It is 1000 s past 1970-01-01: 00:16:40. */
	hear_tasks(s, FAILED("1970-01-01T00:16:00.123Z") "," FAILED(
			      "1970-01-01T00:15:00Z") "," FAILED("1970-01-01T00:10:00.5Z"));
	expect(s, "functions.restarts", "fn_echo", HEALTH_WARN,
		"3 tasks failed within 10 min; last: exit \\x1b(1)");
	hear_tasks(s, FAILED("1970-01-01T00:16:00Z") "," FAILED("1970-01-01T00:15:00Z") "," FAILED(
			      "1970-01-01T00:06:00Z") "," FAILED("yesterday") "," FAILED(""));
	expect(s, "functions.restarts", NULL, HEALTH_OK, "no service in a loop");
	/* What was refused from the start, too. */
	hear_tasks(s, TASK("s4", "shutdown", "rejected", "1970-01-01T00:16:00Z", "no") "," FAILED(
			      "1970-01-01T00:15:00Z") "," FAILED("1970-01-01T00:10:00Z"));
	expect(s, "functions.restarts", "fn_echo", HEALTH_WARN, "3 tasks failed within 10 min");
	/* Three, but the last one is a while ago. */
	hear_tasks(s, FAILED("1970-01-01T00:13:30Z") "," FAILED("1970-01-01T00:13:00Z") "," FAILED(
			      "1970-01-01T00:12:00Z"));
	expect(s, "functions.restarts", NULL, HEALTH_OK, "no service in a loop");
	hear_tasks(s, "{},[],7,{\"ServiceID\":7},{\"ServiceID\":\"s4\",\"Status\":7}");
	expect(s, "functions.restarts", NULL, HEALTH_OK, "no service");
}

static void test_spread(void **state)
{
	struct scene *s = *state;
	const char *both = RUNNING("s4", "nb") "," RUNNING("s4", "nb"), *own = "node.labels.x == 1";
	struct spec_function *fn = &s->cluster->faas.functions[0];

	hear_tasks(s, RUNNING("s4", "nb") "," RUNNING("s4", "nc"));
	expect(s, "functions.spread", "fn_echo", HEALTH_OK, "2 tasks on 2 nodes");
	hear_tasks(s, both);
	expect(s, "functions.spread", "fn_echo", HEALTH_WARN, "all 2 tasks run on b");
	hear_tasks(s, RUNNING("s4", "nb"));
	expect(s, "functions.spread", NULL, HEALTH_SKIP, "no function has tasks");
	fn->constraints = &own; /* who places it knows why */
	fn->n_constraints = 1;
	hear_tasks(s, both);
	expect(s, "functions.spread", NULL, HEALTH_SKIP, "no function has tasks");
	fn->n_constraints = 0;
	/* There is no other node that takes tasks. */
	hear(&s->ev.nodes[0], "time\t1\n" INFO("na", "10.0.0.1", "true") NODES("ready", "drain")
				      SERVICES("2", "2") "json\ttasks\t[" RUNNING(
					      "s4", "nb") "," RUNNING("s4", "nb") "]\nend\tok\n");
	judge(s);
	expect(s, "functions.spread", NULL, HEALTH_SKIP, "no function has tasks");
}

/* ---- the queue and the store ---- */

/* The gateway answers @text to the question of @kind. */
static void answer(struct scene *s, enum action_kind kind, const char *text)
{
	for (size_t i = 0; i < s->ev.nodes[0].n_actions; i++) {
		struct action *a = &s->ev.nodes[0].actions[i];

		if (a->kind == kind) {
			a->error = a->said = NULL;
			action_read(a, text, &s->ev.nodes[0].arena);
		}
	}
	judge(s);
}

static void test_queue(void **state)
{
	struct scene *s = *state;

	answer(s, ACTION_QUEUE,
		"{\"ok\":true,\"waiting\":7,\"pending\":3,\"oldest_waiting_ms\":59000,"
		"\"queue\":\"default\",\"dead\":2,\"newest_dead_ms\":90000000,\"workers\":3}");
	expect(s, "queue.lag", NULL, HEALTH_OK, "7 waiting, 3 being made");
	expect(s, "queue.dead", NULL, HEALTH_NOTE, "2 given up, the last 25 h ago");
	expect(s, "queue.workers", NULL, HEALTH_OK, "3 heard of");
	answer(s, ACTION_QUEUE,
		"{\"ok\":true,\"waiting\":7,\"oldest_waiting_ms\":61000,\"queue\":\"\\u001bq\","
		"\"dead\":1,\"newest_dead_ms\":86399000,\"workers\":1}");
	expect(s, "queue.lag", NULL, HEALTH_WARN, "7 waiting, the oldest for 61 s in '\\x1bq'");
	expect(s, "queue.dead", NULL, HEALTH_WARN, "1 given up, the last 24 h ago");
	expect(s, "queue.workers", NULL, HEALTH_WARN, "1 of 2 heard of");
	answer(s, ACTION_QUEUE, "{\"ok\":true,\"waiting\":1,\"oldest_waiting_ms\":600000}");
	expect(s, "queue.lag", NULL, HEALTH_FAIL, "the oldest for 10 min");
	expect(s, "queue.dead", NULL, HEALTH_OK, "none");
	expect(s, "queue.workers", NULL, HEALTH_FAIL, "0 of 2 heard of");
	answer(s, ACTION_QUEUE, "");
	expect(s, "queue.lag", "a", HEALTH_FAIL, "no answer within 6 s");
	answer(s, ACTION_QUEUE, "usage:   probe redis");
	expect(s, "queue.lag", "a", HEALTH_WARN, "older than this svarm");
	s->ev.nodes[0].n_actions = 0;
	judge(s);
	expect(s, "queue.workers", NULL, HEALTH_FAIL, "no gateway runs");
	s->cluster->faas.engine = ENGINE_OPENFAAS;
	judge(s);
	expect(s, "queue.dead", NULL, HEALTH_SKIP, "engine openfaas");
}

static void test_store(void **state)
{
	struct scene *s = *state;

	answer(s, ACTION_STORE,
		"{\"ok\":true,\"aof_enabled\":0,\"used_memory\":80,\"maxmemory\":100,"
		"\"maxmemory_policy\":\"noeviction\"}");
	expect(s, "redis.persistence", NULL, HEALTH_FAIL, "appendonly is off");
	expect(s, "redis.memory", NULL, HEALTH_WARN, "80 B of 100 B used");
	answer(s, ACTION_STORE,
		"{\"ok\":true,\"aof_enabled\":1,\"aof_last_write_status\":\"err\","
		"\"used_memory\":95,\"maxmemory\":100}");
	expect(s, "redis.persistence", NULL, HEALTH_FAIL, "last write to the append-only file");
	expect(s, "redis.memory", NULL, HEALTH_FAIL, "95 B of 100 B used");
	answer(s, ACTION_STORE,
		"{\"ok\":true,\"aof_enabled\":1,\"aof_last_write_status\":\"ok\","
		"\"aof_last_bgrewrite_status\":\"err\",\"evicted_keys\":3}");
	expect(s, "redis.persistence", NULL, HEALTH_WARN, "last rewrite");
	expect(s, "redis.memory", NULL, HEALTH_WARN, "threw 3 keys away");
	answer(s, ACTION_STORE, "{\"ok\":true,\"maxmemory_policy\":\"allkeys-lru\"}");
	expect(s, "redis.memory", NULL, HEALTH_WARN, "maxmemory-policy is 'allkeys-lru'");
	answer(s, ACTION_STORE, "{\"ok\":true,\"maxmemory_policy\":\"noeviction\"}");
	expect(s, "redis.memory", NULL, HEALTH_WARN, "its limit is none; the spec says 268 MB");
	answer(s, ACTION_STORE,
		"{\"ok\":true,\"maxmemory\":1000000000,\"maxmemory_policy\":\"noeviction\"}");
	expect(s, "redis.memory", NULL, HEALTH_WARN, "its limit is 1.0 GB; the spec says 268 MB");
	s->cluster->faas.redis.persistence = REDIS_NONE;
	judge(s);
	expect(s, "redis.persistence", NULL, HEALTH_OK, "the spec asks for none");
	answer(s, ACTION_STORE, "{\"ok\":false,\"error\":\"NOAUTH\"}");
	expect(s, "redis.memory", "a", HEALTH_FAIL, "NOAUTH");
}

/* What node a heard of its @i-th peer. */
static void peer(struct scene *s, size_t i, const char *text)
{
	struct node_evidence *e = &s->ev.nodes[0];

	for (size_t k = 0; k < e->n_actions; k++) {
		if (e->actions[k].kind != ACTION_PEER || i--)
			continue;
		e->actions[k].error = NULL;
		action_read(&e->actions[k], text, &e->arena);
	}
	judge(s);
}

static void test_mtu(void **state)
{
	struct scene *s = *state;
	struct answer *b = &s->ev.nodes[1].answer;

	judge(s);
	expect(s, "overlay.mtu", "a", HEALTH_OK, "packets of 1450 bytes pass whole");
	peer(s, 0, "{\"ok\":false,\"error\":\"0 of 65536\",\"mtu\":1450,\"passes\":1170}");
	expect(s, "overlay.mtu", "a", HEALTH_WARN,
		"packets of 1450 bytes are sent, the largest that arrives at b: 1170");
	expect(s, "overlay.data", "a", HEALTH_FAIL, "no data to b");
	peer(s, 0, "{\"ok\":true,\"mtu\":1450,\"passes\":1449}");
	expect(s, "overlay.mtu", "a", HEALTH_WARN, "the largest that arrives at b: 1449");
	/* Nothing was answered, so nothing is known. */
	peer(s, 0, "{\"ok\":true,\"mtu\":1450,\"passes\":0}");
	expect(s, "overlay.mtu", "a", HEALTH_SKIP, "not every container answers");
	peer(s, 0, "{\"ok\":true,\"mtu\":1450,\"passes\":9000}");
	expect(s, "overlay.mtu", "a", HEALTH_OK, "packets of 1450");
	/* Programs that know nothing of it. */
	peer(s, 0, "{\"ok\":true}");
	peer(s, 1, "{\"ok\":true,\"mtu\":-1,\"passes\":\"x\"}");
	expect(s, "overlay.mtu", "a", HEALTH_SKIP, "no container here that says it");
	b->link.mtu = 1499;
	judge(s);
	expect(s, "overlay.mtu", "b", HEALTH_WARN,
		"its packets of 1450 bytes are 1500 on the private network, and eth1 carries 1499");
	say(s, "link\teth1\t0\nlink\t\t1400\nlink\teth1\t65537\nlink\n");
	assert_null(s->ev.nodes[1].answer.link.interface);
	s->cluster->faas.engine = ENGINE_OPENFAAS;
	judge(s);
	expect(s, "overlay.mtu", "a", HEALTH_SKIP, "engine openfaas");
}

/* No row is worse than its probe's severity, and each says its deadline. */
static void test_severity(void **state)
{
	struct scene *s = *state;
	size_t seen[3] = {0};

	for (size_t i = 0; i < s->ev.n; i++)
		hear(&s->ev.nodes[i], "time\t1\noom\t1\tx\nreboot\tx\nntp\tunsynchronized\n"
				      "late\tjournal\nlate\tdisk\ndocker\tsilent\nend\tok\n");
	judge(s);
	for (size_t i = 0; i < s->health.n; i++) {
		const struct health_result *r = &s->health.rows[i];

		seen[r->severity]++;
		assert_true(r->deadline > 0);
		if (r->state != HEALTH_SKIP)
			assert_true(
				r->state <= (r->severity == HEALTH_CRITICAL         ? HEALTH_FAIL
						    : r->severity == HEALTH_WARNING ? HEALTH_WARN
										    : HEALTH_NOTE));
	}
	assert_true(seen[HEALTH_INFO] && seen[HEALTH_WARNING] && seen[HEALTH_CRITICAL]);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		SCENE(test_space),
		SCENE(test_read_only),
		SCENE(test_memory),
		SCENE(test_load),
		SCENE(test_logs),
		SCENE(test_reboot_and_clock),
		SCENE(test_swarm_certificate),
		SCENE(test_tls),
		SCENE(test_ipv6),
		SCENE(test_quorum),
		SCENE(test_restarts),
		SCENE(test_spread),
		SCENE(test_queue),
		SCENE(test_store),
		SCENE(test_mtu),
		SCENE(test_severity),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
