/*
 * Whole runs over simulated nodes: who does what in which order, what a plan leaves alone, what one
 * node's failure means for the others, and what must hold before anything is planned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "lib/node/link_fake.h"
#include "lib/run/fleet_impl.h"
#include "tests/unit/sim_fleet.h"

static void expect_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

static size_t writes(const struct sim_cluster *x)
{
	size_t n = 0;

	for (size_t i = 0; i < SIM_NODES; i++)
		n += x->nodes[i].writes + x->nodes[i].scripts;
	return n;
}

/* ---- what a run does ---- */

static void test_plan_writes_nothing(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_converge(&x, &(struct sim_run_options){0}, &r);
	assert_int_equal(r.code, 0);
	assert_true(r.changes > 20);
	assert_int_equal(writes(&x), 0);
	assert_null(strstr(buf_str(&r.log), ": start "));
}

/* The one function that writes refuses, whatever is asked of it, when the run only plans. */
static void test_apply_refuses_in_a_plan(void **state)
{
	const char *names[] = {"n1", "n2", "n3"};
	struct fleet_options options = {.owner = "test", .events = events_new(names, 3)};
	_cleanup_err_ struct err err = ERR_INIT;
	struct fleet_flow flow;
	_sim_cluster_ x;
	struct fleet *f;

	sim_cluster_init(&x);
	flow = test_flow_up(&x.flow);
	f = fleet_new(x.cluster, &options);
	for (size_t i = 0; i < SIM_NODES; i++)
		fleet_node(f, i)->link = sim_open(&x.nodes[i], 0);
	assert_int_equal(fleet_converge(f, &flow, false, &err), 0);
	assert_true(fleet_changes(f) > 0);
	for (size_t i = 0; i < SIM_NODES; i++)
		assert_int_equal(node_apply(fleet_node(f, i), &err), -EROFS);
	assert_int_equal(writes(&x), 0);
	fleet_free(f);
	events_free(options.events);
}

static size_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_no_file_stays_open(void **state)
{
	_sim_cluster_ x;
	size_t before;

	sim_cluster_init(&x);
	before = open_files();
	sim_good(&x, true, false);
	assert_int_equal(open_files(), before);
}

static void test_up_then_nothing(void **state)
{
	_sim_cluster_ x;
	size_t planned, before;

	sim_cluster_init(&x);
	planned = sim_good(&x, false, false);
	assert_int_equal(sim_good(&x, true, false), planned);
	assert_int_equal(sim_good(&x, false, false), 0);
	/* Not even a script that does nothing. */
	before = writes(&x);
	assert_int_equal(sim_good(&x, true, false), 0);
	assert_int_equal(writes(&x), before);
	assert_int_equal(x.world.n_members, 3);
	assert_non_null(map_get(&x.world.services, "fn_echo"));
	assert_non_null(map_get(&x.world.services, "svarm_gateway"));
}

/* What is deployed as it should be but does not run is no change to a plan; `up` sees to it. */
static void test_up_settles_what_does_not_run(void **state)
{
	_sim_cluster_ x;
	size_t scripts;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	x.world.idle = true;
	scripts = x.nodes[0].scripts;
	assert_int_equal(sim_good(&x, false, false), 0);
	assert_true(x.world.idle);
	assert_int_equal(sim_good(&x, true, false), 0);
	assert_false(x.world.idle);
	assert_int_equal(x.nodes[0].scripts, scripts + 1);
}

/* Nor is a member that the leader takes for gone, perhaps wrongly. */
static void test_up_sees_to_members_that_are_down(void **state)
{
	_sim_cluster_ x;
	size_t scripts;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	scripts = x.nodes[0].scripts;
	sim_member_of(&x.nodes[1])->up = false;
	assert_int_equal(sim_good(&x, false, false), 0);
	assert_int_equal(x.nodes[0].scripts, scripts);
	assert_int_equal(sim_good(&x, true, false), 0);
	assert_int_equal(x.nodes[0].scripts, scripts + 1);
}

static void before(const struct sim_result *r, const char *first, const char *second)
{
	if (sim_at(r, first) > sim_at(r, second))
		fail_msg("'%s' comes after '%s':\n%s", first, second, buf_str(&r->log));
}

