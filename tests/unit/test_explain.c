/* Why services do not run: from the apply script's lines to causes; and hostile lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/macro.h"
#include "lib/run/explain.h"

#define _explain_ _cleanup_(explain_freep) struct explain

static void expect(const struct explain *x, const char *wanted)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	explain_print(x, &out);
	assert_string_equal(buf_str(&out), wanted);
}

/* One task with @error; what is said of it must hold @wanted. */
static void expect_cause(const char *error, const char *wanted)
{
	_explain_ *x = explain_new();
	_cleanup_buf_ struct buf line = BUF_INIT, out = BUF_INIT;

	buf_addf(&line, "svarm_x\t0/1 running\timg:1\t1\tlab-2\tRejected 1 second ago\t\"%s\"",
		error);
	assert_true(explain_take(x, "stuck", buf_str(&line)));
	explain_print(x, &out);
	if (!strstr(buf_str(&out), wanted))
		fail_msg("'%s' became '%s'", error, buf_str(&out));
}

static void test_nothing(void **state)
{
	_explain_ *x = explain_new();

	assert_false(explain_take(x, "start", "1"));
	assert_false(explain_take(x, "note", "stuck"));
	expect(x, "");
}

static void test_image(void **state)
{
	_explain_ *x = explain_new();

	explain_take(x, "stuck",
		"svarm_gateway\t0/1 running\topenfaas/gateway:0.18.17\t5\tlab-1\tRejected 2 "
		"seconds ago\t"
		"\"No such image: openfaas/gateway:0.18.17\"");
	expect(x,
		"\n    svarm_gateway (0/1 running): lab-1 cannot get the image "
		"'openfaas/gateway:0.18.17', 5 times so far"
		"\n        docker says: No such image: openfaas/gateway:0.18.17"
		"\n        -> name the archive of the image ('docker save') in 'images:', or give "
		"the node a way to a registry that has it");
}

static void test_no_node(void **state)
{
	_explain_ *x = explain_new();

	explain_take(x, "stuck",
		"fn_a\t0/2 running\ta:1\t0\t\tPending 9 seconds ago\t"
		"\"no suitable node (insufficient resources on 3 nodes)\"");
	explain_take(x, "stuck-where", "fn_a\tnode.labels.svarm.worker == true\t3\t3");
	explain_take(x, "stuck-where", "fn_a\tnode.labels.zone == mars\t0\t3");
	explain_take(x, "stuck-where", "fn_a\tnode.platform.arch == z80");
	explain_take(x, "stuck-asks", "fn_a\t8589934592\t500000000\t2147483648\t2000000000");
	expect(x, "\n    fn_a (0/2 running): no node suits it"
		  "\n        docker says: no suitable node (insufficient resources on 3 nodes)"
		  "\n        constraint 'node.labels.zone == mars': met by 0 of 3 nodes"
		  "\n        constraint 'node.platform.arch == z80'"
		  "\n        sets aside 8.0G of memory; the largest node has 2.0G"
		  "\n        sets aside 0.50 processors; the largest node has 2.00"
		  "\n        -> change the constraints or what is set aside, or the roles of the "
		  "nodes");
}

static void test_crash(void **state)
{
	_explain_ *x = explain_new();

	explain_take(x, "stuck",
		"fn_b\t0/1 running\tb:1\t4\tlab-3\tFailed 1 second ago\t\"task: non-zero exit "
		"(3)\"");
	explain_take(x, "stuck-says", "fn_b\tfirst\tline");
	explain_take(x, "stuck-says", "fn_b\tno \x1b[31mconfiguration");
	expect(x, "\n    fn_b (0/1 running): ends by itself on lab-3 (exit 3), 4 times so far"
		  "\n        it said: first"
		  "\n        it said: no \\x1b[31mconfiguration"
		  "\n        -> all it said, on a manager: 'docker service logs fn_b'");
}

/* `docker service logs` would be no remedy. */
static void test_mute(void **state)
{
	_explain_ *x = explain_new();

	explain_take(x, "stuck",
		"fn_b\t0/1 running\tb:1\t4\tlab-3\tFailed 1 second ago\t\"task: non-zero exit "
		"(3)\"");
	explain_take(x, "stuck-mute", "fn_b\tnode y02os1 is not \x1b available");
	expect(x, "\n    fn_b (0/1 running): ends by itself on lab-3 (exit 3), 4 times so far"
		  "\n        what it said cannot be fetched: node y02os1 is not \\x1b available"
		  "\n        -> all it said, on lab-3: 'docker logs' of one of 'docker ps -aq "
		  "--filter label=com.docker.swarm.service.name=fn_b'");
}

