/*
 * A node that means harm: what it answers must neither act on the operator's terminal, nor keep
 * other nodes' promises, nor hold a run for ever, nor be believed in place of the machine whose key
 * was learned a moment ago.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/node/link_fake.h"
#include "lib/node/link_ssh.h"
#include "lib/node/script.h"
#include "lib/run/fleet_impl.h"
#include "lib/run/report.h"

static const char spec[] =
	"nodes:\n"
	"  - {name: one, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, "
	"ingress, database, worker]}\n"
	"  - {name: two, address: 192.0.2.2, private: 10.0.0.2, roles: [worker]}\n";

static const char facts[] = "svarm-facts\t1\ntime\t%.3f\nos\tdebian\t12\tbookworm\n"
			    "var_free_kb\t9000000\naddress\teth1\t%s\t1500\nend\tok\n";

/* ---- a fleet of two, of which one lies ---- */

struct liar {
	const char *address;
	const char *line; /* of its answer to the apply script */
	size_t times;
	const char *last; /* and the answer's end */
};

/* Counts what reaches a reporter. */
struct counter {
	struct reporter reporter;
	size_t events;
};

struct pair {
	struct cluster *cluster;
	struct events *events;
	struct counter counter;
	struct fleet *fleet;
	struct link_fake fakes[2];
	struct liar nodes[2];
	struct err err;
};

static int lie(void *arg, const char *script, const struct buf *input, struct link_result *ret,
	struct err *err)
{
	const struct liar *n = arg;

	ret->status = 0;
	if (strstr(script, "say svarm-facts 1")) {
		buf_addf(&ret->out, facts, clock_wall(), n->address);
		return 1;
	}
	for (size_t i = 0; i < n->times; i++)
		buf_adds(&ret->out, n->line);
	buf_adds(&ret->out, n->last);
	return 1;
}

static void count_event(struct reporter *r, const struct event *e)
{
	((struct counter *)r)->events++;
}

static void no_close(struct reporter *r)
{
}

static const char *const names[] = {"one", "two"};

static void pair_init(struct pair *p)
{
	struct fleet_options options = {.owner = "test", .run_id = "test"};

	*p = (struct pair){
		.nodes = {{"10.0.0.1", "", 0, "@out ready\n@end\n"}, {"10.0.0.2", "", 0, "@end\n"}},
		.counter.reporter = {.event = count_event, .close = no_close},
	};
	if (cluster_parse("hostile.yaml", spec, strlen(spec), &p->cluster, &p->err) < 0)
		fail_msg("%s", err_msg(&p->err));
	options.events = p->events = events_new(names, 2);
	events_add_reporter(p->events, &p->counter.reporter);
	p->fleet = fleet_new(p->cluster, &options);
	/* A fake node answers when it has all its input: the leader's would wait for the other. */
	promise_keep(p->fleet->promises, PROMISE_LOCK, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		p->fakes[i] = (struct link_fake){
			.handle = lie, .arg = &p->nodes[i], .chunk = 32768};
		fleet_node(p->fleet, i)->link = link_fake_open(&p->fakes[i], &p->cluster->nodes[i]);
	}
}

static void pair_done(struct pair *p)
{
	fleet_free(p->fleet);
	events_free(p->events);
	for (size_t i = 0; i < 2; i++)
		link_fake_done(&p->fakes[i]);
	cluster_free(p->cluster);
	err_done(&p->err);
}

static void ask(void *arg, const struct spec_node *node, struct buf *question)
{
}

/* One step on every node. */
static int want(void *arg, const struct spec_node *node, const struct facts *f,
	struct resource_set *set, struct err *err)
{
	resource_add(set, RES_PACKAGE, "nftables", "the firewall");
	return 0;
}

static const struct fleet_flow flow = {.ask = ask, .want = want};

