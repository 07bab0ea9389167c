/*
 * The facts parser: what each line of templates/facts.sh becomes, what a newer or older node may
 * say without harm, and what a broken or hostile one may say without being believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "lib/node/facts.h"

#define BEGIN "svarm-facts\t1\n"
#define END   "end\tok\n"

static void parse_ok(struct facts *f, const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (facts_parse(text, strlen(text), f, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

static void parse_fails(const char *text, size_t len, int code, const char *message)
{
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(facts_parse(text, len, &f, &err), code);
	if (!strstr(err_msg(&err), message))
		fail_msg("'%s' is not in '%s'", message, err_msg(&err));
}

#define FAILS(text, code, message) parse_fails(text, strlen(text), code, message)

/* ---- the machine ---- */

static void test_machine(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f, BEGIN
		"time\t1700000000.250000000\nos\tubuntu\t24.04\tnoble\nkernel\t6.8.0-31-generic\n"
		"hostname\tfjord-1\narch\tamd64\ncpus\t4\nmemory_kb\t8144928\n"
		"var_free_kb\t50331648\napparmor\tY\n" END);
	assert_true(f.time > 1700000000.24 && f.time < 1700000000.26);
	assert_string_equal(f.os_id, "ubuntu");
	assert_string_equal(f.os_version, "24.04");
	assert_string_equal(f.os_codename, "noble");
	assert_string_equal(f.kernel, "6.8.0-31-generic");
	assert_string_equal(f.hostname, "fjord-1");
	assert_string_equal(f.arch, "amd64");
	assert_int_equal(f.cpus, 4);
	assert_int_equal(f.memory_kb, 8144928);
	assert_int_equal(f.var_free_kb, 50331648);
	assert_true(f.apparmor);
	assert_false(f.firewall_absent);
	assert_false(f.cloud_init_running);
	assert_false(f.docker_running);
}

static void test_nothing_known(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f, END);
	assert_string_equal(f.os_id, "");
	assert_string_equal(f.hostname, "");
	assert_null(facts_file(&f, "/etc/passwd"));
	assert_null(facts_package(&f, "nginx"));
	assert_null(facts_sysctl(&f, "net.core.somaxconn"));
	assert_null(facts_unit(&f, "nginx.service"));
	assert_null(facts_address(&f, "10.0.0.1"));
	assert_null(facts_service(&f, "svarm_gateway"));
	assert_null(facts_swarm_node_by_id(&f, ""));
	assert_false(facts_has_image(&f, "svarm/echo:1", "sha256:1"));
}

static void test_time(void **state)
{
	static const char *const wrong[] = {
		"nan", "inf", "-inf", "-1", "1e300", "x", "99999999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text, "time\t%s\n" END, wrong[i]);
		parse_ok(&f, buf_str(&text));
		assert_true(f.time == 0);
	}
}

static void test_firewall(void **state)
{
	static const struct {
		const char *word;
		bool absent;
	} cases[] = {{"absent", true}, {"loaded", false}, {"", false}, {"absent ", false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		char text[64];

		snprintf(text, sizeof(text), BEGIN "firewall\t%s\n" END, cases[i].word);
		parse_ok(&f, text);
		assert_int_equal(f.firewall_absent, cases[i].absent);
	}
}

static void test_cloud_init(void **state)
{
	static const struct {
		const char *line;
		bool running, failed;
	} cases[] = {
		{"", false, false},
		{"cloud_init\trunning\n", true, false},
		{"cloud_init\tended\n", false, false},
		{"cloud_init\tfailed\n", false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text, BEGIN "%s" END, cases[i].line);
		parse_ok(&f, buf_str(&text));
		assert_int_equal(f.cloud_init_running, cases[i].running);
		assert_int_equal(f.cloud_init_failed, cases[i].failed);
	}
}

static void test_addresses(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	const struct fact_address *a;

	parse_ok(&f, BEGIN "address\tlo\t127.0.0.1\t65536\naddress\teth1\t10.88.0.11\t1450\n"
			   "address\teth1\tfd00::11\t1450\n" END);
	assert_int_equal(f.n_addresses, 3);
	a = facts_address(&f, "10.88.0.11");
	assert_non_null(a);
	assert_string_equal(a->interface, "eth1");
	assert_int_equal(a->mtu, 1450);
	assert_non_null(facts_address(&f, "fd00::11"));
	/* Not a prefix of an address, not part of one. */
	assert_null(facts_address(&f, "10.88.0.1"));
	assert_null(facts_address(&f, "10.88.0.110"));
}

static void test_numbers(void **state)
{
	static const char *const wrong[] = {
		"99999999999999999999999999", "-1", "4k", "", "0x", "four", "1 2", "1e99999"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text,
			"cpus\t%s\nmemory_kb\t%s\nvar_free_kb\t%s\naddress\te\t1.2.3.4\t%s\n" END,
			wrong[i], wrong[i], wrong[i], wrong[i]);
		parse_ok(&f, buf_str(&text));
		assert_int_equal(f.cpus, 0);
		assert_int_equal(f.memory_kb, 0);
		assert_int_equal(f.var_free_kb, 0);
		assert_int_equal(f.addresses[0].mtu, 0);
	}
}