static void test_order(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.code, 0);
	before(&r, "n1: start write /etc/docker/daemon.json", "n1: start install docker.io");
	/* A step begins when what it waits for is there: its time is its own. */
	before(&r, "n1: finish start a swarm", "n2: start join the swarm");
	before(&r, "n1: finish start a swarm", "n3: start join the swarm");
	before(&r, "n2: finish join the swarm", "n1: start label the swarm's nodes");
	before(&r, "n3: finish join the swarm", "n1: start label the swarm's nodes");
	before(&r, "n3: finish load image svarm/echo", "n1: start deploy stack svarm");
	before(&r, "n2: done", "n1: done");
	before(&r, "n3: done", "n1: done");
	for (size_t i = 0; i < SIM_NODES; i++)
		assert_true(r.steps_done[i] > 5);
}

static void test_leader_only_holds_the_lock(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	for (size_t i = 0; i < SIM_NODES; i++)
		x.nodes[i].scripts = 0;
	map_del(&x.nodes[1].sysctls, "net.core.somaxconn");
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.changes, 1);
	assert_int_equal(x.nodes[0].scripts, 1); /* for the lock */
	assert_int_equal(x.nodes[1].scripts, 1);
	assert_int_equal(x.nodes[2].scripts, 0);
	sim_at(&r, "n2: start set 1 kernel setting");
}

static void test_leader_alone_changes(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	x.nodes[1].scripts = x.nodes[2].scripts = 0;
	map_del(&x.world.services, "fn_echo");
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.changes, 1);
	assert_int_equal(x.nodes[1].scripts + x.nodes[2].scripts, 0);
	assert_non_null(map_get(&x.world.services, "fn_echo"));
}

/* A new machine in the place of a lost one: its labels go to the member it becomes, not to the one
 * that the swarm still remembers at its address. */
static void test_replaced_node(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;
	size_t seen = 0;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	sim_member_of(&x.nodes[2])->up = false;
	sim_node_done(&x.nodes[2]);
	sim_node_init(&x.nodes[2], &x.world, &x.cluster->nodes[2]);
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	if (r.code)
		fail_msg("%s", r.error);
	assert_string_equal(x.nodes[2].member, "id4");
	assert_string_equal(map_get(&sim_member_of(&x.nodes[2])->labels, "svarm.worker"), "true");
	assert_string_equal(map_get(&sim_member_of(&x.nodes[2])->labels, "svarm.database"), "true");
	for (size_t i = 0; i < x.world.n_members; i++)
		seen += *x.world.members[i].id != '\0';
	assert_int_equal(seen, 3);
	assert_int_equal(sim_good(&x, false, false), 0);
}

/* A member that left and came back by hand: its dead entry goes, it stays. */
static void test_dead_entry(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	sim_member_of(&x.nodes[1])->up = false;
	sim_enter(&x.nodes[1], "10.0.0.2", false);
	map_set(&sim_member_of(&x.nodes[1])->labels, "svarm.worker", "true");
	assert_int_equal(sim_good(&x, true, false), 1);
	assert_string_equal(x.nodes[1].member, "id4");
	assert_int_equal(sim_good(&x, false, false), 0);
}

static void test_one_connection_at_a_time(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_converge(&x, &(struct sim_run_options){.apply = true, .parallel = 1}, &r);
	assert_int_equal(r.code, 0);
}

/* ---- down ---- */

static void expect_bare(const struct sim_cluster *x)
{
	for (size_t i = 0; i < SIM_NODES; i++) {
		const struct sim_node *s = &x->nodes[i];

		assert_int_equal(s->packages.n, 0);
		assert_int_equal(s->units.n, 0);
		assert_int_equal(s->images.n, 0);
		assert_int_equal(s->created.n + s->original.n + s->installed.n, 0);
		assert_string_equal(s->member, "");
		/* The two folders each node began with. */
		assert_int_equal(s->files.n, 2);
		for (size_t k = 0; k < s->sysctls.n; k++)
			assert_string_equal(s->sysctls.items[k].value, "0");
	}
	assert_int_equal(x->world.services.n + x->world.secrets.n + x->world.networks.n, 0);
}

