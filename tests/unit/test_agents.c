/* svarm-probe on a node: the script, the program that svarm carries, and the jobs, with this
 * machine in the place of the nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>

#include "probe/bench/agents_impl.h"
#include "tests/unit/local_link.h"

static const char spec[] =
	"cluster: test\n"
	"nodes:\n"
	"  - {name: a, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, ingress]}\n"
	"  - {name: b, address: 192.0.2.2, private: 10.0.0.2, roles: [worker]}\n"
	"  - {name: c, address: 192.0.2.3, private: 10.0.0.3, roles: [worker, database]}\n";

#define SECONDS USEC_PER_SEC

struct world {
	struct cluster *cluster;
	struct fleet_options options;
	struct fleet *fleet;
	struct local_link *links[2]; /* of a and b; c is not connected */
	struct agents *agents;
	bool cancel;
};

/* Node b gets @instead. */
static void world_open(struct world *w, const char *instead)
{
	_cleanup_err_ struct err err = ERR_INIT;

	*w = (struct world){0};
	signal(SIGPIPE, SIG_IGN);
	if (cluster_parse("test.yaml", spec, strlen(spec), &w->cluster, &err) < 0)
		fail_msg("%s", err_msg(&err));
	w->fleet = fleet_new(w->cluster, &w->options);
	for (size_t i = 0; i < 2; i++) {
		w->links[i] = local_link_open(&w->cluster->nodes[i]);
		fleet_node(w->fleet, i)->link = &w->links[i]->base;
	}
	w->links[1]->instead = instead;
	if (agents_open(w->fleet, &w->cancel, &w->agents, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

static void world_done(struct world *w)
{
	agents_close(w->agents);
	fleet_free(w->fleet);
	cluster_free(w->cluster);
}

/* One for most tests: starting takes longer than most of what they do. */
static struct world shared;

static int setup(void **state)
{
	world_open(&shared, NULL);
	return 0;
}

static int teardown(void **state)
{
	world_done(&shared);
	return 0;
}

static struct agent *agent_a(void)
{
	struct agent *g = agents_at(shared.agents, 0);

	if (agent_error(g))
		fail_msg("%s", agent_error(g));
	return g;
}

#define ARGV(...)    ((const char *const[]){__VA_ARGS__, NULL})
#define COMMAND(...) (&(struct agent_command){.argv = ARGV(__VA_ARGS__)})

/* What a program prints. */
static void assert_output(const struct agent_command *c, size_t max, const char *want)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	if (agent_output(agent_a(), c, max, &out, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(buf_str(&out), want);
}

static void assert_fails(const struct agent_command *c, const char *want)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(agent_output(agent_a(), c, 1000, &out, &err), ERR_REMOTE);
	if (!strstr(err_msg(&err), want))
		fail_msg("'%s' is not in '%s'", want, err_msg(&err));
}

static void test_nodes(void **state)
{
	struct agent *c = agents_at(shared.agents, 2);
	struct agent_job *j;

	assert_null(agent_error(agents_at(shared.agents, 0)));
	assert_null(agent_error(agents_at(shared.agents, 1)));
	assert_string_equal(agent_node(agents_at(shared.agents, 1))->name, "b");
	assert_string_equal(agent_error(c), "not connected");
	assert_int_equal(agent_start(c, COMMAND("load"), &j, NULL), -ECONNRESET);
}

/* Neither the program nor its folder is left. */
static void test_no_file(void **state)
{
	char link[64], path[256] = "", *slash;
	struct world *w = &shared;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)w->links[0]->pid);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	assert_non_null(strstr(path, "/svarm-probe (deleted)"));
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_non_null(strstr(path, "/svarm-probe."));
	assert_int_not_equal(access(path, F_OK), 0);
}

static void test_programs(void **state)
{
	struct agent_command c = {.argv = ARGV("/bin/cat"), .input = "one\ntwo", .input_len = 7};

	assert_output(COMMAND("/bin/echo", "a b", "$(id)", "'"), 1000, "a b $(id) '\n");
	assert_output(&c, 1000, "one\ntwo\n");
	assert_output(&c, 2, "on");
	assert_output(COMMAND("/bin/true"), 1000, "");
	assert_fails(COMMAND("/bin/false"), "'/bin/false' ended with 1");
	assert_fails(COMMAND("/no/such"), "unable to run '/no/such': No such file");
	assert_fails(COMMAND("/bin/sh", "-c", "echo why >&2; exit 7"), "ended with 7: why");
	assert_fails(COMMAND("nonsense"), "usage: svarm-probe");
}

/* A port of this machine that refuses connections as long as the socket is open. */
static int refusing_port(char *url, size_t size)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(url, size, "http://127.0.0.1:%d/", ntohs(addr.sin_port));
	return fd;
}