static void test_causes(void **state)
{
	expect_cause("pull access denied for a/b, repository does not exist",
		"lab-2 cannot get the image 'img:1'");
	expect_cause("manifest unknown: manifest unknown", "cannot get the image");
	expect_cause("invalid mount config for type \"bind\": bind source path does not exist: /x",
		"what it mounts is not on lab-2");
	expect_cause("driver failed: Bind for 0.0.0.0:8080 failed: port is already allocated",
		"its port is taken on lab-2");
	/* The cause stands last, after more than is shown. */
	expect_cause(
		"starting container failed: container "
		"e7c118238c318d6ff80ea8ddafb71566bc0eab7d55c7ad1a3447802da30544d1: endpoint "
		"join on GW Network failed: driver failed programming external connectivity on "
		"endpoint gateway_82d5045b4124 "
		"(abf021780bd636124ce3fc516581da002e96aff806920544200ad94314641b21): Error "
		"starting userland proxy: listen tcp4 0.0.0.0:9090: bind: address already in use",
		"its port is taken on lab-2\n        docker says: starting container failed: ");
	expect_cause("no suitable node (host-mode port already in use on 1 node)",
		"its port is taken on");
	expect_cause("starting container failed: exec: \"/no\": executable file not found",
		"its program cannot be started");
	expect_cause("task: non-zero exit (143): dockerexec: unhealthy container", "unhealthy on");
	expect_cause("task: non-zero exit (137)", "killed on lab-2 (exit 137)");
	expect_cause("task: exit (0)", "ends by itself on lab-2 (exit 0)");
	expect_cause("network svarm not found", "fails on lab-2");
	expect_cause("", "still 'Rejected 1 second ago' on lab-2");
	expect_cause("task: non-zero exit (", "(exit )");
}

static void test_not_yet(void **state)
{
	_explain_ *x = explain_new();

	explain_take(x, "stuck", "a\t0/1 running\timg\t0\t\t\t");
	explain_take(x, "stuck", "b\t0/1 running\timg\t0\tlab-1\tPreparing 80 seconds ago\t");
	expect(x,
		"\n    a (0/1 running): the swarm has made no task of it"
		"\n        -> it may only be slow: on a manager 'docker service ps --no-trunc a'"
		"\n    b (0/1 running): still 'Preparing 80 seconds ago' on lab-1"
		"\n        -> it may only be slow: on a manager 'docker service ps --no-trunc b'");
}

/* What no node of good will sends: dropped, or shown harmlessly, and never without end. */
static void test_hostile(void **state)
{
	_explain_ *x = explain_new();
	_cleanup_buf_ struct buf line = BUF_INIT, out = BUF_INIT;

	assert_true(explain_take(x, "stuck", ""));
	assert_true(explain_take(x, "stuck-where", "nobody\tc\t1\t2"));
	assert_true(explain_take(x, "stuck-says", "\t"));
	assert_true(explain_take(x, "stuck-mute", "nobody"));
	assert_true(explain_take(x, "stuck-unheard", "a\tb"));
	expect(x, "");
	for (int i = 0; i < 1000; i++) {
		buf_clear(&line);
		buf_addf(&line, "s%d\t%%s%%n\t\t99999999999999999999\t\t\t", i);
		for (int k = 0; k < 400; k++)
			buf_adds(&line, "x\x1b");
		explain_take(x, "stuck", buf_str(&line));
		explain_take(x, "stuck-where", "s0\tc\t-1\tx");
		explain_take(x, "stuck-says", "s0\tl");
		explain_take(x, "stuck-asks", "s0\tnan\tinf\t-5\t1e999");
	}
	explain_print(x, &out);
	assert_true(out.len < 128 * 1024);
	assert_null(memchr(out.data, '\x1b', out.len));
}

/* Lines take memory, also those that are not shown: there is an end to it. */
static void test_endless(void **state)
{
	_explain_ *x = explain_new();

	for (int i = 0; i < 10000; i++)
		assert_true(explain_take(x, "stuck-says", "nobody\tline"));
	assert_true(explain_take(x, "stuck", "late\t0/1 running\timg\t0\t\t\t"));
	expect(x, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_no_node),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_not_yet),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_endless),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