static void test_down(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	sim_converge(&x, &(struct sim_run_options){.apply = true, .down = true}, &r);
	if (r.code)
		fail_msg("%s", r.error);
	/* Not by when it is told: others may go on before the end of a step is. */
	before(&r, "n1: start remove the services", "n2: start leave the swarm");
	for (size_t i = 0; i < SIM_NODES; i++)
		assert_int_equal(x.nodes[i].left_services, 0);
	assert_int_equal(x.nodes[0].left_members, 0);
	expect_bare(&x);
	assert_int_equal(sim_good(&x, true, true), 0);
	/* And up again from there. */
	assert_true(sim_good(&x, true, false) > 20);
	assert_int_equal(sim_good(&x, false, false), 0);
}

/* Nobody waits half an hour for what a failed leader will not bring. */
static void test_down_with_a_failing_leader(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	x.nodes[0].broken_call = "cluster_empty";
	sim_converge(&x, &(struct sim_run_options){.apply = true, .down = true}, &r);
	assert_int_equal(r.node_code[0], ERR_REMOTE);
	for (size_t i = 1; i < SIM_NODES; i++) {
		assert_int_equal(r.node_code[i], ERR_PROMISE);
		expect_text(r.node_error[i], "waiting for 'emptied': n1 failed");
		assert_true(*x.nodes[i].member);
	}
	x.nodes[0].broken_call = NULL;
	sim_good(&x, true, true);
	expect_bare(&x);
}

/* ---- failures ---- */

static void test_locked(void **state)
{
	struct sim_node other;
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	x.world.locked_by = &other;
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.code, ERR_LOCKED);
	assert_int_equal(r.node_code[0], ERR_LOCKED);
	expect_text(r.node_error[0], "another run holds the lock: somebody, since ever");
	for (size_t i = 1; i < SIM_NODES; i++)
		expect_text(r.node_error[i], "waiting for 'lock': n1 failed");
	expect_text(r.error, "3 of 3 nodes failed:\n  n1: another run");
	for (size_t i = 0; i < SIM_NODES; i++)
		assert_int_equal(x.nodes[i].writes, 0);
	/* A plan needs no lock. */
	assert_true(sim_good(&x, false, false) > 0);
}

static void test_worker_fails(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	x.nodes[1].broken_call = "packages_install";
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.code, ERR_REMOTE);
	expect_text(r.node_error[1], "step 'install docker.io, nftables' failed (exit 1):\n"
				     "    packages_install is broken");
	sim_at(&r, "n2: fail install docker.io, nftables");
	/* Who does not need it goes on to its end; who does says why not. */
	assert_int_equal(r.node_code[2], 0);
	assert_true(*x.nodes[2].member);
	assert_int_equal(r.node_code[0], ERR_PROMISE);
	expect_text(r.node_error[0], "waiting for 'joined.n2': n2 failed");
	expect_text(r.error, "2 of 3 nodes failed");
	x.nodes[1].broken_call = NULL;
	sim_good(&x, true, false);
	assert_int_equal(sim_good(&x, false, false), 0);
}

static void test_leader_fails(void **state)
{
	static const char *const calls[] = {"packages_install", "swarm_init", "labels_set",
		"network_create", "secret_create", "stack_deploy", "file_put", "unit_up"};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		_sim_cluster_ x;
		_sim_result_ r;

		sim_cluster_init(&x);
		x.nodes[0].broken_call = calls[i];
		sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
		assert_int_equal(r.code, ERR_REMOTE);
		assert_int_equal(r.node_code[0], ERR_REMOTE);
		expect_text(r.node_error[0], calls[i]);
		x.nodes[0].broken_call = NULL;
		sim_good(&x, true, false);
		assert_int_equal(sim_good(&x, false, false), 0);
	}
}

/* The image archive was there when the run began. */
static void test_archive_gone(void **state)
{
	_cleanup_free_ char *path = NULL;
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	path = xasprintf("%s/echo.tar", x.flow.images);
	assert_int_equal(unlink(path), 0);
	sim_converge(&x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.node_code[1], -ENOENT);
	expect_text(r.node_error[1], "unable to open '/tmp/");
	sim_at(&r, "n2: fail load image svarm/echo");
	assert_int_equal(r.node_code[0], ERR_PROMISE);
	expect_text(r.node_error[0], "waiting for 'ready.n2': n2 failed");
}