static void test_tools(void **state)
{
	_cleanup_json_ json_t *figures = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	char url[64];
	int fd = refusing_port(url, sizeof(url)), r;

	r = agent_run(agent_a(), COMMAND("load", "--json", "-n", "3", url), &figures, &err);
	if (r < 0)
		fail_msg("%s", err_msg(&err));
	close(fd);
	assert_int_equal(json_int(json_obj(figures, "errors"), "connect", -1), 3);
	r = agent_run(agent_a(), COMMAND("load"), &figures, &err);
	assert_int_equal(r, ERR_REMOTE);
	assert_non_null(strstr(err_msg(&err), "ended with 2: usage"));
	r = agent_run(agent_a(), COMMAND("/bin/echo", "[1]"), &figures, &err);
	assert_int_equal(r, ERR_REMOTE);
	assert_non_null(strstr(err_msg(&err), "printed no result: [1]"));
}

static void test_deadline(void **state)
{
	struct agent_command c = {
		.argv = ARGV("/bin/sh", "-c", "sleep 600; echo late"), .deadline = SECONDS / 5};

	assert_fails(&c, "was killed");
}

static void test_stop(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *j, *deaf;
	const char *line;

	assert_int_equal(agent_start(agent_a(), COMMAND("/bin/sleep", "600"), &j, &err), 0);
	assert_int_equal(agent_job_line(j, SECONDS / 10, &line, &err), -ETIMEDOUT);
	assert_int_equal(agent_job_end(j), 128 + SIGTERM);
	assert_int_equal(agent_start(agent_a(),
				 COMMAND("/bin/sh", "-c",
					 "trap '' TERM; echo deaf; while :; do sleep 1; done"),
				 &deaf, &err),
		0);
	assert_int_equal(agent_job_line(deaf, 30 * SECONDS, &line, &err), 1);
	assert_string_equal(line, "deaf");
	assert_int_equal(agent_job_end(deaf), 128 + SIGKILL);
}

static void test_many_lines(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *j;
	const char *line;
	char want[16];
	int n = 0;

	assert_int_equal(agent_start(agent_a(), COMMAND("/usr/bin/seq", "300000"), &j, &err), 0);
	while (agent_job_line(j, 60 * SECONDS, &line, &err) == 1) {
		snprintf(want, sizeof(want), "%d", ++n);
		assert_string_equal(line, want);
	}
	assert_int_equal(err.code, 0);
	assert_int_equal(n, 300000);
	assert_int_equal(agent_job_end(j), 0);
}

/* Eight at once, each with its own output. */
static void test_at_once(void **state)
{
	enum { N = 8 };
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *jobs[N];
	const char *line;
	char text[N][16];

	for (int i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "job %d", i);
		assert_int_equal(agent_start(agent_a(),
					 COMMAND("/bin/sh", "-c",
						 "i=0; while [ $i -lt 200 ]; do echo \"$0\"; "
						 "i=$((i + 1)); done",
						 text[i]),
					 &jobs[i], &err),
			0);
	}
	for (int k = 0; k < 200; k++)
		for (int i = 0; i < N; i++) {
			assert_int_equal(agent_job_line(jobs[i], 60 * SECONDS, &line, &err), 1);
			assert_string_equal(line, text[i]);
		}
	/* To its end: one that still runs is stopped. */
	for (int i = 0; i < N; i++) {
		assert_int_equal(agent_job_line(jobs[i], 60 * SECONDS, &line, &err), 0);
		assert_int_equal(agent_job_end(jobs[i]), 0);
	}
}

/* Until process @pid, of nobody's here, is gone or a zombie that init has yet to see. */
static void assert_ends(pid_t pid)
{
	char path[64], stat[512];
	bool there = true;

	assert_true(pid > 1);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; there && i < 3000; i++) {
		FILE *f = fopen(path, "re");

		there = f && fgets(stat, sizeof(stat), f) && !strstr(stat, ") Z ");
		if (f)
			fclose(f);
		if (there)
			clock_sleep(10 * USEC_PER_MSEC);
	}
	assert_false(there);
}

/* What a command leaves behind holds neither its end nor the node. */
static void test_left_behind(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(agent_output(agent_a(), COMMAND("/bin/sh", "-c", "sleep 600 & echo $!"),
				 100, &out, &err),
		0);
	assert_ends((pid_t)strtol(buf_str(&out), NULL, 10));
}

/* A job nobody reads is given up; the others of its node go on. */
static void test_unread(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *j;
	const char *line;
	int r;

	assert_int_equal(
		agent_start(agent_a(),
			COMMAND("/bin/sh", "-c",
				"echo $$; exec yes $(head -c 4000 /dev/zero | tr '\\0' y)"),
			&j, &err),
		0);
	assert_int_equal(agent_job_line(j, 60 * SECONDS, &line, &err), 1);
	assert_ends((pid_t)strtol(line, NULL, 10));
	assert_output(COMMAND("/bin/echo", "still here"), 100, "still here\n");
	while ((r = agent_job_line(j, 60 * SECONDS, &line, &err)) == 1)
		assert_int_equal(line[0], 'y');
	assert_int_equal(r, -E2BIG);
	assert_int_equal(agent_job_end(j), 128 + SIGTERM);
}