static void test_honest(void **state)
{
	_cleanup_(pair_done) struct pair p;

	pair_init(&p);
	if (fleet_converge(p.fleet, &flow, true, &p.err) < 0)
		fail_msg("%s", err_msg(&p.err));
}

/* @n's error says @text. */
static void node_says(const struct pair *p, size_t n, const char *text)
{
	const struct err *err = &fleet_node(p->fleet, n)->err;

	if (err->code >= 0 || !strstr(err_msg(err), text))
		fail_msg("%s: '%s' does not say '%s'", names[n], err_msg(err), text);
}

/* Endless notes are cut off before they fill a terminal or a disk. */
static void test_endless_notes(void **state)
{
	_cleanup_(pair_done) struct pair p;

	pair_init(&p);
	p.nodes[1].line = "@note hello\n";
	p.nodes[1].times = 1000000;
	assert_true(fleet_converge(p.fleet, &flow, true, &p.err) < 0);
	node_says(&p, 1, "wrote more than");
	assert_true(p.counter.events < 200000);
}

static void test_endless_noise_without_markers(void **state)
{
	_cleanup_(pair_done) struct pair p;

	pair_init(&p);
	p.nodes[1].line = "nothing at all\n";
	p.nodes[1].times = 1000000;
	assert_true(fleet_converge(p.fleet, &flow, true, &p.err) < 0);
	node_says(&p, 1, "wrote more than");
}

/* A step that does not exist has no deadline: it would run for ever. */
static void test_made_up_step(void **state)
{
	static const char *const lines[] = {"@start 999999999\n", "@start 0\n",
		"@start 99999999999999999999999\n", "@start -1\n", "@start\n", "@finish 7777\n"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_(pair_done) struct pair p;

		pair_init(&p);
		p.nodes[1].line = lines[i];
		p.nodes[1].times = 1;
		assert_true(fleet_converge(p.fleet, &flow, true, &p.err) < 0);
		node_says(&p, 1, "which the script does not have");
	}
}

static enum promise_state state_of(const struct pair *p, const char *name)
{
	return promise_poll(p->fleet->promises, name, NULL, NULL, NULL);
}

/* A worker keeps its own promises only, the leader those that are the leader's to keep. */
static void test_promises_of_others(void **state)
{
	_cleanup_(pair_done) struct pair p;

	pair_init(&p);
	p.nodes[0].line = "@out nonsense\n@out facts.two eA==\n@out token.worker eA==\n";
	p.nodes[0].times = 1;
	p.nodes[1].line = "@out token.manager eA==\n@out emptied\n@out ready\n@out \n@out\n";
	p.nodes[1].times = 1;
	if (fleet_converge(p.fleet, &flow, true, &p.err) < 0)
		fail_msg("%s", err_msg(&p.err));
	assert_int_equal(state_of(&p, "token.worker"), PROMISE_KEPT);
	assert_int_equal(state_of(&p, "ready.two"), PROMISE_KEPT);
	assert_int_not_equal(state_of(&p, "token.manager"), PROMISE_KEPT);
	assert_int_not_equal(state_of(&p, "emptied"), PROMISE_KEPT);
	assert_int_not_equal(state_of(&p, "nonsense"), PROMISE_KEPT);
	assert_int_not_equal(state_of(&p, ""), PROMISE_KEPT);
}

/* ---- the operator's terminal ---- */

#define ATTACK   "\033]0;owned\007 \xc2\x9b"
#define HARMLESS "\\x1b]0;owned\\x07 \\xc2\\x9b"