static void test_unreachable(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	sim_converge(&x, &(struct sim_run_options){.fail_node = 2, .fail_at = 1}, &r);
	assert_int_equal(r.node_code[0], 0);
	assert_int_equal(r.node_code[1], 0);
	assert_int_equal(r.node_code[2], -ECONNRESET);
	expect_text(r.error, "1 of 3 nodes failed:\n  n3: reading facts: connection lost");
}

static void test_leader_unreachable(void **state)
{
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_converge(&x, &(struct sim_run_options){.apply = true, .fail_at = 1}, &r);
	assert_int_equal(r.node_code[0], -ECONNRESET);
	for (size_t i = 1; i < SIM_NODES; i++) {
		assert_int_equal(r.node_code[i], ERR_PROMISE);
		expect_text(r.node_error[i], "unable to compare with the leader: n1 failed");
	}
	assert_int_equal(writes(&x), 0);
}

/* ---- interrupted ---- */

static void test_cancelled_before(void **state)
{
	const bool cancel = true;
	_sim_cluster_ x;
	_sim_result_ r;

	sim_cluster_init(&x);
	sim_converge(&x, &(struct sim_run_options){.apply = true, .cancel = &cancel}, &r);
	assert_int_equal(r.code, ERR_INTR);
	assert_int_equal(writes(&x), 0);
}

static void *cancel_soon(void *arg)
{
	clock_sleep(150 * USEC_PER_MSEC);
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELAXED);
	return NULL;
}

/* Wherever the others wait for the leader: a signal ends it. */
static void test_cancelled_while_waiting(void **state)
{
	static const char *const where[] = {"facts", "lock_take"};

	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		bool cancel = false;
		usec_t start = clock_now();
		pthread_t thread;
		_sim_cluster_ x;
		_sim_result_ r;

		sim_cluster_init(&x);
		x.nodes[0].hangs = where[i];
		assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
		sim_converge(&x, &(struct sim_run_options){.apply = true, .cancel = &cancel}, &r);
		pthread_join(thread, NULL);
		assert_int_equal(r.code, ERR_INTR);
		assert_int_equal(r.node_code[0], ERR_INTR);
		/* Which of the two a follower sees first is chance. */
		for (size_t k = 1; k < SIM_NODES; k++)
			assert_true(r.node_code[k] == ERR_INTR || r.node_code[k] == ERR_PROMISE);
		assert_true(clock_now() - start < 5 * USEC_PER_SEC);
		for (size_t k = 0; k < SIM_NODES; k++)
			assert_int_equal(x.nodes[k].writes, 0);
		x.nodes[0].hangs = NULL;
		sim_good(&x, true, false);
	}
}

/* ---- preflight ---- */

/* A plan in which node @i must fail with @code and @message, and nothing is written. */
static void refused(struct sim_cluster *x, size_t i, int code, const char *message)
{
	_sim_result_ r;
	size_t before_that = writes(x);

	sim_converge(x, &(struct sim_run_options){.apply = true}, &r);
	assert_int_equal(r.node_code[i], code);
	expect_text(r.node_error[i], message);
	assert_int_equal(x->nodes[i].scripts, 0);
	if (i == 0)
		for (size_t k = 0; k < SIM_NODES; k++)
			assert_int_equal(x->nodes[k].writes, 0);
	assert_true(writes(x) >= before_that);
}

static void test_unknown_system(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	x.nodes[1].os_id = "alpine\x1b[31m";
	refused(&x, 1, -EOPNOTSUPP, "the node runs 'alpine\\x1b[31m'; svarm knows Debian");
	x.nodes[1].os_id = "debian";
	sim_good(&x, false, false);
}

static void test_private_address_missing(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	x.nodes[2].no_private = true;
	refused(&x, 2, -EADDRNOTAVAIL, "private address 10.0.0.3 is on none of the node's");
}

static void test_disk_full(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	x.nodes[0].var_free_kb = 1024 * 1024 - 1;
	refused(&x, 0, -ENOSPC, "/var has 1023 MB free, 1024 MB are needed");
	x.nodes[0].var_free_kb = 1024 * 1024;
	sim_good(&x, true, false);
	/* What is there already fits. */
	x.nodes[0].var_free_kb = 1;
	sim_good(&x, false, false);
}