static void test_giant_mtu(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f, "address\te\t1.2.3.4\t4294967297\n" END);
	assert_int_equal(f.addresses[0].mtu, 65536);
}

/* ---- what was asked about ---- */

static void test_files(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	const struct fact_file *file;

	parse_ok(&f, BEGIN "stat\t/etc/a b\t644\tregular file\n"
			   "stat\t/etc/empty\t4755\tregular empty file\n"
			   "stat\t/etc/d\t1777\tdirectory\n"
			   "stat\t/etc/link\t777\tsymbolic link\n"
			   "stat\t/dev/null\t666\tcharacter special file\n"
			   "sha256\t/etc/a b\t"
			   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
			   "content\t/etc/a b\tYWJj\ncontent\t/etc/empty\t\n" END);
	file = facts_file(&f, "/etc/a b");
	assert_int_equal(file->type, FILE_REGULAR);
	assert_int_equal(file->mode, 0644);
	assert_int_equal(file->content_len, 3);
	assert_memory_equal(file->content, "abc", 3);
	assert_memory_equal(file->sha256, "ba7816bf", 8);
	file = facts_file(&f, "/etc/empty");
	assert_int_equal(file->type, FILE_REGULAR);
	assert_int_equal(file->mode, 04755);
	assert_non_null(file->content);
	assert_int_equal(file->content_len, 0);
	assert_null(file->sha256);
	assert_int_equal(facts_file(&f, "/etc/d")->type, FILE_DIRECTORY);
	assert_int_equal(facts_file(&f, "/etc/d")->mode, 01777);
	assert_int_equal(facts_file(&f, "/etc/link")->type, FILE_OTHER);
	assert_int_equal(facts_file(&f, "/dev/null")->type, FILE_OTHER);
	assert_null(facts_file(&f, "/etc/a"));
}

static void test_binary_content(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	const struct fact_file *file;

	parse_ok(&f, "stat\t/x\t600\tregular file\ncontent\t/x\tAAH/gApBPQ==\n" END);
	file = facts_file(&f, "/x");
	assert_int_equal(file->content_len, 7);
	assert_memory_equal(file->content, "\x00\x01\xff\x80\nA=", 7);
}

/* A hash that is none must not be taken for one, nor content that is not base64. */
static void test_broken_files(void **state)
{
	static const char *const hashes[] = {"", "ba7816bf",
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adba",
		"zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};

	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text,
			"stat\t/x\t644\tregular file\nsha256\t/x\t%s\ncontent\t/x\tYW*j\n" END,
			hashes[i]);
		parse_ok(&f, buf_str(&text));
		assert_null(facts_file(&f, "/x")->sha256);
		assert_null(facts_file(&f, "/x")->content);
	}
}

