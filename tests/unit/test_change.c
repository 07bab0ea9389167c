/*
 * Each kind of resource against facts: when it is a change, what the change says, and which call
 * with which input brings it about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/ext/hash.h"
#include "lib/node/change.h"
#include "tests/unit/facts_make.h"

/* One diff with everything it needs. */
struct diff {
	struct arena arena;
	struct facts facts;
	struct resource_set want;
	struct change_set set;
	struct err err;
};

static void diff_init(struct diff *d, const char *facts)
{
	*d = (struct diff){0};
	d->want.arena = d->set.arena = &d->arena;
	facts_make(&d->facts, facts);
}

static void diff_done(struct diff *d)
{
	facts_done(&d->facts);
	err_done(&d->err);
	arena_done(&d->arena);
}

static void diff_runs(struct diff *d)
{
	if (change_diff(&d->want, &d->facts, &d->set, &d->err) < 0)
		fail_msg("%s", err_msg(&d->err));
}

static void diff_fails(struct diff *d, int code, const char *message)
{
	assert_int_equal(change_diff(&d->want, &d->facts, &d->set, &d->err), code);
	if (!strstr(err_msg(&d->err), message))
		fail_msg("'%s' is not in '%s'", message, err_msg(&d->err));
}

#define _diff_ _cleanup_(diff_done) struct diff

static void expect_change(const struct diff *d, size_t i, enum change_action action,
	const char *name, const char *before, const char *after)
{
	const struct change *c = &d->set.changes[i];

	assert_true(i < d->set.n);
	assert_int_equal(c->action, action);
	assert_string_equal(c->name, name);
	if (before)
		assert_string_equal(c->before, before);
	else
		assert_null(c->before);
	if (after)
		assert_string_equal(c->after, after);
	else
		assert_null(c->after);
}

static void expect_call(const struct diff *d, size_t i, const char *call)
{
	assert_true(i < d->set.n_steps);
	assert_string_equal(d->set.steps[i].call, call);
}

static void expect_nothing(const struct diff *d)
{
	assert_int_equal(d->set.n, 0);
	assert_int_equal(d->set.n_steps, 0);
}

/* ---- packages, sysctls, units ---- */

static void test_packages(void **state)
{
	_diff_ d;

	diff_init(&d, "package\tnginx\tinstalled\t1\npackage\tapparmor\tconfig-files\t1\n");
	resource_add(&d.want, RES_PACKAGE, "docker.io", "the engine");
	resource_add(&d.want, RES_PACKAGE, "nginx", NULL);
	resource_add(&d.want, RES_PACKAGE, "apparmor", NULL);
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 1);
	expect_call(&d, 0, "packages_install docker.io apparmor");
	assert_string_equal(d.set.steps[0].title, "install docker.io, apparmor");
	assert_int_equal(d.set.steps[0].first, 0);
	assert_int_equal(d.set.steps[0].n, 2);
	expect_change(&d, 0, CHANGE_CREATE, "docker.io", NULL, "installed");
	assert_string_equal(d.set.changes[0].why, "the engine");
	expect_change(&d, 1, CHANGE_CREATE, "apparmor", NULL, "installed");
}

static void test_packages_there(void **state)
{
	_diff_ d;

	diff_init(&d, "package\tnginx\tinstalled\t1\n");
	resource_add(&d.want, RES_PACKAGE, "nginx", NULL);
	diff_runs(&d);
	expect_nothing(&d);
}

/* Only neighbours go together: the order of the set is the order of execution. */
static void test_neighbours(void **state)
{
	_diff_ d;

	diff_init(&d, "");
	resource_add(&d.want, RES_PACKAGE, "a", NULL);
	resource_add(&d.want, RES_PACKAGE, "b", NULL);
	resource_add(&d.want, RES_UNIT, "a.service", NULL);
	resource_add(&d.want, RES_PACKAGE, "c", NULL);
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 3);
	expect_call(&d, 0, "packages_install a b");
	expect_call(&d, 1, "unit_up a.service");
	expect_call(&d, 2, "packages_install c");
	assert_int_equal(d.set.steps[1].first, 2);
	assert_int_equal(d.set.steps[1].n, 1);
	assert_int_equal(d.set.steps[2].first, 3);
	assert_int_equal(d.set.steps[2].n, 1);
}

static void add_sysctl(struct diff *d, const char *key, const char *value)
{
	resource_add(&d->want, RES_SYSCTL, key, NULL)->sysctl.value = value;
}

static void test_sysctls(void **state)
{
	_diff_ d;

	diff_init(&d, "sysctl\t/proc/sys/net/core/somaxconn\t4096\n"
		      "sysctl\t/proc/sys/net/ipv4/tcp_tw_reuse\t1\n"
		      "sysctl\t/proc/sys/net/ipv4/ip_local_port_range\t32768\t60999\n");
	add_sysctl(&d, "net.core.somaxconn", "65535");
	add_sysctl(&d, "net.ipv4.tcp_tw_reuse", "1");
	add_sysctl(&d, "net.ipv4.ip_local_port_range", "1024 65000");
	add_sysctl(&d, "vm.unheard_of", "1");
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 1);
	expect_call(&d, 0,
		"sysctl_set net.core.somaxconn 65535 net.ipv4.ip_local_port_range "
		"'1024 65000' vm.unheard_of 1");
	assert_string_equal(d.set.steps[0].title, "set 3 kernel settings");
	expect_change(&d, 0, CHANGE_UPDATE, "net.core.somaxconn", "4096", "65535");
	expect_change(
		&d, 1, CHANGE_UPDATE, "net.ipv4.ip_local_port_range", "32768 60999", "1024 65000");
	expect_change(&d, 2, CHANGE_UPDATE, "vm.unheard_of", NULL, "1");
}