static void test_clock(void **state)
{
	static const struct {
		double skew;
		const char *message; /* NULL: fine */
	} cases[] = {
		{0, NULL},
		{55, NULL},
		{-55, NULL},
		{90, "the clock is 90 s ahead of n1's; set it (timedatectl set-ntp true)"},
		{-3600, "the clock is 3600 s behind n1's"},
		{-1e9, "s behind n1's"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_sim_cluster_ x;

		sim_cluster_init(&x);
		x.nodes[1].time = clock_wall() + cases[i].skew;
		if (cases[i].message)
			refused(&x, 1, -ETIME, cases[i].message);
		else
			sim_good(&x, false, false);
	}
}

/* Ours may be wrong as long as the nodes agree. */
static void test_own_clock_does_not_matter(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	for (size_t i = 0; i < SIM_NODES; i++)
		x.nodes[i].time = clock_wall() - 86400;
	sim_good(&x, false, false);
}

/* Put a node into a swarm of its own. */
static void join_foreign(struct sim_node *s)
{
	map_set(&s->packages, "docker.io", "1");
	map_set(&s->units, "docker.service", "active");
	snprintf(s->member, sizeof(s->member), "foreign");
}

static void test_foreign_swarm(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	sim_good(&x, true, false);
	x.nodes[1].scripts = 0;
	join_foreign(&x.nodes[1]);
	refused(&x, 1, -EEXIST,
		"the node is a member of another swarm (n1 does not know it); nothing was changed");
	assert_string_equal(x.nodes[1].member, "foreign");
}

static void test_swarm_without_the_leader(void **state)
{
	_sim_cluster_ x;

	sim_cluster_init(&x);
	join_foreign(&x.nodes[2]);
	refused(&x, 0, -EEXIST, "n3 is in a swarm, but this node, the leader, is not");
	refused(&x, 2, -EEXIST, "member of another swarm");
}

/* ---- one node, and what it may say ---- */

static const char one_spec[] =
	"nodes:\n  - {name: n1, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, worker, "
	"ingress, database]}\n";

static const char one_facts[] = "os\tdebian\t12\tbookworm\naddress\te\t10.0.0.1\t1500\n"
				"var_free_kb\t99999999\nend\tok\n";

static void ask_nothing(void *arg, const struct spec_node *n, struct buf *question)
{
	facts_ask(question, "package", "a");
}

static int want_two(void *arg, const struct spec_node *n, const struct facts *f,
	struct resource_set *set, struct err *err)
{
	resource_add(set, RES_PACKAGE, "a", NULL);
	resource_add(set, RES_UNIT, "a.service", NULL);
	return 0;
}

/* Apply two steps on a node that answers @out, in pieces of @chunk bytes. */
static int apply_two(const char *out, const char *stderr_text, int status, size_t chunk,
	size_t *ret_done, struct err *err)
{
	const struct link_fake_answer answers[] = {
		{.match = "svarm-facts", .out = one_facts},
		{.match = "\nbegin\n", .out = out, .err = stderr_text, .status = status},
	};
	struct link_fake fake = {.answers = answers, .n_answers = 2, .chunk = chunk};
	const struct fleet_flow flow = {.ask = ask_nothing, .want = want_two};
	const char *names[] = {"n1"};
	struct fleet_options options = {.owner = "test", .run_id = "1"};
	struct cluster *c = NULL;
	struct fleet *f;
	int r;

	assert_int_equal(cluster_parse("one.yaml", one_spec, strlen(one_spec), &c, NULL), 0);
	options.events = events_new(names, 1);
	f = fleet_new(c, &options);
	fleet_node(f, 0)->link = link_fake_open(&fake, &c->nodes[0]);
	r = fleet_converge(f, &flow, true, NULL);
	*ret_done = fleet_node(f, 0)->steps_done;
	r = r < 0 ? err_move(err, &fleet_node(f, 0)->err) : 0;
	fleet_free(f);
	events_free(options.events);
	cluster_free(c);
	link_fake_done(&fake);
	return r;
}

#define GOOD "@start 1\n@finish 1\n@start 2\n@finish 2\n@end\n"

static void test_markers(void **state)
{
	static const struct {
		const char *out, *err;
		int status, code;
		size_t done;
		const char *message;
	} cases[] = {
		{GOOD, NULL, 0, 0, 2, NULL},
		{"noise\n@\n@@\n@unheard of\n@alive\n@note hello\n" GOOD, NULL, 0, 0, 2, NULL},
		{"\n\n\xff\xfe@start 1\n" GOOD, NULL, 0, 0, 2, NULL},
		{"@out\n@out \n@out x !!!\n@out joined\n@out a b c\n" GOOD, NULL, 0, 0, 2, NULL},
		/* All was done, but it did not say so: not good. */
		{"@start 1\n@finish 1\n@start 2\n@finish 2\n", NULL, 0, ERR_REMOTE, 2,
			"the apply script ended early (exit 0): "},
		{"@start 1\n", "sh: 1: \x1b[31mnope\n", 127, ERR_REMOTE, 0,
			"ended early (exit 127): sh: 1: \\x1b[31mnope\\n"},
		{GOOD "@end", NULL, 0, 0, 2, NULL},
		{"@start 1\n@finish 1\n@start 2\n@log one\n@log t\x1bwo\n@fail 2 7\n", NULL, 1,
			ERR_REMOTE, 1,
			"step 'start a.service' failed (exit 7):\n    one\n    t\\x1bwo"},
		{"@start 1\n@fail 1 3\n", NULL, 1, ERR_REMOTE, 0,
			"step 'install a' failed (exit 3): it said nothing"},
		/* A step that failed has failed, whatever is said afterwards. */
		{"@start 1\n@fail 1 3\n@finish 1\n@end\n", NULL, 0, ERR_REMOTE, 1,
			"failed (exit 3)"},
		{"@locked ka\x07ri@x, since\n", NULL, 75, ERR_LOCKED, 0,
			"another run holds the lock: ka\\x07ri@x, since; wait for it to end"},
		{"@fail 77 1\n", NULL, 1, ERR_REMOTE, 0, "step '?' failed (exit 1)"},
		/* Such a step would have no time limit. */
		{"@start 99999999999999999999\n@end\n", NULL, 0, -EBADMSG, 0,
			"step 99999999999999999999, which the script does not have"},
		{"@fail x y\n", NULL, 1, ERR_REMOTE, 0, "ended early (exit 1)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t chunk = 0; chunk < 3; chunk++) {
			_cleanup_err_ struct err err = ERR_INIT;
			size_t done = 0;
			int r = apply_two(
				cases[i].out, cases[i].err, cases[i].status, chunk, &done, &err);

			if (r != cases[i].code)
				fail_msg("case %zu: %d, %s", i, r, err_msg(&err));
			assert_int_equal(done, cases[i].done);
			if (cases[i].message)
				expect_text(err_msg(&err), cases[i].message);
		}
	}
}

/* An answer that looks whole, of a script that failed. */
static void test_facts_script_fails(void **state)
{
	const struct link_fake_answer answer = {
		.out = one_facts, .err = "sh: 3: date: \x1b[31mnot found\n", .status = 127};
	struct link_fake fake = {.answers = &answer, .n_answers = 1};
	const struct fleet_flow flow = {.ask = ask_nothing, .want = want_two};
	const char *names[] = {"n1"};
	struct fleet_options options = {.events = events_new(names, 1)};
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;
	struct fleet *f;

	assert_int_equal(cluster_parse("one.yaml", one_spec, strlen(one_spec), &c, NULL), 0);
	f = fleet_new(c, &options);
	fleet_node(f, 0)->link = link_fake_open(&fake, &c->nodes[0]);
	assert_int_equal(fleet_converge(f, &flow, false, &err), ERR_REMOTE);
	expect_text(err_msg(&err), "reading facts: the facts script failed (exit 127): sh: 3: "
				   "date: \\x1b[31mnot found");
	fleet_free(f);
	events_free(options.events);
	cluster_free(c);
	link_fake_done(&fake);
}

/* Nobody listens there.  One connection at a time, and each gets its turn. */
static void test_nobody_listens(void **state)
{
	static const char spec[] =
		"ssh: {port: 1, connect_timeout: 1s}\n"
		"nodes:\n"
		"  - {name: n1, address: 127.0.0.1, private: 10.0.0.1, roles: [manager, ingress]}\n"
		"  - {name: n2, address: 127.0.0.2, private: 10.0.0.2, roles: [worker]}\n"
		"  - {name: n3, address: 127.0.0.3, private: 10.0.0.3, roles: [worker, "
		"database]}\n";
	const struct fleet_flow flow = {.ask = ask_nothing, .want = want_two};
	const char *names[] = {"n1", "n2", "n3"};
	struct fleet_options options = {.parallel = 1, .events = events_new(names, 3)};
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;
	struct fleet *f;

	assert_int_equal(cluster_parse("none.yaml", spec, strlen(spec), &c, NULL), 0);
	f = fleet_new(c, &options);
	assert_int_equal(fleet_converge(f, &flow, false, &err), ERR_REMOTE);
	expect_text(err_msg(&err), "3 of 3 nodes failed");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fleet_node(f, i)->err.code, -ECONNREFUSED);
	fleet_free(f);
	events_free(options.events);
	cluster_free(c);
}