static void test_sysctls(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f, "sysctl\t/proc/sys/net/core/somaxconn\t65535\n"
		     "sysctl\t/proc/sys/net/ipv4/ip_local_port_range\t1024\t65000\n"
		     "sysctl\t/proc/sys/net/ipv4/ip_local_reserved_ports\t\n"
		     "sysctl\t/proc/sys/net/ipv4/tcp_rmem\t4096\t131072\t6291456\n"
		     "sysctl\t/etc/passwd\troot\n" END);
	assert_string_equal(facts_sysctl(&f, "net.core.somaxconn"), "65535");
	assert_string_equal(facts_sysctl(&f, "net.ipv4.ip_local_port_range"), "1024 65000");
	assert_string_equal(facts_sysctl(&f, "net.ipv4.ip_local_reserved_ports"), "");
	assert_string_equal(facts_sysctl(&f, "net.ipv4.tcp_rmem"), "4096 131072 6291456");
	assert_int_equal(f.n_sysctls, 4);
	assert_null(facts_sysctl(&f, "net.core"));
}

static void test_packages(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f,
		"package\tnginx\tinstalled\t1.22.1-9\npackage\tdocker.io\tconfig-files\t20.10\n"
		"package\tapparmor\tnot-installed\t\npackage\tnftables\thalf-configured\t1."
		"0\n" END);
	assert_string_equal(facts_package(&f, "nginx"), "1.22.1-9");
	assert_null(facts_package(&f, "docker.io"));
	assert_null(facts_package(&f, "apparmor"));
	assert_null(facts_package(&f, "nftables"));
	assert_null(facts_package(&f, "nginx-common"));
}

static void test_units(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	const struct fact_unit *u;

	parse_ok(&f,
		"unit\tActiveState=active\n" /* of nobody */
		"unit\tId=nginx.service\nunit\tLoadState=loaded\nunit\tActiveState=active\n"
		"unit\tUnitFileState=enabled\nunit\t\n"
		"unit\tId=docker.service\nunit\tLoadState=not-found\nunit\tActiveState=inactive\n"
		"unit\tUnitFileState=\nunit\t\n"
		"unit\tId=ssh.service\nunit\tLoadState=loaded\nunit\tActiveState=activating\n"
		"unit\tUnitFileState=enabled-runtime\nunit\tno equals sign\n" END);
	assert_int_equal(f.n_units, 3);
	u = facts_unit(&f, "nginx.service");
	assert_true(u->exists && u->active && u->enabled);
	u = facts_unit(&f, "docker.service");
	assert_true(!u->exists && !u->active && !u->enabled);
	u = facts_unit(&f, "ssh.service");
	assert_true(u->exists && !u->active && !u->enabled);
}

static void test_question(void **state)
{
	_cleanup_buf_ struct buf q = BUF_INIT;

	facts_ask(&q, "read", "/etc/docker/daemon.json");
	facts_ask(&q, "sysctl", "net.core.somaxconn");
	assert_string_equal(
		buf_str(&q), "read /etc/docker/daemon.json\nsysctl net.core.somaxconn\n");
}

/* ---- docker ---- */

static void test_docker_info(void **state)
{
	static const struct {
		const char *word;
		enum swarm_state state;
	} cases[] = {
		{"inactive", SWARM_INACTIVE},
		{"", SWARM_INACTIVE},
		{"pending", SWARM_PENDING},
		{"active", SWARM_ACTIVE},
		{"error", SWARM_ERROR},
		{"locked", SWARM_LOCKED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text,
			"json\tinfo\t{\"ServerVersion\":\"20.10.24\",\"Swarm\":{\"NodeID\":\"n1\","
			"\"NodeAddr\":\"10.0.0.1\",\"LocalNodeState\":\"%s\",\"Error\":\"e\"}}"
			"\n" END,
			cases[i].word);
		parse_ok(&f, buf_str(&text));
		assert_true(f.docker_running);
		assert_string_equal(f.docker_version, "20.10.24");
		assert_int_equal(f.swarm, cases[i].state);
		assert_string_equal(f.swarm_node_id, "n1");
		assert_string_equal(f.swarm_address, "10.0.0.1");
		assert_string_equal(f.swarm_error, "e");
		assert_false(f.swarm_manager);
	}
}

static void test_images(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f, "json\timages\t[{\"Id\":\"sha256:1\",\"RepoTags\":[\"a:1\",\"a:2\"]},"
		     "{\"Id\":\"sha256:2\",\"RepoTags\":null},{\"Id\":\"sha256:3\"},"
		     "{\"Id\":\"sha256:4\",\"RepoTags\":[\"<none>:<none>\",7]},9]\n" END);
	assert_true(facts_has_image(&f, "a:1", "sha256:1"));
	assert_true(facts_has_image(&f, "a:2", "sha256:1"));
	assert_false(facts_has_image(&f, "a:1", "sha256:2"));
	assert_false(facts_has_image(&f, "a", "sha256:1"));
}

