/* Health's probe of whether the swarm hears its nodes: what docker says when a log is asked for. */
#include "tests/unit/health_scene.h"

#define TROUBLE                                                                                 \
	"Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream." \
	" some logs could not be retrieved for the following reasons: "

/* The manager answers with @lines about logs; node b is in @state. */
static void say(struct scene *s, const char *state, const char *lines)
{
	_cleanup_free_ char *text = xasprintf("time\t1\n%s%s%s\nend\tok\n",
		INFO("na", "10.0.0.1", "true"),
		strcmp(state, "ready") ? NODES("down", "active") : NODES("ready", "active"), lines);

	hear(&s->ev.nodes[0], text);
	judge(s);
}

static void test_all_heard(void **state)
{
	struct scene *s = *state;

	judge(s);
	expect(s, "swarm.logs", NULL, HEALTH_OK, "the logs of 3 nodes can be read");
	say(s, "ready", "log\tnb\tread");
	expect(s, "swarm.logs", NULL, HEALTH_OK, "the logs of 1 node can be read");
	say(s, "ready", "");
	expect(s, "swarm.logs", NULL, HEALTH_SKIP, "no node runs a task");
	answer_done(&s->ev.nodes[0].answer);
	s->ev.nodes[0].answered = false;
	judge(s);
	expect(s, "swarm.logs", NULL, HEALTH_SKIP, "no manager");
}

static void test_not_heard(void **state)
{
	struct scene *s = *state;
	const struct health_result *r;

	say(s, "ready", "log\tna\tread\nlog\tnb\terror\t" TROUBLE "node nb is not available");
	expect(s, "swarm.logs", "b", HEALTH_WARN,
		"its logs cannot be read from the swarm: node nb is not available");
	r = row(s, "swarm.logs", "b");
	assert_non_null(strstr(r->remedy, "'ss -K -tn dst 10.0.0.2 sport = :2377'"));
	assert_non_null(strstr(r->remedy, "restart docker on the node"));
	/* Nothing is said of the others. */
	for (size_t i = 0, rows = 0; i < s->health.n; i++) {
		rows += !strcmp(s->health.rows[i].id, "swarm.logs");
		assert_true(rows < 2);
	}
	/* One that is not Ready, and one that nobody named, are the findings of other probes. */
	say(s, "down",
		"log\tna\tread\nlog\tnb\terror\t" TROUBLE
		"node nb is not available\nlog\tnx\terror\tx");
	expect(s, "swarm.logs", NULL, HEALTH_OK, "the logs of 1 node can be read");
}

static void test_reasons(void **state)
{
	static const struct {
		const char *said, *text; /* NULL: it is well */
	} cases[] = {
		{TROUBLE "node nc is not available", NULL},
		{TROUBLE "node nb2 is not available, node n is not available", NULL},
		{TROUBLE "node nc is not available, node nb is not available",
			"swarm: node nb is not available"},
		{TROUBLE "node nb is not available, node nc is not available",
			"swarm: node nb is not available"},
		{TROUBLE "node nc is not available, task t has not been scheduled",
			"swarm: task t has not been scheduled"},
		{TROUBLE "node nb disconnected unexpectedly", "nb disconnected unexpectedly"},
		{"rpc error: \033[2J", "swarm: rpc error: \\x1b[2J"},
		{"", "swarm: docker does not say why"},
		{"node ", "swarm: node"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *lines = xasprintf(
			"log\tna\tread\nlog\tnb\terror\t%s", cases[i].said);

		say(s, "ready", lines);
		if (cases[i].text)
			expect(s, "swarm.logs", "b", HEALTH_WARN, cases[i].text);
		else
			expect(s, "swarm.logs", NULL, HEALTH_OK, "of 2 nodes");
	}
	/* Only what ss mends is to be mended by it. */
	assert_null(strstr(row(s, "swarm.logs", "b")->remedy, "ss -K"));
	say(s, "ready", "log\tna\terror\t" TROUBLE "node na is not available");
	expect(s, "swarm.logs", "a", HEALTH_WARN, "node na is not available");
	assert_null(strstr(row(s, "swarm.logs", "a")->remedy, "ss -K")); /* a manager */
	say(s, "ready", "log\tnb\tlate");
	expect(s, "swarm.logs", "b", HEALTH_WARN, "no answer in time");
	assert_null(strstr(row(s, "swarm.logs", "b")->remedy, "ss -K"));
}

static void test_elsewhere(void **state)
{
#define ELSEWHERE TROUBLE "configured logging driver does not support reading"
	struct scene *s = *state;

	say(s, "ready", "log\tna\tread\nlog\tnb\terror\t" ELSEWHERE);
	expect(s, "swarm.logs", NULL, HEALTH_OK, "1 node can be read; those of b go where docker");
	say(s, "ready", "log\tnc\terror\t" ELSEWHERE "\nlog\tnb\terror\t" ELSEWHERE);
	expect(s, "swarm.logs", NULL, HEALTH_SKIP, "go where docker cannot read them");
	say(s, "ready", "log\tnc\tread\nlog\tnb\terror\t" TROUBLE "node nb does not answer");
	expect(s, "swarm.logs", "b", HEALTH_WARN, "node nb does not answer");
}

static void test_odd_lines(void **state)
{
	struct scene *s = *state;

	say(s, "ready",
		"log\nlog\t\nlog\tna\nlog\tna\t\nlog\tna\treadily\nlog\tna\tREAD\nlog\t\terror\tx\n"
		"log\tnb\tread\nlog\tnb\terror\tthe first counts");
	assert_int_equal(s->ev.nodes[0].answer.n_logs, 2);
	expect(s, "swarm.logs", NULL, HEALTH_OK, "the logs of 1 node can be read");
}

static void test_many(void **state)
{
	_cleanup_buf_ struct buf lines = BUF_INIT;
	struct scene *s = *state;

	for (int i = 0; i < 1000; i++)
		buf_adds(&lines, "log\tnb\tread\n");
	say(s, "ready", buf_str(&lines));
	assert_int_equal(s->ev.nodes[0].answer.n_logs, 256);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		SCENE(test_all_heard),
		SCENE(test_not_heard),
		SCENE(test_reasons),
		SCENE(test_elsewhere),
		SCENE(test_odd_lines),
		SCENE(test_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