static void test_endless_line(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	size_t done;

	for (int i = 0; i < 5000; i++)
		buf_adds(&out, "@note ");
	assert_int_equal(apply_two(buf_str(&out), NULL, 0, 100, &done, &err), -EMSGSIZE);
	expect_text(err_msg(&err), "a line over 16384 bytes");
}

static void test_long_log(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	size_t done;

	buf_adds(&out, "@start 1\n");
	for (int i = 0; i < 2000; i++)
		buf_addf(&out, "@log line %d of a very long story that a broken step tells\n", i);
	buf_adds(&out, "@fail 1 1\n");
	assert_int_equal(apply_two(buf_str(&out), NULL, 1, 0, &done, &err), ERR_REMOTE);
	assert_true(strlen(err_msg(&err)) < 10000);
}

/* ---- fleet_each ---- */

static int visit(struct node_run *nr, void *arg, struct err *err)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
	if (!strcmp(nr->node->name, "n2"))
		return err_set(err, -EIO, "no luck");
	return 0;
}

static void test_each(void **state)
{
	const char *names[] = {"n1", "n2", "n3"};
	struct fleet_options options = {.events = events_new(names, 3)};
	_cleanup_err_ struct err err = ERR_INIT;
	_sim_cluster_ x;
	struct fleet *f;
	int visited = 0;

	sim_cluster_init(&x);
	f = fleet_new(x.cluster, &options);
	for (size_t i = 0; i < SIM_NODES; i++)
		fleet_node(f, i)->link = sim_open(&x.nodes[i], 0);
	assert_true(fleet_each(f, visit, &visited, &err) < 0);
	assert_int_equal(visited, 3);
	expect_text(err_msg(&err), "1 of 3 nodes failed:\n  n2: no luck");
	assert_int_equal(fleet_node(f, 1)->err.code, -EIO);
	fleet_free(f);
	events_free(options.events);
}