static const char swarm_of_two[] =
	"json\tinfo\t{\"Swarm\":{\"NodeID\":\"n1\",\"NodeAddr\":\"10.0.0.1\",\"LocalNodeState\":"
	"\"active\",\"ControlAvailable\":true}}\n"
	"json\tnodes\t[{\"ID\":\"n1\",\"Spec\":{\"Labels\":{\"svarm.ingress\":\"true\",\"odd\":7},"
	"\"Role\":\"manager\",\"Availability\":\"active\"},\"Description\":{\"Hostname\":\"one\"},"
	"\"Status\":{\"State\":\"ready\",\"Addr\":\"10.0.0.1\"}},"
	"{\"ID\":\"old\",\"Spec\":{\"Role\":\"worker\",\"Availability\":\"drain\"},"
	"\"Status\":{\"State\":\"down\",\"Addr\":\"10.0.0.2\"}},"
	"{\"ID\":\"n2\",\"Spec\":{\"Role\":\"worker\",\"Availability\":\"active\"},"
	"\"Status\":{\"State\":\"ready\",\"Addr\":\"10.0.0.2\"}},"
	"{\"ID\":\"older\",\"Spec\":{\"Role\":\"worker\"},"
	"\"Status\":{\"State\":\"down\",\"Addr\":\"10.0.0.2\"}}]\n"
	"json\tservices\t[{\"ID\":\"s1\",\"Spec\":{\"Name\":\"svarm_gateway\",\"Labels\":{"
	"\"svarm.hash\":\"abc\",\"svarm.image\":\"svarm/gateway:1\","
	"\"com.docker.stack.namespace\":\"svarm\"},\"Mode\":{\"Global\":{}}},"
	"\"ServiceStatus\":{\"RunningTasks\":1,\"DesiredTasks\":1}},"
	"{\"ID\":\"s2\",\"Spec\":{\"Name\":\"fn_echo\",\"Mode\":{\"Replicated\":{\"Replicas\":3}}},"
	"\"ServiceStatus\":{\"RunningTasks\":-4,\"DesiredTasks\":99999999999}}]\n"
	"json\tnetworks\t[{\"Name\":\"ingress\",\"Driver\":\"overlay\"},{\"Name\":\"svarm\","
	"\"Driver\":\"bridge\"}]\n"
	"json\tsecrets\t[{\"ID\":\"x1\",\"Spec\":{\"Name\":\"pw-1\"}}]\n"
	"json\tconfigs\t[{\"ID\":\"c1\",\"Spec\":{\"Name\":\"conf-1\",\"Data\":\"eA==\"}}]\n" END;

static void test_services_run(void **state)
{
	static const struct {
		const char *labels, *mode;
		int running, desired;
		bool run;
	} cases[] = {
		{"\"svarm.hash\":\"a\"", "\"Replicated\":{\"Replicas\":2}", 2, 2, true},
		{"\"svarm.hash\":\"a\"", "\"Replicated\":{\"Replicas\":2}", 1, 2, false},
		{"\"svarm.hash\":\"a\"", "\"Replicated\":{\"Replicas\":0}", 0, 0, true},
		{"\"svarm.hash\":\"a\"", "\"Global\":{}", 1, 1, true},
		{"\"svarm.hash\":\"a\"", "\"Global\":{}", 1, 2, false},
		{"\"svarm.hash\":\"a\"", "\"Global\":{}", 0, 0, false},
		{"", "\"Global\":{}", 0, 1, true}, /* not ours */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text,
			"json\tservices\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"x\",\"Labels\":{%s},"
			"\"Mode\":{%s}},\"ServiceStatus\":{\"RunningTasks\":%d,\"DesiredTasks\":%d}"
			"}"
			"]\n" END,
			cases[i].labels, cases[i].mode, cases[i].running, cases[i].desired);
		parse_ok(&f, buf_str(&text));
		if (facts_services_run(&f) != cases[i].run)
			fail_msg("case %zu", i);
	}
}