/* What a reporter prints of a text and an error that hold escape sequences. */
static void report(struct reporter *(*make)(FILE *f), struct buf *out)
{
	struct events *ev = events_new(names, 2);
	FILE *f = tmpfile();
	struct event failed = {
		.kind = EVENT_NODE_DONE, .node = "one", .error = "error " ATTACK "\nsecond line"};
	struct event step = {.kind = EVENT_STEP_DONE, .node = "one", .text = "title " ATTACK};
	char chunk[8192];
	size_t n;

	assert_non_null(f);
	events_add_reporter(ev, make(f));
	events_notice(ev, 0, "notice %s", ATTACK);
	events_emit(ev, &step);
	events_emit(ev, &failed);
	events_free(ev);
	rewind(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
	fclose(f);
}

static struct reporter *plain(FILE *f)
{
	return reporter_plain(f, VERBOSITY_MORE);
}

static struct reporter *live(FILE *f)
{
	return reporter_live(f, false);
}

static struct reporter *json(FILE *f)
{
	return reporter_json(f, "run");
}

static void test_reporters(void **state)
{
	struct reporter *(*const makers[])(FILE * f) = {plain, live, json};

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		report(makers[i], &out);
		assert_non_null(strstr(buf_str(&out), "notice"));
		assert_null(strstr(buf_str(&out), "\033]0;"));
		assert_null(strstr(buf_str(&out), "\007"));
		assert_null(strstr(buf_str(&out), "\xc2\x9b"));
	}
}

static void test_plain_keeps_lines(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	report(plain, &out);
	assert_non_null(strstr(buf_str(&out), "error " HARMLESS "\n"));
	assert_non_null(strstr(buf_str(&out), "    second line\n"));
}

/* What swarm calls a service is the name of a change. */
static void test_names_of_changes(void **state)
{
	struct arena arena = ARENA_INIT;
	struct change_set set = {.arena = &arena};
	const struct resource r = {.kind = RES_STACK, .name = "fn_" ATTACK};

	change_add(&set, CHANGE_REMOVE, &r, "before " ATTACK, NULL);
	assert_string_equal(set.changes[0].name, "fn_" HARMLESS);
	assert_string_equal(set.changes[0].before, "before " HARMLESS);
	arena_done(&arena);
}

/* JSON is read by programs, and by people with a terminal. */
static void test_json(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	quote_json(&out, "a\xc2\x9b"
			 "b\xe2\x80\xae"
			 "c\xe2\x81\xa6"
			 "d\xc3\xa6");
	assert_string_equal(buf_str(&out), "\"a\\u009bb\\u202ec\\u2066d\xc3\xa6\"");
}

/* ---- a key that was just learned ---- */

#define KEY_A "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"

/* A machine refuses our key for a while (it is still booting), so we connect again: whoever answers
 * then must show the key that was learned from the first. */
static void test_learned_once(void **state)
{
	char path[] = "/tmp/svarm-hosts-XXXXXX";
	struct cluster c = {.ssh.known_hosts = path};
	struct spec_node node = {.name = "one", .address = "192.0.2.1", .port = 22};
	struct ssh_host_key first = {"ssh-ed25519", (char *)KEY_A, (char *)"SHA256:A"};
	struct ssh_host_key other = {"ssh-ed25519", (char *)KEY_B, (char *)"SHA256:B"};
	_cleanup_(known_hosts_done) struct known_hosts known = {0};
	_cleanup_err_ struct err err = ERR_INIT;

	close(mkstemp(path));
	assert_int_equal(known_hosts_load(path, NULL, &known, NULL), 0);
	assert_int_equal(host_key_verify(&c, &node, &known, HOST_KEY_LEARN, &first, &err), 0);
	assert_int_equal(host_key_verify(&c, &node, &known, HOST_KEY_LEARN, &first, &err), 0);
	assert_int_equal(
		host_key_verify(&c, &node, &known, HOST_KEY_LEARN, &other, &err), ERR_HOSTKEY);
	assert_non_null(strstr(err_msg(&err), "has changed"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_endless_notes),
		cmocka_unit_test(test_endless_noise_without_markers),
		cmocka_unit_test(test_made_up_step),
		cmocka_unit_test(test_promises_of_others),
		cmocka_unit_test(test_reporters),
		cmocka_unit_test(test_plain_keeps_lines),
		cmocka_unit_test(test_names_of_changes),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_learned_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