/* A run that hangs is a failed test. */
static int limit_time(void **state)
{
	alarm(300);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_writes_nothing),
		cmocka_unit_test(test_apply_refuses_in_a_plan),
		cmocka_unit_test(test_no_file_stays_open),
		cmocka_unit_test(test_up_then_nothing),
		cmocka_unit_test(test_up_settles_what_does_not_run),
		cmocka_unit_test(test_up_sees_to_members_that_are_down),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_leader_only_holds_the_lock),
		cmocka_unit_test(test_leader_alone_changes),
		cmocka_unit_test(test_replaced_node),
		cmocka_unit_test(test_dead_entry),
		cmocka_unit_test(test_one_connection_at_a_time),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_down_with_a_failing_leader),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_worker_fails),
		cmocka_unit_test(test_leader_fails),
		cmocka_unit_test(test_archive_gone),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_leader_unreachable),
		cmocka_unit_test(test_cancelled_before),
		cmocka_unit_test(test_cancelled_while_waiting),
		cmocka_unit_test(test_unknown_system),
		cmocka_unit_test(test_private_address_missing),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_own_clock_does_not_matter),
		cmocka_unit_test(test_foreign_swarm),
		cmocka_unit_test(test_swarm_without_the_leader),
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_facts_script_fails),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_long_log),
		cmocka_unit_test(test_each),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, limit_time, NULL);
}