static void test_swarm_nodes(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	const struct fact_swarm_node *n;

	parse_ok(&f, swarm_of_two);
	assert_true(f.swarm_manager);
	assert_int_equal(f.n_swarm_nodes, 4);
	n = facts_swarm_node_by_id(&f, "n1");
	assert_true(n->ready && n->manager && n->active);
	assert_string_equal(n->hostname, "one");
	assert_int_equal(n->n_labels, 2);
	assert_string_equal(n->labels[0].key, "svarm.ingress");
	assert_string_equal(n->labels[0].value, "true");
	assert_string_equal(n->labels[1].value, "");
	/* Of several at an address, the living one, wherever it stands. */
	assert_string_equal(facts_swarm_node_by_address(&f, "10.0.0.2")->id, "n2");
	n = facts_swarm_node_by_id(&f, "old");
	assert_true(!n->ready && !n->manager && !n->active);
	assert_null(facts_swarm_node_by_address(&f, "10.0.0.3"));
}

static void test_swarm_things(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	const struct fact_service *s;

	parse_ok(&f, swarm_of_two);
	s = facts_service(&f, "svarm_gateway");
	assert_int_equal(s->replicas, -1);
	assert_string_equal(s->hash, "abc");
	assert_string_equal(s->image, "svarm/gateway:1");
	assert_string_equal(s->stack, "svarm");
	assert_int_equal(s->running, 1);
	s = facts_service(&f, "fn_echo");
	assert_int_equal(s->replicas, 3);
	assert_null(s->hash);
	assert_null(s->stack);
	assert_int_equal(s->running, 0);
	assert_int_equal(s->desired, 0);
	assert_string_equal(facts_network(&f, "svarm"), "bridge");
	assert_null(facts_network(&f, "host"));
	assert_string_equal(facts_secret(&f, "pw-1")->id, "x1");
	assert_string_equal(facts_config(&f, "conf-1"), "c1");
	assert_null(facts_config(&f, "conf-2"));
}

/* It runs and does not answer: nothing it would have said is taken for absent. */
static void test_silent_docker(void **state)
{
	FAILS("docker_failed\tnodes\tThe swarm has no leader.\x1b[2J\n" END, -EIO,
		"dockerd runs, but does not answer 'nodes': The swarm has no leader.\\x1b[2J");
	FAILS("docker_failed\n" END, -EIO, "does not answer '': it said nothing");
}

/* What docker promises is a condition for reading on: half an answer is worse than none. */
static void test_broken_docker(void **state)
{
	static const char *const broken[] = {"json\tinfo\t{\n", "json\tinfo\t[]\n",
		"json\tinfo\t\n", "json\timages\t{}\n", "json\tnodes\tnull\n",
		"json\tservices\t[{]\n", "json\tnetworks\t\"x\"\n", "json\tsecrets\t[1,]\n",
		"json\tinfo\t{\"a\":\"\xff\xfe\"}\n",
		"json\timages\t[99999999999999999999999999999999]\n"};

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text, "%s" END, broken[i]);
		FAILS(buf_str(&text), -EBADMSG, "is not what its API promises");
	}
}

/* Values by the million would take memory by the hundred megabytes. */
static void test_heavy_docker(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_adds(&text, "json\tservices\t[{}");
	for (int i = 0; i < 1000000; i++)
		buf_adds(&text, ",{}");
	buf_adds(&text, "]\n" END);
	FAILS(buf_str(&text), -E2BIG,
		"docker's answer 'services': JSON of so many values that it would take over");
}

static void test_odd_docker(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f,
		"json\tinfo\t{\"Swarm\":7,\"ServerVersion\":null}\njson\timages\t[1,null,{},\"x\"]"
		"\n"
		"json\tnodes\t[{\"Spec\":null,\"Status\":[]}]\njson\tservices\t[{\"Spec\":{"
		"\"Mode\":1}}]\n"
		"json\tnetworks\t[null]\njson\tsecrets\t[[]]\njson\tconfigs\t[7]"
		"\njson\tvolumes\tnot even JSON\n" END);
	assert_true(f.docker_running);
	assert_int_equal(f.swarm, SWARM_INACTIVE);
	assert_string_equal(f.docker_version, "");
	assert_int_equal(f.n_services, 1);
	assert_string_equal(f.services[0].name, "");
}