static void test_units(void **state)
{
	static const struct {
		const char *active, *enabled, *before; /* before NULL: no change */
	} cases[] = {
		{"active", "enabled", NULL},
		{"inactive", "enabled", "inactive, enabled"},
		{"failed", "enabled", "inactive, enabled"},
		{"activating", "enabled", "inactive, enabled"},
		{"active", "disabled", "active, not enabled"},
		{"active", "", "active, not enabled"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_diff_ d;
		_cleanup_buf_ struct buf facts = BUF_INIT;

		buf_addf(&facts,
			"unit\tId=n.service\nunit\tLoadState=loaded\nunit\tActiveState=%s\n"
			"unit\tUnitFileState=%s\n",
			cases[i].active, cases[i].enabled);
		diff_init(&d, buf_str(&facts));
		resource_add(&d.want, RES_UNIT, "n.service", NULL);
		diff_runs(&d);
		if (!cases[i].before) {
			expect_nothing(&d);
			continue;
		}
		expect_call(&d, 0, "unit_up n.service");
		expect_change(
			&d, 0, CHANGE_UPDATE, "n.service", cases[i].before, "active, enabled");
	}
}

/* A unit that is active while what it loaded is gone: only the firewall's is looked at so. */
static void test_firewall_unit(void **state)
{
	static const struct {
		const char *active, *rules;
		bool firewall;
		const char *call; /* NULL: no change */
	} cases[] = {
		{"active", "absent", true, "unit_load n.service"},
		{"active", "loaded", true, NULL},
		{"active", "absent", false, NULL},
		{"inactive", "absent", true, "unit_up n.service"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_diff_ d;
		_cleanup_buf_ struct buf facts = BUF_INIT;

		buf_addf(&facts,
			"unit\tId=n.service\nunit\tLoadState=loaded\nunit\tActiveState=%s\n"
			"unit\tUnitFileState=enabled\nfirewall\t%s\n",
			cases[i].active, cases[i].rules);
		diff_init(&d, buf_str(&facts));
		resource_add(&d.want, RES_UNIT, "n.service", NULL)->unit.firewall =
			cases[i].firewall;
		diff_runs(&d);
		if (cases[i].call)
			expect_call(&d, 0, cases[i].call);
		else
			expect_nothing(&d);
	}
}

/* ---- files and directories ---- */

static struct resource *add_file(struct diff *d, const char *path, const char *content)
{
	struct resource *r = resource_add(&d->want, RES_FILE, path, NULL);

	r->file.content = content;
	r->file.len = strlen(content);
	r->file.mode = 0644;
	return r;
}

#define SHA_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_file_new(void **state)
{
	_diff_ d;
	struct resource *r;

	diff_init(&d, "");
	r = add_file(&d, "/etc/a b/'q'", "abc");
	r->file.check = "check_nginx";
	r->file.triggers = "nginx.service";
	diff_runs(&d);
	expect_call(&d, 0, "file_put '/etc/a b/'\\''q'\\''' 0644 check_nginx nginx.service reload");
	expect_change(&d, 0, CHANGE_CREATE, "/etc/a b/'q'", NULL, "ba7816bf8f01 mode 0644");
	assert_int_equal(d.set.steps[0].n_frames, 1);
	assert_int_equal(d.set.steps[0].n_awaits, 0);
	assert_int_equal(d.set.steps[0].frames[0].from, FRAME_DATA);
	assert_int_equal(d.set.steps[0].frames[0].len, 3);
	assert_memory_equal(d.set.steps[0].frames[0].data, "abc", 3);
	assert_false(d.set.steps[0].frames[0].secret);
}

static void test_file_there(void **state)
{
	static const struct {
		const char *facts;
		bool same;
		const char *before;
	} cases[] = {
		{"stat\t/f\t644\tregular file\nsha256\t/f\t" SHA_ABC "\n", true, NULL},
		{"stat\t/f\t600\tregular file\nsha256\t/f\t" SHA_ABC "\n", false,
			"ba7816bf8f01 mode 0600"},
		{"stat\t/f\t644\tregular file\n", false, "? mode 0644"},
		{"stat\t/f\t644\tregular file\nsha256\t/f\t"
		 "cb8379ac2098aa165029e3938a51da0bcecfc008fd6795f401178647f96c5b34\n",
			false, "cb8379ac2098 mode 0644"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_diff_ d;

		diff_init(&d, cases[i].facts);
		add_file(&d, "/f", "abc")->file.restart = true;
		diff_runs(&d);
		if (cases[i].same) {
			expect_nothing(&d);
			continue;
		}
		expect_call(&d, 0, "file_put /f 0644 '' '' restart");
		expect_change(
			&d, 0, CHANGE_UPDATE, "/f", cases[i].before, "ba7816bf8f01 mode 0644");
	}
}

static void test_file_in_the_way(void **state)
{
	static const char *const types[] = {"directory", "symbolic link", "fifo", "socket"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		_diff_ d;
		_cleanup_buf_ struct buf facts = BUF_INIT;

		buf_addf(&facts, "stat\t/f\t644\t%s\n", types[i]);
		diff_init(&d, buf_str(&facts));
		add_file(&d, "/f", "abc");
		diff_fails(&d, -EEXIST, "file '/f': exists and is not a regular file");
	}
}

static void test_secret_file(void **state)
{
	_diff_ d;

	diff_init(&d, "stat\t/s\t600\tregular file\nsha256\t/s\t" SHA_ABC "\n");
	add_file(&d, "/s", "hunter2")->file.secret = true;
	diff_runs(&d);
	expect_change(&d, 0, CHANGE_UPDATE, "/s", NULL, "content not shown");
	assert_true(d.set.steps[0].frames[0].secret);
	assert_null(strstr(d.set.steps[0].call, "hunter2"));
	assert_null(strstr(d.set.steps[0].title, "hunter2"));
}

static void test_directories(void **state)
{
	static const struct {
		const char *facts, *before;
		bool same;
		enum change_action action;
	} cases[] = {
		{"", NULL, false, CHANGE_CREATE},
		{"stat\t/d\t755\tdirectory\n", NULL, true, CHANGE_CREATE},
		{"stat\t/d\t700\tdirectory\n", "mode 0700", false, CHANGE_UPDATE},
		{"stat\t/d\t1755\tdirectory\n", "mode 1755", false, CHANGE_UPDATE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_diff_ d;

		diff_init(&d, cases[i].facts);
		resource_add(&d.want, RES_DIRECTORY, "/d", NULL)->directory.mode = 0755;
		diff_runs(&d);
		if (cases[i].same) {
			expect_nothing(&d);
			continue;
		}
		expect_call(&d, 0, "directory_make /d 0755");
		expect_change(&d, 0, cases[i].action, "/d", cases[i].before, "mode 0755");
	}
}

static void test_directory_in_the_way(void **state)
{
	_diff_ d;

	diff_init(&d, "stat\t/d\t644\tregular file\n");
	resource_add(&d.want, RES_DIRECTORY, "/d", NULL)->directory.mode = 0755;
	diff_fails(&d, -ENOTDIR, "directory '/d': exists and is not a directory");
}

/* ---- daemon.json ---- */

#define WANTED \
	"{\"log-driver\":\"json-file\",\"log-opts\":{\"max-file\":\"3\",\"max-size\":\"10m\"}}"

static void daemon_init(struct diff *d, const char *base64)
{
	_cleanup_buf_ struct buf facts = BUF_INIT;

	if (base64)
		buf_addf(
			&facts, "stat\t/d.json\t600\tregular file\ncontent\t/d.json\t%s\n", base64);
	diff_init(d, buf_str(&facts));
	resource_add(&d->want, RES_DAEMON, "/d.json", NULL)->daemon.wanted = WANTED;
}

static void expect_daemon(const struct diff *d, const char *mode, const char *content)
{
	_cleanup_buf_ struct buf call = BUF_INIT;

	buf_addf(&call, "file_put /d.json %s '' docker.service restart", mode);
	expect_call(d, 0, buf_str(&call));
	assert_int_equal(d->set.steps[0].frames[0].len, strlen(content));
	assert_string_equal(d->set.steps[0].frames[0].data, content);
}

static void test_daemon_new(void **state)
{
	_diff_ d;

	daemon_init(&d, NULL);
	diff_runs(&d);
	expect_daemon(&d, "0644",
		"{\n  \"log-driver\": \"json-file\",\n  \"log-opts\": {\n    \"max-file\": \"3\",\n"
		"    \"max-size\": \"10m\"\n  }\n}\n");
}

static void test_daemon_merged(void **state)
{
	_diff_ d;

	/* {"data-root":"/srv","log-opts":{"max-size":"1g","tag":"x"}}: theirs stays, ours wins. */
	daemon_init(&d,
		"eyJkYXRhLXJvb3QiOiIvc3J2IiwibG9nLW9wdHMiOnsibWF4LXNpemUiOiIxZyIsInRhZyI6IngifX0=");
	diff_runs(&d);
	expect_daemon(&d, "0600",
		"{\n  \"data-root\": \"/srv\",\n  \"log-driver\": \"json-file\",\n"
		"  \"log-opts\": {\n    \"max-file\": \"3\",\n    \"max-size\": \"10m\",\n"
		"    \"tag\": \"x\"\n  }\n}\n");
}

static void test_daemon_differs_within(void **state)
{
	_diff_ d;

	/* {"log-driver":"json-file","log-opts":{"max-size":"1g","max-file":"3"}} */
	daemon_init(&d,
		"eyJsb2ctZHJpdmVyIjoianNvbi1maWxlIiwibG9nLW9wdHMiOnsibWF4LXNpemUiOiIxZyIsIm1h"
		"eC1maWxlIjoiMyJ9fQ==");
	diff_runs(&d);
	expect_daemon(&d, "0600",
		"{\n  \"log-driver\": \"json-file\",\n"
		"  \"log-opts\": {\n    \"max-file\": \"3\",\n    \"max-size\": \"10m\"\n"
		"  }\n}\n");
}

static void test_daemon_there(void **state)
{
	_diff_ d;

	/* {"log-opts":{"tag":"x","max-size":"10m","max-file":"3"},"log-driver":"json-file"}, in
	 * its own order and layout. */
	daemon_init(&d, "eyJsb2ctb3B0cyI6eyJ0YWciOiJ4IiwibWF4LXNpemUiOiIxMG0iLCJtYXgtZmlsZSI6IjMifS"
			"wKICJsb2ctZHJpdmVyIjoianNvbi1maWxlIn0K");
	diff_runs(&d);
	expect_nothing(&d);
}

static void test_daemon_broken(void **state)
{
	/* "{", "[]", "# x", {"a":1,"a":2}: nothing of the operator's is ever thrown away. */
	static const char *const contents[] = {"ew==", "W10=", "IyB4", "eyJhIjoxLCJhIjoyfQ=="};

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		_diff_ d;

		daemon_init(&d, contents[i]);
		diff_fails(
			&d, -EBADMSG, "docker daemon '/d.json': is there but is not a JSON object");
	}
}

static void test_daemon_not_answered(void **state)
{
	_diff_ d;

	/* The file is there, its content did not come: writing ours would lose theirs. */
	diff_init(&d, "stat\t/d.json\t644\tregular file\nsha256\t/d.json\t" SHA_ABC "\n");
	resource_add(&d.want, RES_DAEMON, "/d.json", NULL)->daemon.wanted = WANTED;
	diff_fails(&d, -EBADMSG, "did not answer with its content");
}

static void test_daemon_empty(void **state)
{
	_diff_ d;

	daemon_init(&d, "");
	diff_runs(&d);
	assert_int_equal(d.set.n, 1);
}

/* ---- the swarm ---- */

static void swarm_init(struct diff *d, const char *swarm, bool init, bool manager)
{
	_cleanup_buf_ struct buf facts = BUF_INIT;
	struct resource *r;

	if (swarm)
		buf_addf(&facts, "json\tinfo\t{\"Swarm\":%s}\n", swarm);
	diff_init(d, buf_str(&facts));
	r = resource_add(&d->want, RES_SWARM, "swarm", NULL);
	r->swarm.init = init;
	r->swarm.manager = manager;
	r->swarm.address = "10.0.0.2";
	r->swarm.leader = "10.0.0.1";
}

static void test_swarm_init(void **state)
{
	_diff_ d;

	swarm_init(&d, NULL, true, true);
	d.want.items[0].swarm.pool = "10.200.0.0/16";
	diff_runs(&d);
	expect_call(&d, 0, "swarm_init 10.0.0.2 10.200.0.0/16");
	expect_change(&d, 0, CHANGE_CREATE, "swarm", "inactive", "leader at 10.0.0.2");
	assert_int_equal(d.set.steps[0].n_frames, 0);
}

static void test_swarm_join(void **state)
{
	for (int manager = 0; manager < 2; manager++) {
		const char *token = manager ? "token.manager" : "token.worker";
		const struct step *s;
		_diff_ d;

		swarm_init(&d, "{\"LocalNodeState\":\"inactive\"}", false, manager);
		diff_runs(&d);
		expect_call(&d, 0, "swarm_join 10.0.0.2 10.0.0.1");
		s = &d.set.steps[0];
		/* The step's time runs from its start: the wait for the leader is not part of it.
		 */
		assert_int_equal(s->n_awaits, 1);
		assert_int_equal(s->n_frames, 2);
		for (size_t i = 0; i < s->n_frames; i++) {
			assert_int_equal(s->frames[i].from, FRAME_PROMISE);
			assert_string_equal(s->frames[i].data, token);
		}
		assert_true(s->frames[1].secret);
		expect_change(&d, 0, CHANGE_CREATE, "swarm", "inactive",
			manager ? "manager at 10.0.0.2" : "worker at 10.0.0.2");
	}
}

static void test_swarm_member(void **state)
{
	_diff_ d;

	swarm_init(&d, "{\"LocalNodeState\":\"active\",\"NodeAddr\":\"10.0.0.2\",\"NodeID\":\"x\"}",
		false, false);
	diff_runs(&d);
	expect_nothing(&d);
}

/* An entry that is down goes when a living one has its address; one that is merely down stays. */
static void test_swarm_forgets_old_members(void **state)
{
	static const char info[] =
		"json\tinfo\t{\"Swarm\":{\"LocalNodeState\":\"active\",\"NodeAddr\":\"10.0.0.2\","
		"\"ControlAvailable\":true}}\n";
	static const char nodes[] =
		"json\tnodes\t[{\"ID\":\"old\",\"Status\":{\"State\":\"down\",\"Addr\":\"10.0.0."
		"3\"}},"
		"{\"ID\":\"new\",\"Status\":{\"State\":\"ready\",\"Addr\":\"10.0.0.3\"}},"
		"{\"ID\":\"off\",\"Status\":{\"State\":\"down\",\"Addr\":\"10.0.0.4\"}}]\n";
	_cleanup_buf_ struct buf facts = BUF_INIT;
	struct resource *r;
	_diff_ d;

	buf_addf(&facts, "%s%s", info, nodes);
	diff_init(&d, buf_str(&facts));
	r = resource_add(&d.want, RES_SWARM, "swarm", NULL);
	r->swarm.init = r->swarm.manager = true;
	r->swarm.address = "10.0.0.2";
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 1);
	expect_call(&d, 0, "swarm_forget old");
	expect_change(&d, 0, CHANGE_REMOVE, "old member old", "down at 10.0.0.3", NULL);
}

static void test_swarm_refused(void **state)
{
	static const struct {
		const char *swarm;
		bool manager;
		int code;
		const char *message;
	} cases[] = {
		{"{\"LocalNodeState\":\"active\",\"NodeAddr\":\"192.0.2.9\"}", false,
			-EADDRNOTAVAIL,
			"advertises '192.0.2.9' in its swarm, the spec says '10.0.0.2'"},
		{"{\"LocalNodeState\":\"active\",\"NodeAddr\":\"10.0.0.2\"}", true, -EEXIST,
			"is a worker of the swarm, the spec says manager; 'docker node promote'"},
		{"{\"LocalNodeState\":\"active\",\"NodeAddr\":\"10.0.0.2\","
		 "\"ControlAvailable\":true}",
			false, -EEXIST,
			"is a manager of the swarm, the spec says worker; 'docker node demote'"},
		{"{\"LocalNodeState\":\"locked\"}", false, -EPERM, "docker swarm unlock"},
		{"{\"LocalNodeState\":\"error\",\"Error\":\"no route\"}", false, -EIO,
			"(no route)"},
		{"{\"LocalNodeState\":\"pending\"}", false, -EAGAIN, "a join is under way"},
		{"{\"LocalNodeState\":\"error\",\"Error\":\"\\u001b[31m\"}", false, -EIO,
			"in error (\\x1b[31m)"},
		{"{\"LocalNodeState\":\"active\",\"NodeAddr\":\"\\u001b[31m\"}", false,
			-EADDRNOTAVAIL, "advertises '\\x1b[31m'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_diff_ d;

		swarm_init(&d, cases[i].swarm, false, cases[i].manager);
		diff_fails(&d, cases[i].code, cases[i].message);
	}
}

static const char labelled[] =
	"json\tnodes\t[{\"ID\":\"n1\",\"Spec\":{\"Labels\":{\"svarm.ingress\":\"true\"}},"
	"\"Status\":{\"State\":\"ready\",\"Addr\":\"10.0.0.1\"}},"
	"{\"ID\":\"n2\",\"Spec\":{\"Labels\":{\"svarm.database\":\"true\"}},"
	"\"Status\":{\"State\":\"ready\",\"Addr\":\"10.0.0.2\"}}]\n";

static void add_label(struct diff *d, const char *node, const char *key, const char *value)
{
	struct resource *r = resource_add(&d->want, RES_LABEL, key, NULL);

	r->label.node = node;
	r->label.address = arena_printf(&d->arena, "10.0.0.%s", node + 1);
	r->label.value = value;
	if (strcmp(node, "n1"))
		r->label.promise = arena_printf(&d->arena, "joined.%s", node);
}

static void test_labels(void **state)
{
	const struct step *s;
	_diff_ d;

	diff_init(&d, labelled);
	add_label(&d, "n1", "svarm.ingress", "true");
	add_label(&d, "n2", "svarm.worker", "true");
	add_label(&d, "n2", "svarm.database", "false");
	add_label(&d, "n3", "svarm.worker", "true");
	add_label(&d, "n3", "svarm.database", "true");
	add_label(&d, "n4", "svarm.worker", "true");
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 1);
	/* By its id who is a member, by the promise of its id who is still to join. */
	expect_call(&d, 0,
		"labels_set n2 svarm.worker true n2 svarm.database false joined.n3 svarm.worker "
		"true "
		"joined.n3 svarm.database true joined.n4 svarm.worker true");
	s = &d.set.steps[0];
	/* All are waited for before the step begins; then the ids come in the call's order. */
	assert_int_equal(s->n_awaits, 2);
	assert_int_equal(s->n_frames, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(s->frames[i].data, i % 2 ? "joined.n4" : "joined.n3");
	expect_change(&d, 0, CHANGE_CREATE, "svarm.worker", NULL, "true on n2");
	expect_change(&d, 1, CHANGE_UPDATE, "svarm.database", "true", "false on n2");
	expect_change(&d, 2, CHANGE_CREATE, "svarm.worker", NULL, "true on n3");
}

/* The leader of a swarm that is still to be made. */
static void test_label_of_itself(void **state)
{
	_diff_ d;

	diff_init(&d, "");
	add_label(&d, "n1", "svarm.ingress", "true");
	diff_runs(&d);
	expect_call(&d, 0, "labels_set self svarm.ingress true");
	assert_int_equal(d.set.steps[0].n_frames, 0);
}

static void test_labels_there(void **state)
{
	_diff_ d;

	diff_init(&d, labelled);
	add_label(&d, "n1", "svarm.ingress", "true");
	add_label(&d, "n2", "svarm.database", "true");
	diff_runs(&d);
	expect_nothing(&d);
}

/* ---- what the leader makes ---- */

static void test_networks(void **state)
{
	_diff_ d, there, wrong;
	struct resource *r;

	diff_init(&d, "");
	r = resource_add(&d.want, RES_NETWORK, "svarm", NULL);
	r->network.mtu = 1400;
	r->network.subnet = "10.201.0.0/20";
	diff_runs(&d);
	expect_call(&d, 0, "network_create svarm 1400 10.201.0.0/20");
	expect_change(&d, 0, CHANGE_CREATE, "svarm", NULL, "overlay, mtu 1400");

	diff_init(&there, "json\tnetworks\t[{\"Name\":\"svarm\",\"Driver\":\"overlay\"}]\n");
	resource_add(&there.want, RES_NETWORK, "svarm", NULL);
	diff_runs(&there);
	expect_nothing(&there);

	diff_init(&wrong, "json\tnetworks\t[{\"Name\":\"svarm\",\"Driver\":\"bridge\"}]\n");
	resource_add(&wrong.want, RES_NETWORK, "svarm", NULL);
	diff_fails(&wrong, -EEXIST, "exists with driver 'bridge'");
}

static void test_images(void **state)
{
	static const struct {
		const char *tag, *id;
		bool change;
	} cases[] = {
		{"svarm/echo:1", "sha256:aaaaaaaaaaaaaaaaaaaa", false},
		{"svarm/echo:1", "sha256:bbbbbbbbbbbbbbbbbbbb", true},
		{"svarm/echo:2", "sha256:aaaaaaaaaaaaaaaaaaaa", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct resource *r;
		_diff_ d;

		diff_init(&d,
			"json\timages\t[{\"Id\":\"sha256:aaaaaaaaaaaaaaaaaaaa\",\"RepoTags\":["
			"\"svarm/echo:1\"]}]\n");
		r = resource_add(&d.want, RES_IMAGE, cases[i].tag, NULL);
		r->image.id = cases[i].id;
		r->image.archive = "/images/echo.tar";
		r->image.bytes = 12345678;
		diff_runs(&d);
		assert_int_equal(d.set.n, cases[i].change);
		if (!cases[i].change)
			continue;
		assert_int_equal(d.set.steps[0].frames[0].from, FRAME_FILE);
		assert_string_equal(d.set.steps[0].frames[0].data, "/images/echo.tar");
		assert_non_null(strstr(d.set.changes[0].after, "12.3 MB to send"));
	}
}

static void test_secrets(void **state)
{
	const char *labels[] = {"a=b", "c=d e"};
	_diff_ d;
	struct resource *r;

	diff_init(&d, "json\tsecrets\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"there\"}}]\n");
	r = resource_add(&d.want, RES_SECRET, "there", NULL);
	r = resource_add(&d.want, RES_SECRET, "new", NULL);
	r->secret.labels = labels;
	r->secret.n_labels = 2;
	r->secret.value = "hunter2";
	r->secret.len = 7;
	diff_runs(&d);
	assert_int_equal(d.set.n, 1);
	expect_call(&d, 0, "secret_create new 'a=b' 'c=d e'");
	expect_change(&d, 0, CHANGE_CREATE, "new", NULL, "value not shown");
	assert_true(d.set.steps[0].frames[0].secret);
	assert_memory_equal(d.set.steps[0].frames[0].data, "hunter2", 7);
}

static void test_configs(void **state)
{
	_diff_ d;
	struct resource *r;

	diff_init(&d, "json\tconfigs\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"there\"}}]\n");
	r = resource_add(&d.want, RES_CONFIG, "there", NULL);
	r = resource_add(&d.want, RES_CONFIG, "new", NULL);
	r->config.content = "a: b\n";
	r->config.len = 5;
	diff_runs(&d);
	assert_int_equal(d.set.n, 1);
	expect_call(&d, 0, "config_create new");
	expect_change(&d, 0, CHANGE_CREATE, "new", NULL, "5 bytes");
	assert_memory_equal(d.set.steps[0].frames[0].data, "a: b\n", 5);
}

static const char running[] =
	"json\tservices\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"fn_same\",\"Labels\":{"
	"\"svarm.hash\":\"h1\",\"com.docker.stack.namespace\":\"fn\"}}},"
	"{\"ID\":\"2\",\"Spec\":{\"Name\":\"fn_changed\",\"Labels\":{\"svarm.hash\":\"old\","
	"\"svarm.image\":\"was:1\",\"com.docker.stack.namespace\":\"fn\"},"
	"\"Mode\":{\"Replicated\":{\"Replicas\":3}}}},"
	"{\"ID\":\"3\",\"Spec\":{\"Name\":\"fn_gone\",\"Labels\":{\"svarm.hash\":\"h3\","
	"\"com.docker.stack.namespace\":\"fn\"}}},"
	"{\"ID\":\"4\",\"Spec\":{\"Name\":\"fn_by_hand\",\"Labels\":{"
	"\"com.docker.stack.namespace\":\"fn\"}}},"
	"{\"ID\":\"5\",\"Spec\":{\"Name\":\"other_gone\",\"Labels\":{\"svarm.hash\":\"h5\","
	"\"com.docker.stack.namespace\":\"other\"}}}]\n";

/* Functions in no stack: what svarm deployed and nobody wants goes, what is somebody's stays. */
static void test_functions(void **state)
{
	static const char alone[] =
		"json\tservices\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"same\",\"Labels\":{"
		"\"svarm.hash\":\"h1\"}}},{\"ID\":\"2\",\"Spec\":{\"Name\":\"by-cli\","
		"\"Labels\":{\"com.openfaas.function\":\"by-cli\"}}},{\"ID\":\"3\",\"Spec\":{"
		"\"Name\":\"taken\"}},{\"ID\":\"4\",\"Spec\":{\"Name\":\"gone\",\"Labels\":{"
		"\"svarm.hash\":\"h4\"}}},{\"ID\":\"5\",\"Spec\":{\"Name\":\"fn_x\",\"Labels\":"
		"{\"svarm.hash\":\"h5\",\"com.docker.stack.namespace\":\"fn\"}}}]\n";
	const char *secrets[] = {"svarm-a-1"};
	struct function_service items[] = {
		{.service = {.name = "same", .hash = "h1", .image = "same:1"}, .spec = "{}"},
		{.service = {.name = "taken", .hash = "h2", .image = "is:2", .replicas = 2},
			.spec = "{\"a\":1}",
			.secrets = secrets,
			.n_secrets = 1},
	};
	const char *promises[] = {"ready.n1"};
	struct resource *r;
	_diff_ d;

	diff_init(&d, alone);
	r = resource_add(&d.want, RES_FUNCTIONS, "functions", NULL);
	r->functions.items = items;
	r->functions.n = 2;
	r->functions.promises = promises;
	r->functions.n_promises = 1;
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 2);
	expect_call(&d, 0, "service_put taken svarm-a-1");
	assert_int_equal(d.set.steps[0].n_awaits, 1);
	assert_string_equal(d.set.steps[0].frames[1].data, "{\"a\":1}");
	expect_change(&d, 0, CHANGE_UPDATE, "taken", "? x 0", "is:2 x 2");
	expect_call(&d, 1, "services_remove 4");
	expect_change(&d, 1, CHANGE_REMOVE, "gone", "deployed", NULL);
}

static void test_stack(void **state)
{
	struct stack_service services[] = {{"fn_same", "h1", "same:1", 1, 0, 0},
		{"fn_changed", "new", "is:2", 2, 2, 2}, {"fn_new", "h4", "new:1", -1, 0, 0}};
	const char *promises[] = {"ready.n1", "ready.n2"};
	struct resource *r;
	_diff_ d;

	diff_init(&d, running);
	r = resource_add(&d.want, RES_STACK, "fn", NULL);
	r->stack.content = "services: {}";
	r->stack.len = 12;
	r->stack.services = services;
	r->stack.n_services = 3;
	r->stack.promises = promises;
	r->stack.n_promises = 2;
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 1);
	expect_call(&d, 0, "stack_deploy fn fn_gone");
	assert_int_equal(d.set.n, 3);
	expect_change(&d, 0, CHANGE_UPDATE, "fn_changed", "was:1 x 3", "is:2 x 2");
	expect_change(&d, 1, CHANGE_CREATE, "fn_new", NULL, "new:1 on each node");
	expect_change(&d, 2, CHANGE_REMOVE, "fn_gone", "deployed", NULL);
	assert_int_equal(d.set.steps[0].n, 3);
	assert_int_equal(d.set.steps[0].n_awaits, 2);
	assert_int_equal(d.set.steps[0].n_frames, 3);
	assert_string_equal(d.set.steps[0].frames[2].data, "services: {}");
}

static void test_stack_same(void **state)
{
	struct stack_service services[] = {{"fn_same", "h1", "same:1", 1, 0, 0},
		{"fn_changed", "old", "was:1", 3, 3, 3}, {"fn_gone", "h3", "x", 1, 0, 0}};
	struct resource *r;
	_diff_ d;

	diff_init(&d, running);
	r = resource_add(&d.want, RES_STACK, "fn", NULL);
	r->stack.services = services;
	r->stack.n_services = 3;
	diff_runs(&d);
	expect_nothing(&d);
}

/* One that follows its load is where it should be anywhere in its range. */
static void test_stack_number(void **state)
{
	static const struct {
		int min, max;
		const char *after; /* NULL: as it should be */
	} cases[] = {
		{3, 3, NULL},
		{1, 3, NULL},
		{3, 9, NULL},
		{0, 20, NULL},
		{0, 0, NULL}, /* not judged */
		{4, 9, "was:1 x 7 (4 to 9)"},
		{1, 2, "was:1 x 7 (1 to 2)"},
		{7, 7, "was:1 x 7"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stack_service service = {
			"fn_changed", "old", "was:1", 7, cases[i].min, cases[i].max};
		struct stack_service others[] = {service, {.name = "fn_same", .hash = "h1"},
			{.name = "fn_gone", .hash = "h3"}};
		struct resource *r;
		_diff_ d;

		diff_init(&d, running);
		r = resource_add(&d.want, RES_STACK, "fn", NULL);
		r->stack.services = others;
		r->stack.n_services = 3;
		diff_runs(&d);
		if (cases[i].after)
			expect_change(
				&d, 0, CHANGE_UPDATE, "fn_changed", "was:1 x 3", cases[i].after);
		else
			expect_nothing(&d);
	}
}

static void test_stack_removed(void **state)
{
	_diff_ d;

	diff_init(&d, running);
	resource_add(&d.want, RES_STACK, "other", NULL);
	diff_runs(&d);
	expect_call(&d, 0, "services_remove other_gone");
	expect_change(&d, 0, CHANGE_REMOVE, "other_gone", "deployed", NULL);
}

/* ---- texts for people ---- */

static void test_hostile_text_is_escaped(void **state)
{
	_diff_ d;

	diff_init(&d, "sysctl\t/proc/sys/net/core/somaxconn\t1\x1b[31m\x07\n");
	add_sysctl(&d, "net.core.somaxconn", "65535");
	diff_runs(&d);
	expect_change(&d, 0, CHANGE_UPDATE, "net.core.somaxconn", "1\\x1b[31m\\x07", "65535");
}

/* Names, too: that of a service comes from the leader's docker. */
static void test_hostile_name_is_escaped(void **state)
{
	_diff_ d;

	diff_init(&d,
		"json\tservices\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"fn_\\u001b[31m\",\"Labels\":{"
		"\"svarm.hash\":\"h\",\"com.docker.stack.namespace\":\"fn\"}}}]\n");
	resource_add(&d.want, RES_STACK, "fn", NULL);
	diff_runs(&d);
	expect_change(&d, 0, CHANGE_REMOVE, "fn_\\x1b[31m", "deployed", NULL);
}

/* An argument stays one argument, whatever it holds. */
static void test_arguments_are_quoted(void **state)
{
	_diff_ d;

	diff_init(&d, "");
	add_sysctl(&d, "a.b", "1; rm -rf / $(id) `id` \"x\" 'y'\n#");
	diff_runs(&d);
	expect_call(&d, 0, "sysctl_set a.b '1; rm -rf / $(id) `id` \"x\" '\\''y'\\''\n#'");
}

/* A diff that is appended to another one leaves the first one's steps alone. */
static void test_two_diffs(void **state)
{
	_diff_ d;

	diff_init(&d, "");
	resource_add(&d.want, RES_UNIT, "a.service", NULL);
	diff_runs(&d);
	d.want.n = 0;
	resource_add(&d.want, RES_PACKAGE, "b", NULL);
	resource_add(&d.want, RES_PACKAGE, "c", NULL);
	diff_runs(&d);
	assert_int_equal(d.set.n_steps, 2);
	assert_int_equal(d.set.steps[0].n, 1);
	assert_int_equal(d.set.steps[1].first, 1);
	assert_int_equal(d.set.steps[1].n, 2);
}

static void test_kind_names(void **state)
{
	for (int kind = RES_PACKAGE; kind <= RES_STACK; kind++)
		assert_true(strlen(resource_kind_name(kind)) >= 4);
	assert_string_equal(resource_kind_name(RES_STACK), "service");
	assert_string_equal(resource_kind_name(RES_LABEL), "node label");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packages),
		cmocka_unit_test(test_packages_there),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_firewall_unit),
		cmocka_unit_test(test_file_new),
		cmocka_unit_test(test_file_there),
		cmocka_unit_test(test_file_in_the_way),
		cmocka_unit_test(test_secret_file),
		cmocka_unit_test(test_directories),
		cmocka_unit_test(test_directory_in_the_way),
		cmocka_unit_test(test_daemon_new),
		cmocka_unit_test(test_daemon_merged),
		cmocka_unit_test(test_daemon_differs_within),
		cmocka_unit_test(test_daemon_there),
		cmocka_unit_test(test_daemon_broken),
		cmocka_unit_test(test_daemon_not_answered),
		cmocka_unit_test(test_daemon_empty),
		cmocka_unit_test(test_swarm_init),
		cmocka_unit_test(test_swarm_forgets_old_members),
		cmocka_unit_test(test_swarm_join),
		cmocka_unit_test(test_swarm_member),
		cmocka_unit_test(test_swarm_refused),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_label_of_itself),
		cmocka_unit_test(test_labels_there),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_configs),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_stack_same),
		cmocka_unit_test(test_stack_number),
		cmocka_unit_test(test_stack_removed),
		cmocka_unit_test(test_hostile_text_is_escaped),
		cmocka_unit_test(test_hostile_name_is_escaped),
		cmocka_unit_test(test_arguments_are_quoted),
		cmocka_unit_test(test_two_diffs),
		cmocka_unit_test(test_kind_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