/* A node that prints for ever holds nobody up for ever. */
static void test_overdue(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *j;
	const char *line;

	assert_int_equal(agent_start(agent_a(), COMMAND("/usr/bin/yes"), &j, &err), 0);
	assert_true(j->until > clock_now() + 60 * SECONDS);
	assert_int_equal(agent_job_line(j, 60 * SECONDS, &line, &err), 1);
	j->until = clock_now();
	assert_int_equal(agent_job_line(j, 60 * SECONDS, &line, &err), -ETIMEDOUT);
	assert_int_equal(agent_job_end(j), 128 + SIGTERM);
}

static void test_container(void **state)
{
	static const char none[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_command c = {.argv = ARGV("/bin/true"), .container = "; id"};
	struct agent_job *j;

	assert_int_equal(agent_start(agent_a(), &c, &j, &err), -EINVAL);
	c.container = none;
	assert_fails(&c, "'/bin/true' ended with 127");
}

/* ---- worlds of their own ---- */

static void assert_refused(const char *instead, const char *want)
{
	struct world w;
	const char *why;

	world_open(&w, instead);
	why = agent_error(agents_at(w.agents, 1));
	if (!why || !strstr(why, want))
		fail_msg("'%s' is not in '%s'", want, why ? why : "(it runs)");
	assert_null(agent_error(agents_at(w.agents, 0)));
	world_done(&w);
}

static void test_refused(void **state)
{
	assert_refused("echo no space >&2; exit 3", "svarm-probe ended (exit 3): no space");
	assert_refused("exit 0", "svarm-probe ended (exit 0)");
	assert_refused("printf 'Welcome!\\n'; cat >/dev/null", "no frame");
	assert_refused("printf 'hello 0 999999999\\n'; cat >/dev/null", "at most");
	assert_refused("printf 'out 1 2\\nxx'; cat >/dev/null", "no greeting");
	assert_refused("cat /dev/zero", "no frame");
}

/* What a node says when it is asked to run something. */
static void assert_hostile(const char *says, int want)
{
	_cleanup_buf_ struct buf script = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_json_ json_t *ret = NULL;
	struct agent_command c = {.argv = ARGV("load")};
	struct world w;
	int r;

	/* It answers once the command has come. */
	buf_addf(&script,
		"read -r a b packed; head -c \"$packed\" >/dev/null; printf 'hello 0 0\\n'; "
		"read -r line; printf '%s'; cat >/dev/null",
		says);
	world_open(&w, buf_str(&script));
	assert_null(agent_error(agents_at(w.agents, 1)));
	r = agent_run(agents_at(w.agents, 1), &c, &ret, &err);
	if (r != want)
		fail_msg("%s: %d: %s", says, r, err_msg(&err));
	world_done(&w);
}

static void test_hostile(void **state)
{
	assert_hostile("out 1 2\\n{}end 1 1\\n0", 0);
	assert_hostile("out 7 4\\nlies"
		       "end 7 1\\n0"
		       "hello 0 0\\n"
		       "nonsense 1 0\\n"
		       "out 1 2\\n{}end 1 1\\n0",
		0);
	assert_hostile("end 1 1\\n0", ERR_REMOTE);
	assert_hostile("out 1 2\\n{}end 1 3\\n-42", ERR_REMOTE);
	assert_hostile("out 1 2\\n{}end 1 0\\n", ERR_REMOTE);
	assert_hostile("out 1 2\\n{}end 1 1\\n0end 1 1\\n7out 1 3\\nabc", 0);
	assert_hostile("out 1 99999999\\n", -ECONNRESET);
	assert_hostile("out  1 1\\n", -ECONNRESET);
	assert_hostile("\\n\\n\\n", -ECONNRESET);
}

/* The connection ends while something runs: also the command does. */
static void test_lost(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *j;
	const char *line;
	struct world w;
	pid_t pid;

	world_open(&w, NULL);
	assert_int_equal(agent_start(agents_at(w.agents, 1),
				 COMMAND("/bin/sh", "-c", "echo $$; exec sleep 600"), &j, &err),
		0);
	assert_int_equal(agent_job_line(j, 60 * SECONDS, &line, &err), 1);
	pid = (pid_t)strtol(line, NULL, 10);
	kill(w.links[1]->pid, SIGKILL);
	assert_int_equal(agent_job_line(j, 60 * SECONDS, &line, &err), -ECONNRESET);
	assert_int_equal(agent_job_end(j), -1);
	assert_non_null(agent_error(agents_at(w.agents, 1)));
	assert_null(agent_error(agents_at(w.agents, 0)));
	assert_ends(pid);
	world_done(&w);
}

static void test_cancel(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct agent_job *j;
	const char *line;
	struct world w;

	world_open(&w, NULL);
	assert_int_equal(
		agent_start(agents_at(w.agents, 0), COMMAND("/bin/sleep", "600"), &j, &err), 0);
	__atomic_store_n(&w.cancel, true, __ATOMIC_RELAXED);
	assert_int_equal(agent_job_line(j, 60 * SECONDS, &line, &err), ERR_INTR);
	assert_int_equal(agent_job_end(j), -1);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_overdue),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_cancel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