static void test_docker_says_it_twice(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f,
		"json\tsecrets\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"a\"}},{\"ID\":\"2\",\"Spec\":{"
		"\"Name\":\"b\"}}]\njson\tsecrets\t[{\"ID\":\"3\",\"Spec\":{\"Name\":\"c\"}}]"
		"\n" END);
	assert_int_equal(f.n_secrets, 1);
	assert_null(facts_secret(&f, "a"));
	assert_string_equal(facts_secret(&f, "c")->id, "3");
}

/* ---- broken and hostile ---- */

static void test_cut_off(void **state)
{
	static const char whole[] = BEGIN "os\tdebian\t12\tbookworm\n"
					  "stat\t/etc/a\t644\tregular file\n" END;

	/* Every beginning but the whole, with and without the last newline. */
	for (size_t n = 0; n < strlen(whole) - 1; n++)
		parse_fails(whole, n, -EBADMSG, "cut off");
	parse_fails(whole, 0, -EBADMSG, "cut off");
	FAILS("end\n", -EBADMSG, "cut off");
	FAILS("end\tfailed\n", -EBADMSG, "cut off");
	FAILS(END "end\tnot ok\n", -EBADMSG, "cut off");
}

static void test_nul_bytes(void **state)
{
	static const char text[] = "os\tdebian\t12\tbookworm\n\0" END;

	/* What stands behind a NUL is not read, so neither is the end. */
	parse_fails(text, sizeof(text) - 1, -EBADMSG, "cut off");
}

static void test_too_many_lines(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (int i = 0; i < 20001; i++)
		buf_adds(&text, "x\n");
	buf_adds(&text, END);
	FAILS(buf_str(&text), -E2BIG, "over 20000 lines");
}

static void test_unknown_lines(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f,
		"\n\n\t\t\t\nmotd: welcome\nfuture\tthing\twith\tfields\nsvarm-facts\t99\n"
		"hostname\tn1\textra\tfields\n"
		"1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t17\t18\t19\t20\n"
		"kernel\nstat\nsha256\ncontent\npackage\naddress\nsysctl\nunit\njson\nos\n" END);
	assert_string_equal(f.hostname, "n1");
	assert_string_equal(f.kernel, "");
	assert_string_equal(f.os_id, "");
}

static void test_many_fields(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_adds(&text, "sysctl\t/proc/sys/a/b");
	for (int i = 0; i < 40; i++)
		buf_addf(&text, "\t%d", i);
	buf_adds(&text, "\n" END);
	parse_ok(&f, buf_str(&text));
	/* Sixteen fields are read: the word, the path, fourteen of the value. */
	assert_string_equal(facts_sysctl(&f, "a.b"), "0 1 2 3 4 5 6 7 8 9 10 11 12 13");
}

static void test_hostile_bytes(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};

	parse_ok(&f, "hostname\t\x1b]0;owned\x07\xff\xfe\nos\t\x1b[2J\tx\ty\n"
		     "package\t\x80\tinstalled\t\x1b\n" END);
	/* Kept as it is; who shows it escapes it. */
	assert_string_equal(f.hostname, "\x1b]0;owned\x07\xff\xfe");
	assert_string_equal(facts_package(&f, "\x80"), "\x1b");
}

static void test_long_line(void **state)
{
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_adds(&text, "content\t/big\t");
	for (int i = 0; i < 400000 / 4; i++)
		buf_adds(&text, "QUFB");
	buf_adds(&text, "\n" END);
	parse_ok(&f, buf_str(&text));
	assert_int_equal(facts_file(&f, "/big")->content_len, 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_cloud_init),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_giant_mtu),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_binary_content),
		cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_packages),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_docker_info),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_services_run),
		cmocka_unit_test(test_swarm_nodes),
		cmocka_unit_test(test_swarm_things),
		cmocka_unit_test(test_silent_docker),
		cmocka_unit_test(test_broken_docker),
		cmocka_unit_test(test_heavy_docker),
		cmocka_unit_test(test_odd_docker),
		cmocka_unit_test(test_docker_says_it_twice),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_too_many_lines),
		cmocka_unit_test(test_unknown_lines),
		cmocka_unit_test(test_many_fields),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_long_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
