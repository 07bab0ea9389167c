/*
 * What a spec becomes on each node.  The whole of it stands in golden files below tests/unit/want/
 * (UPDATE=1 writes them again); the cases that a golden file cannot show are tested one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "faas/faas.h"
#include "lib/base/xalloc.h"
#include "lib/ext/hash.h"
#include "provision/provision.h"
#include "tests/unit/archive_make.h"
#include "tests/unit/facts_make.h"
#include "tests/unit/want_dump.h"
#include "tune/tune.h"

#define FOLDER "tests/unit/want"

/* A folder with the image archives, and the cluster of three.yaml with its archive in there. */
static char images_dir[] = "/tmp/svarm-want-XXXXXX";

static char *archive_path(const char *name)
{
	return xasprintf("%s/%s", images_dir, name);
}

static void make_archive(const char *name, const char *tags)
{
	_cleanup_free_ char *path = archive_path(name);
	_cleanup_free_ char *config = xasprintf(
		"{\"architecture\":\"amd64\",\"name\":\"%s\"}", name);
	_cleanup_buf_ struct buf tar = BUF_INIT;

	tar_image(&tar, config, tags);
	tar_write(&tar, path);
}

static int make_archives(void **state)
{
	assert_non_null(mkdtemp(images_dir));
	make_archive("gateway.tar.gz", "[\"svarm/gateway:aaaaaaaaaaaa\"]");
	make_archive("worker.tar.gz", "[\"svarm/worker:bbbbbbbbbbbb\"]");
	make_archive("redis.tar.gz", "[\"svarm/redis:cccccccccccc\"]");
	make_archive("echo.tar", "[\"svarm/echo:dddddddddddd\",\"svarm/echo:dev\"]");
	make_archive("prometheus.tar.gz", "[\"svarm/prometheus:eeeeeeeeeeee\"]");
	make_archive(
		"prometheus.tar", "[\"svarm/prometheus:eeeeeeeeeeee\",\"svarm/prometheus:dev\"]");
	return 0;
}

static int remove_archives(void **state)
{
	static const char *const names[] = {"gateway.tar.gz", "worker.tar.gz", "redis.tar.gz",
		"echo.tar", "prometheus.tar.gz", "prometheus.tar"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = archive_path(names[i]);

		unlink(path);
	}
	return rmdir(images_dir);
}

static struct cluster *parse(const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;

	if (cluster_parse("three.yaml", text, strlen(text), &c, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return c;
}

/* The cluster of @name, with its archives in the folder of this test's. */
static struct cluster *load(const char *name)
{
	_cleanup_free_ char *path = xasprintf(FOLDER "/%s.yaml", name);
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;

	if (cluster_load(path, &c, &err) < 0)
		fail_msg("%s", err_msg(&err));
	if (c->faas.n_secrets)
		c->faas.secrets[0].from = (struct secret_ref){SECRET_ENV, "SVARM_TEST_API_KEY"};
	setenv("SVARM_TEST_API_KEY", "line 1\nline 2\n", 1);
	for (size_t i = 0; i < c->n_images; i++)
		c->images[i].archive = arena_printf(
			&c->arena, "%s/%s", images_dir, path_base(c->images[i].archive));
	return c;
}

static struct cluster *three(void)
{
	return load("three");
}

static struct faas_context *context(const struct cluster *c)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct faas_context *x = NULL;

	if (faas_context_load(c, images_dir, &x, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return x;
}

/* Secrets that clients made. */
static const char by_hand[] =
	"json\tsecrets\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"by-hand.2\",\"Labels\":{"
	"\"svarm.secret\":\"by-hand\"}}},{\"ID\":\"2\",\"Spec\":{\"Name\":\"by-hand.10\","
	"\"Labels\":{\"svarm.secret\":\"by-hand\"}}}]\n";

/* Facts of node @i of three.yaml: eth0 public, eth1 private, and @more. */
static void facts_of(const struct cluster *c, size_t i, const char *more, struct facts *ret)
{
	_cleanup_buf_ struct buf lines = BUF_INIT;

	buf_addf(&lines,
		"address\tlo\t127.0.0.1\t65536\naddress\teth0\t%s\t1500\naddress\teth1\t%s\t1450\n"
		"sysctl\t/proc/sys/net/ipv6/conf/all/disable_ipv6\t0\n%s%s",
		c->nodes[i].address, c->nodes[i].private, by_hand, more);
	facts_make(ret, buf_str(&lines));
}

static int want_all(const struct cluster *c, size_t i, const struct facts *f,
	const struct faas_context *x, struct resource_set *want, struct err *err)
{
	const struct spec_node *n = &c->nodes[i];
	int r;

	r = provision_want(c, n, f, want, err);
	if (r < 0)
		return r;
	r = tune_want(c, n, f, want, err);
	if (r < 0)
		return r;
	r = provision_swarm_want(c, n, f, want, err);
	if (r < 0)
		return r;
	return faas_want(c, n, f, x, want, err);
}

static const struct resource *find(
	const struct resource_set *want, enum resource_kind kind, const char *name)
{
	for (size_t i = 0; i < want->n; i++)
		if (want->items[i].kind == kind && !strcmp(want->items[i].name, name))
			return &want->items[i];
	return NULL;
}

/* ---- golden files ---- */

static void check_golden(const char *name, const struct buf *have)
{
	_cleanup_buf_ struct buf golden = BUF_INIT;
	_cleanup_free_ char *path = xasprintf(FOLDER "/%s.golden", name);
	_cleanup_err_ struct err err = ERR_INIT;

	if (getenv("UPDATE"))
		tar_write(have, path);
	if (buf_read_file(&golden, path, 1 << 20, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(buf_str(have), buf_str(&golden));
}

/* base64 of "admin", "first password" and "redis password", as the leader keeps them. */
static const char kept[] = "stat\t/etc/svarm/secrets/basic-auth-user\t600\tregular file\n"
			   "content\t/etc/svarm/secrets/basic-auth-user\tYWRtaW4=\n"
			   "stat\t/etc/svarm/secrets/basic-auth-password\t600\tregular file\n"
			   "content\t/etc/svarm/secrets/basic-auth-password\tZmlyc3QgcGFzc3dvcmQ=\n"
			   "stat\t/etc/svarm/secrets/redis-password\t600\tregular file\n"
			   "content\t/etc/svarm/secrets/redis-password\tcmVkaXMgcGFzc3dvcmQ=\n";

/* Every node of cluster @name against PREFIX and its own name. */
static void check_nodes(const char *name, const char *prefix)
{
	_cleanup_(cluster_freep) struct cluster *c = load(name);
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);

	for (size_t i = 0; i < c->n_nodes; i++) {
		_cleanup_free_ char *file = xasprintf("%s%s", prefix, c->nodes[i].name);
		_cleanup_(arena_done) struct arena arena = ARENA_INIT;
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_err_ struct err err = ERR_INIT;
		_cleanup_buf_ struct buf text = BUF_INIT;
		struct resource_set want = {.arena = &arena};

		facts_of(c, i, i == 0 ? kept : "", &f);
		if (want_all(c, i, &f, x, &want, &err) < 0)
			fail_msg("%s", err_msg(&err));
		want_dump(&want, &text);
		check_golden(file, &text);
	}
}

static void test_golden(void **state)
{
	check_nodes("three", "");
	check_nodes("openfaas", "openfaas-");
	check_nodes("monitoring", "monitoring-");
}

static void test_questions(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_buf_ struct buf all = BUF_INIT;

	for (size_t i = 0; i < c->n_nodes; i++) {
		buf_addf(&all, "%s:\n", c->nodes[i].name);
		provision_ask(c, &c->nodes[i], &all);
		tune_ask(c, &c->nodes[i], &all);
		faas_ask(c, &c->nodes[i], &all);
	}
	check_golden("questions", &all);
}

/* ---- provision ---- */

static void provision_fails(
	const struct cluster *c, const struct facts *f, int code, const char *message)
{
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};

	assert_int_equal(provision_want(c, &c->nodes[0], f, &want, &err), code);
	assert_non_null(strstr(err_msg(&err), message));
}

static void test_private_address_missing(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(facts_done) struct facts f = {0};

	facts_make(&f, "address\teth0\t203.0.113.11\t1500\n");
	provision_fails(c, &f, -EADDRNOTAVAIL, "private address 10.0.0.11 is on no interface");
}

static void test_hostile_interface(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(facts_done) struct facts f = {0};

	facts_make(&f, "address\te\" accept; #\t10.0.0.11\t1500\n");
	provision_fails(c, &f, -EBADMSG, "impossible interface name");
}

static void test_other_docker(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(facts_done) struct facts f = {0};

	facts_of(c, 0, "package\tdocker-ce\tinstalled\t5:28\n", &f);
	provision_fails(c, &f, -EEXIST, "docker-ce is installed");
	c->docker_source = DOCKER_CE;
	facts_done(&f);
	facts_of(c, 0, "package\tdocker.io\tinstalled\t20.10\n", &f);
	provision_fails(c, &f, -EEXIST, "docker.io is installed");
}

static void test_apparmor(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want = {.arena = &arena};

	facts_of(c, 1, "apparmor\tY\n", &f);
	assert_int_equal(provision_want(c, &c->nodes[1], &f, &want, NULL), 0);
	assert_non_null(find(&want, RES_PACKAGE, "apparmor"));
	assert_null(find(&want, RES_PACKAGE, "nginx"));
}

/* The rules of node @i with @more facts. */
static char *rules_of(const struct cluster *c, size_t i, const char *more)
{
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};

	facts_of(c, i, more, &f);
	if (provision_want(c, &c->nodes[i], &f, &want, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return xstrdup(find(&want, RES_FILE, "/etc/svarm/firewall.nft")->file.content);
}

static void test_doubtful_interfaces(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_free_ char *plain = rules_of(c, 0,
		"address\tbr-0123456789ab\t172.19.0.1\t1500\naddress\tveth12ab\tfe80::1\t1500\n");
	_cleanup_free_ char *bridge = rules_of(
		c, 0, "address\tbr-lan\t192.168.1.1\t1500\naddress\tbr-lan\t2001:db8::1\t1500\n");
	const char *first;

	assert_null(strstr(plain, "goto outside\n\t\tiifname"));
	first = strstr(bridge, "iifname \"br-lan\" goto outside");
	assert_non_null(first);
	assert_null(strstr(first + 1, "iifname \"br-lan\" goto outside"));
	/* Before the rule that would accept it. */
	assert_true(first < strstr(bridge, "iifname \"br-*\" goto containers"));
}

static void test_firewall_v6_and_single(void **state)
{
	static const char text[] =
		"nodes:\n"
		"  - {name: a, address: a.example, private: 'fd00::1', roles: [manager, worker, "
		"ingress, database]}\n";
	_cleanup_(cluster_freep) struct cluster *c = parse(text);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want = {.arena = &arena};

	/* However the node writes the address. */
	facts_make(&f, "address\teth1\tfd00:0:0::1\t1500\n");
	assert_int_equal(provision_want(c, &c->nodes[0], &f, &want, NULL), 0);
	assert_null(
		strstr(find(&want, RES_FILE, "/etc/svarm/firewall.nft")->file.content, "saddr"));
	assert_int_equal(tune_want(c, &c->nodes[0], &f, &want, NULL), 0);
	assert_non_null(strstr(find(&want, RES_FILE, "/etc/nginx/nginx.conf")->file.content,
		"server [fd00::1]:8080 "));
	/* No IPv6 in this kernel: nginx must not be told to listen there. */
	assert_null(strstr(find(&want, RES_FILE, "/etc/nginx/nginx.conf")->file.content, "[::]"));
}

/* nginx 1.14 of Ubuntu 18.04 refuses the whole file for one directive that it does not know. */
static void test_old_nginx(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();

	for (int old = 0; old < 2; old++) {
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_(arena_done) struct arena arena = ARENA_INIT;
		struct resource_set want = {.arena = &arena};
		const char *conf;

		facts_make(&f, old ? "os\tubuntu\t18.04\tbionic\n" : "");
		assert_int_equal(tune_want(c, &c->nodes[0], &f, &want, NULL), 0);
		conf = find(&want, RES_FILE, "/etc/nginx/nginx.conf")->file.content;
		assert_int_equal(!strstr(conf, "\t\tkeepalive_timeout 5s;"), old);
		assert_non_null(strstr(conf, "\t\tkeepalive 32;"));
	}
}

static void test_lost_role(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want = {.arena = &arena};
	size_t lost = 0;

	facts_of(c, 0,
		"json\tnodes\t[{\"ID\":\"x\",\"Status\":{\"Addr\":\"10.0.0.12\",\"State\":"
		"\"ready\"},"
		"\"Spec\":{\"Labels\":{\"svarm.database\":\"true\"}}}]\n",
		&f);
	assert_int_equal(provision_swarm_want(c, &c->nodes[0], &f, &want, NULL), 0);
	for (size_t i = 0; i < want.n; i++) {
		if (want.items[i].kind != RES_LABEL || strcmp(want.items[i].label.value, "false"))
			continue;
		lost++;
		assert_string_equal(want.items[i].name, "svarm.database");
		assert_string_equal(want.items[i].label.node, "fjord-2");
	}
	assert_int_equal(lost, 1);
}

/* ---- tune ---- */

static void test_reserved_ports(void **state)
{
	static const struct {
		int low, high, ssh;
		const char *expect;
	} cases[] = {
		{1024, 65000, 22, "2377,4789,6379,7007,7946,8080-8082,8090,9090,30000-32767"},
		{1024, 65000, 9090, "2377,4789,6379,7007,7946,8080-8082,8090,9090,30000-32767"},
		{1024, 65000, 2222,
			"2222,2377,4789,6379,7007,7946,8080-8082,8090,9090,30000-32767"},
		{1024, 65000, 8081, "2377,4789,6379,7007,7946,8080-8082,8090,9090,30000-32767"},
		{1024, 65000, 9022,
			"2377,4789,6379,7007,7946,8080-8082,8090,9022,9090,30000-32767"},
		{1024, 65000, 40022,
			"2377,4789,6379,7007,7946,8080-8082,8090,9090,30000-32767,40022"},
		{32768, 60999, 22, ""},
		{32768, 60999, 2222, ""},
		{32768, 60999, 40022, "40022"},
		{8081, 31000, 22, "8081-8082,8090,9090,30000-31000"},
		{8082, 8082, 22, "8082"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		tune_reserved_ports(&out, cases[i].low, cases[i].high, cases[i].ssh);
		assert_string_equal(buf_str(&out), cases[i].expect);
	}
}

static void test_sysctl_of_the_spec_wins(void **state)
{
	static const char text[] =
		"nodes:\n"
		"  - {name: a, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, worker, "
		"ingress, database]}\n"
		"tune:\n"
		"  sysctl:\n"
		"    net.ipv4.ip_local_reserved_ports: '9999'\n"
		"    vm.overcommit_memory: 2\n"
		"    net.core.somaxconn: 1000\n";
	_cleanup_(cluster_freep) struct cluster *c = parse(text);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want = {.arena = &arena};
	const struct resource *r;

	facts_make(&f, "");
	assert_int_equal(tune_want(c, &c->nodes[0], &f, &want, NULL), 0);
	r = find(&want, RES_SYSCTL, "net.ipv4.ip_local_reserved_ports");
	assert_string_equal(r->sysctl.value, "9999");
	r = find(&want, RES_SYSCTL, "vm.overcommit_memory");
	assert_string_equal(r->sysctl.value, "2");
	r = find(&want, RES_FILE, "/etc/nginx/nginx.conf");
	assert_non_null(strstr(r->file.content, "listen 80 default_server backlog=1000;"));
}

/* A range without ports of services needs none reserved. */
static void test_nothing_to_reserve(void **state)
{
	static const char text[] =
		"nodes:\n"
		"  - {name: a, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, worker, "
		"ingress, database]}\n"
		"tune: {sysctl: {net.ipv4.ip_local_port_range: 32768 60999}}\n";
	_cleanup_(cluster_freep) struct cluster *c = parse(text);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want = {.arena = &arena};

	facts_make(&f, "");
	assert_int_equal(tune_want(c, &c->nodes[0], &f, &want, NULL), 0);
	for (size_t i = 0; i < want.n; i++)
		assert_string_not_equal(want.items[i].name, "net.ipv4.ip_local_reserved_ports");
}

/* ---- faas ---- */

static void test_secrets_are_made_once(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set one = {.arena = &arena}, two = {.arena = &arena};
	const struct resource *a, *b;

	facts_of(c, 0, "", &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &one, NULL), 0);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &two, NULL), 0);
	a = find(&one, RES_FILE, "/etc/svarm/secrets/redis-password");
	b = find(&two, RES_FILE, "/etc/svarm/secrets/redis-password");
	assert_int_equal(a->file.len, 64);
	assert_int_equal(strspn(a->file.content, "0123456789abcdef"), 64);
	assert_string_not_equal(a->file.content, b->file.content);
	assert_int_equal(a->file.mode, 0600);
	assert_true(a->file.secret);
	a = find(&one, RES_FILE, "/etc/svarm/secrets/basic-auth-password");
	assert_string_not_equal(a->file.content,
		find(&one, RES_FILE, "/etc/svarm/secrets/redis-password")->file.content);
}

static void test_secret_by_reference(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = NULL;
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};
	const struct resource *secret = NULL;
	char hash[SHA256_HEX + 1];

	c->faas.password.from = SECRET_ENV;
	c->faas.password.value = "SVARM_TEST_PASSWORD";
	unsetenv("SVARM_TEST_PASSWORD");
	assert_int_equal(faas_context_load(c, images_dir, &x, &err), -ENOENT);
	setenv("SVARM_TEST_PASSWORD", "s3cret", 1);
	assert_int_equal(faas_context_load(c, images_dir, &x, &err), 0);
	/* Another password is kept on the leader: the reference wins, under a new name. */
	facts_of(c, 0, kept, &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &want, &err), 0);
	for (size_t i = 0; i < want.n; i++)
		if (want.items[i].kind == RES_SECRET &&
			!strncmp(want.items[i].name, "svarm-basic-auth-password-", 26))
			secret = &want.items[i];
	assert_non_null(secret);
	assert_string_equal(secret->secret.value, "s3cret");
	assert_non_null(strstr(find(&want, RES_STACK, "svarm")->stack.content, secret->name));
	/* The name tells versions apart, but confirms no guess of the value. */
	sha256_hex("redis password\0s3cret", 21, hash);
	assert_memory_equal(secret->name + 26, hash, 12);
	assert_int_equal(strlen(secret->name), 26 + 12);
	assert_string_equal(
		find(&want, RES_FILE, "/etc/svarm/secrets/basic-auth-password")->file.content,
		"s3cret");
}

/* What an operator put there with an editor. */
static void test_edited_secret(void **state)
{
	static const struct {
		const char *base64, *value; /* value NULL: refused */
	} files[] = {
		{"bmV3IG9uZQ==", "new one"},
		{"bmV3IG9uZQo=", "new one"},
		{"bmV3Cm9uZQo=", NULL},
		{"bmV3IG9uZQ0K", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(cluster_freep) struct cluster *c = three();
		_cleanup_(faas_context_freep) struct faas_context *x = context(c);
		_cleanup_(facts_done) struct facts f = {0};
		_cleanup_(arena_done) struct arena arena = ARENA_INIT;
		_cleanup_buf_ struct buf lines = BUF_INIT;
		_cleanup_err_ struct err err = ERR_INIT;
		struct resource_set want = {.arena = &arena};
		const char path[] = "/etc/svarm/secrets/basic-auth-password";
		int r;

		buf_addf(&lines, "stat\t%s\t600\tregular file\ncontent\t%s\t%s\n", path, path,
			files[i].base64);
		facts_of(c, 0, buf_str(&lines), &f);
		r = faas_want(c, &c->nodes[0], &f, x, &want, &err);
		assert_int_equal(r, files[i].value ? 0 : -EINVAL);
		if (files[i].value)
			assert_string_equal(
				find(&want, RES_FILE, path)->file.content, files[i].value);
	}
}

static void test_unread_secret(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};

	/* A password that is there must not be replaced because its content did not come over. */
	facts_of(c, 0, "stat\t/etc/svarm/secrets/redis-password\t600\tregular file\n", &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &want, &err), -EBADMSG);
}

static void test_hash_follows_the_service(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set one = {.arena = &arena}, two = {.arena = &arena};
	const struct resource *a, *b;

	facts_of(c, 0, kept, &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &one, NULL), 0);
	c->faas.functions[0].replicas = 7;
	c->faas.functions[2].replicas = 5;
	c->faas.queue.attempts++;
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &two, NULL), 0);
	a = find(&one, RES_STACK, "fn");
	b = find(&two, RES_STACK, "fn");
	assert_string_not_equal(a->stack.services[0].hash, b->stack.services[0].hash);
	assert_string_equal(a->stack.services[1].hash, b->stack.services[1].hash);
	/* What one that moves begins with is no part of what it is. */
	assert_string_equal(a->stack.services[2].hash, b->stack.services[2].hash);
	assert_int_equal(b->stack.services[2].replicas, 5);
	assert_non_null(strstr(b->stack.content, b->stack.services[0].hash));
	a = find(&one, RES_STACK, "svarm");
	b = find(&two, RES_STACK, "svarm");
	assert_string_equal(a->stack.services[1].hash, b->stack.services[1].hash);
	assert_string_not_equal(a->stack.services[2].hash, b->stack.services[2].hash);
}

static void test_no_functions(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set none = {.arena = &arena}, old = {.arena = &arena};

	c->faas.n_functions = 0;
	facts_of(c, 0, kept, &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &none, NULL), 0);
	assert_null(find(&none, RES_STACK, "fn"));
	/* Somebody else's stack of that name. */
	facts_done(&f);
	facts_of(c, 0,
		"json\tservices\t[{\"Spec\":{\"Name\":\"fn_echo\",\"Labels\":"
		"{\"com.docker.stack.namespace\":\"fn\"}}}]\n",
		&f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &none, NULL), 0);
	assert_null(find(&none, RES_STACK, "fn"));
	/* The last function left the spec, but still runs. */
	facts_done(&f);
	facts_of(c, 0,
		"json\tservices\t[{\"Spec\":{\"Name\":\"fn_echo\",\"Labels\":"
		"{\"com.docker.stack.namespace\":\"fn\",\"svarm.hash\":\"h\"}}}]\n",
		&f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &old, NULL), 0);
	assert_int_equal(find(&old, RES_STACK, "fn")->stack.n_services, 0);
}

/* ---- functions ---- */

/* What is wanted on the leader with the facts @more. */
static const struct resource *functions_with(
	const struct cluster *c, const char *more, struct arena *arena, struct resource_set *want)
{
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_buf_ struct buf lines = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	*want = (struct resource_set){.arena = arena};
	buf_addf(&lines, "%s%s", kept, more);
	facts_of(c, 0, buf_str(&lines), &f);
	if (faas_want(c, &c->nodes[0], &f, x, want, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return find(want, RES_STACK, "fn");
}

/* A service of the stack with @replicas, as the leader tells it. */
static const char *service_fact(struct arena *a, const char *name, int replicas)
{
	return arena_printf(a,
		"json\tservices\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"fn_%s\",\"Labels\":{"
		"\"com.docker.stack.namespace\":\"fn\",\"com.openfaas.function\":\"%s\","
		"\"svarm.hash\":\"h\"},\"Mode\":{\"Replicated\":{\"Replicas\":%d}}}}]\n",
		name, name, replicas);
}

static void test_replicas_are_kept(void **state)
{
	static const struct {
		size_t function;
		int have, want;
	} cases[] = {
		/* resize: 2 to 10, or asleep */
		{2, 5, 5},
		{2, 0, 0},
		{2, 10, 10},
		{2, 11, 10},
		/* echo: always 2 */
		{0, 5, 2},
		{0, 0, 2},
		/* figlet, by its label: 1 to 20 */
		{1, 20, 20},
		{1, 0, 1},
	};
	_cleanup_(cluster_freep) struct cluster *c = three();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(arena_done) struct arena arena = ARENA_INIT;
		const char *name = c->faas.functions[cases[i].function].name;
		struct resource_set want, fresh;
		const struct resource *r, *first = functions_with(c, "", &arena, &fresh);
		const char *at, *line = arena_printf(&arena, "replicas: %d # ", cases[i].want);

		r = functions_with(c, service_fact(&arena, name, cases[i].have), &arena, &want);
		assert_int_equal(r->stack.services[cases[i].function].replicas, cases[i].want);
		assert_string_equal(r->stack.services[cases[i].function].hash,
			first->stack.services[cases[i].function].hash);
		at = strstr(r->stack.content, arena_printf(&arena, "  \"%s\":\n", name));
		at = strstr(at, "replicas: ");
		assert_memory_equal(at, line, strlen(line));
	}
}

static const struct resource *secret_of(const struct resource_set *want, const char *prefix)
{
	for (size_t i = 0; i < want->n; i++)
		if (want->items[i].kind == RES_SECRET &&
			!strncmp(want->items[i].name, prefix, strlen(prefix)))
			return &want->items[i];
	return NULL;
}

/* A value is created once, a new one under the next number, and what clients made is outnumbered.
 */
static void test_function_secrets(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want;
	const struct resource *stack, *r;
	const char *hash, *facts;

	stack = functions_with(c, "", &arena, &want);
	r = secret_of(&want, "api-key");
	assert_string_equal(r->name, "api-key.1");
	assert_int_equal(r->secret.len, strlen("line 1\nline 2\n"));
	assert_string_equal(r->secret.labels[0], "svarm.secret=api-key");
	assert_string_equal(r->secret.labels[1], "com.openfaas.owner=openfaas");
	assert_non_null(strstr(stack->stack.content, "source: \"api-key.1\""));
	assert_non_null(strstr(stack->stack.content, "source: \"by-hand.10\""));
	assert_non_null(strstr(stack->stack.content, "/var/openfaas/secrets/by-hand"));
	assert_null(strstr(stack->stack.content, "line 1"));
	hash = r->secret.labels[2] + strlen("svarm.hash=");
	assert_null(strstr(hash, "line"));

	facts = arena_printf(&arena,
		"json\tsecrets\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"api-key.7\",\"Labels\":{"
		"\"svarm.secret\":\"api-key\",\"svarm.hash\":\"%s\"}}},{\"ID\":\"2\",\"Spec\":{"
		"\"Name\":\"by-hand\",\"Labels\":{\"com.openfaas.owner\":\"openfaas\"}}}]\n",
		hash);
	stack = functions_with(c, facts, &arena, &want);
	assert_string_equal(secret_of(&want, "api-key")->name, "api-key.7");
	assert_non_null(strstr(stack->stack.content, "source: \"by-hand\""));
	setenv("SVARM_TEST_API_KEY", "another", 1);
	functions_with(c, facts, &arena, &want);
	assert_string_equal(secret_of(&want, "api-key")->name, "api-key.8");
	arena_wipe(&arena);
}

static void functions_fail(const struct cluster *c, const char *more, int code, const char *message)
{
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};

	facts_of(c, 0, more, &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &want, &err), code);
	assert_non_null(strstr(err_msg(&err), message));
}

static void test_secret_missing(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();

	functions_fail(
		c, "json\tsecrets\t[]\n", -ENOENT, "function 'resize' wants the secret 'by-hand'");
}

/* A function that was deployed another way is neither taken over nor doubled. */
static void test_name_taken(void **state)
{
	static const char *const others[] = {
		"{\"Name\":\"echo\",\"Labels\":{\"com.openfaas.function\":\"echo\"}}",
		"{\"Name\":\"x\",\"Labels\":{\"com.openfaas.function\":\"ECHO\"}}",
		"{\"Name\":\"fn_echo\",\"Labels\":{}}",
		"{\"Name\":\"func_echo\",\"Labels\":{\"com.openfaas.function\":\"echo\","
		"\"com.docker.stack.namespace\":\"func\"}}",
	};
	_cleanup_(cluster_freep) struct cluster *c = three();

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_buf_ struct buf lines = BUF_INIT;

		buf_addf(&lines, "json\tservices\t[{\"Spec\":%s}]\n", others[i]);
		functions_fail(c, buf_str(&lines), -EEXIST, "function 'echo' runs already");
	}
}

static void function_refused(struct spec_function *fn, const struct cluster *c, const char *message)
{
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};

	facts_of(c, 0, kept, &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &want, &err), ERR_SPEC);
	assert_non_null(strstr(err_msg(&err), message));
}

static void test_refused_functions(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	struct spec_function *fn = &c->faas.functions[1];
	const char *name = fn->name, *key = fn->labels[0].key;

	fn->labels[0].key = "com.openfaas.function";
	function_refused(fn, c, "label 'com.openfaas.function' is set by svarm itself");
	fn->labels[0].key = "svarm.hash";
	function_refused(fn, c, "label 'svarm.hash' is set by svarm itself");
	fn->labels[0].key = key;
	fn->labels[0].key = "com.openfaas.annotations.x";
	function_refused(fn, c, "is set by svarm itself");
	fn->labels[0].key = key;
	fn->env[0].key = "fprocess";
	function_refused(fn, c, "has fprocess twice");
	fn->env[0].key = "WIDTH";
	fn->name = "a-name-that-is-exactly-sixty-one-characters-long-and-no-fewer";
	assert_int_equal(strlen(fn->name), 61);
	function_refused(fn, c, "is longer than 60");
	fn->name = name;
}

static void test_subnet(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want = {.arena = &arena};
	const struct resource *r;

	facts_of(c, 0, "address\twg0\t10.201.77.1\t1420\n", &f);
	assert_int_equal(faas_want(c, &c->nodes[0], &f, x, &want, NULL), 0);
	r = find(&want, RES_NETWORK, "svarm");
	assert_string_equal(r->network.subnet, "10.217.0.0/20");
	assert_int_equal(r->network.mtu, 1450);
}

static void test_missing_image(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(faas_context_freep) struct faas_context *x = NULL;
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(faas_context_load(c, "/nowhere", &x, &err), -ENOENT);
	assert_non_null(strstr(err_msg(&err), "make images"));
	assert_null(x);
}

/* ---- engine openfaas ---- */

/* What the leader wants when it says @more. */
static void want_leader(
	const struct cluster *c, const char *more, struct arena *arena, struct resource_set *ret)
{
	_cleanup_(faas_context_freep) struct faas_context *x = context(c);
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_buf_ struct buf lines = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	buf_addf(&lines, "%s%s", kept, more);
	facts_of(c, 0, buf_str(&lines), &f);
	*ret = (struct resource_set){.arena = arena};
	if (faas_want(c, &c->nodes[0], &f, x, ret, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

static const char *hash_of(const struct resource_set *want, const char *service)
{
	const struct resource *r = find(want, RES_STACK, "svarm");

	for (size_t i = 0; i < r->stack.n_services; i++)
		if (!strcmp(r->stack.services[i].name, service))
			return r->stack.services[i].hash;
	fail_msg("no service '%s'", service);
	return NULL;
}

/* Changing the engine leaves Redis alone. */
static void test_same_redis(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set svarm, openfaas;

	want_leader(c, "", &arena, &svarm);
	c->faas.engine = ENGINE_OPENFAAS;
	want_leader(c, "", &arena, &openfaas);
	assert_string_equal(hash_of(&svarm, "svarm_redis"), hash_of(&openfaas, "svarm_redis"));
	assert_string_not_equal(
		hash_of(&svarm, "svarm_gateway"), hash_of(&openfaas, "svarm_gateway"));
}

/* An engine that refuses API 1.30 makes the provider anew, and nothing else. */
static void test_provider_follows_engine(void **state)
{
	static const char old[] = "json\tinfo\t{\"ServerVersion\":\"20.10.24+dfsg1\"}\n";
	static const char new[] = "json\tinfo\t{\"ServerVersion\":\"29.0.1\"}\n";
	_cleanup_(cluster_freep) struct cluster *c = load("openfaas");
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set bare, before, after;

	want_leader(c, "", &arena, &bare);
	want_leader(c, old, &arena, &before);
	want_leader(c, new, &arena, &after);
	assert_string_equal(
		hash_of(&bare, "svarm_faas-swarm"), hash_of(&before, "svarm_faas-swarm"));
	assert_string_not_equal(
		hash_of(&before, "svarm_faas-swarm"), hash_of(&after, "svarm_faas-swarm"));
	assert_string_equal(hash_of(&before, "svarm_gateway"), hash_of(&after, "svarm_gateway"));
	c->docker_source = DOCKER_CE;
	want_leader(c, "", &arena, &bare);
	assert_string_equal(
		hash_of(&bare, "svarm_faas-swarm"), hash_of(&after, "svarm_faas-swarm"));
}

/* Every compose file that is rendered, as docker reads it. */
static void check_with_docker(const char *name)
{
	_cleanup_(cluster_freep) struct cluster *c = load(name);
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_free_ char *path = archive_path("stack.yml");
	_cleanup_free_ char *command = xasprintf(
		"docker stack config -c %s >/dev/null 2>%s.err || { cat %s.err; false; }; r=$?; "
		"rm -f %s %s.err; exit $r",
		path, path, path, path, path);
	struct resource_set want;

	want_leader(c, "", &arena, &want);
	for (size_t i = 0; i < want.n; i++) {
		const struct resource *r = &want.items[i];
		struct buf text = {.data = (char *)r->stack.content, .len = r->stack.len};

		if (r->kind != RES_STACK)
			continue;
		tar_write(&text, path);
		if (system(command) != 0)
			fail_msg("docker refuses stack '%s' of %s", r->name, name);
	}
}

static void test_docker_reads_stacks(void **state)
{
	if (system("docker stack config --help >/dev/null 2>&1") != 0)
		skip();
	check_with_docker("three");
	check_with_docker("openfaas");
	check_with_docker("monitoring");
}

static void test_endpoints(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = load("openfaas");
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want;
	const char *text;

	want_leader(c, "", &arena, &want);
	text = find(&want, RES_STACK, "svarm")->stack.content;
	assert_non_null(strstr(text, " dnsrr: \"true\"\n"));
	assert_non_null(strstr(text, "direct_functions: \"false\"\n"));
	c->faas.openfaas.endpoints = ENDPOINTS_VIP;
	want_leader(c, "", &arena, &want);
	text = find(&want, RES_STACK, "svarm")->stack.content;
	assert_non_null(strstr(text, " dnsrr: \"false\"\n"));
	assert_non_null(strstr(text, "direct_functions: \"true\"\n"));
}

/* Back to engine svarm: the services in no stack go, after those of the stack are there. */
static void test_engine_back(void **state)
{
	static const char deployed[] =
		"json\tservices\t[{\"ID\":\"1\",\"Spec\":{\"Name\":\"echo\",\"Labels\":{"
		"\"svarm.hash\":\"h\"}}},{\"ID\":\"2\",\"Spec\":{\"Name\":\"by-hand\","
		"\"Labels\":{\"com.openfaas.function\":\"by-hand\"}}}]\n";
	_cleanup_(cluster_freep) struct cluster *c = three();
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	struct resource_set want;
	const struct resource *r;

	want_leader(c, "", &arena, &want);
	assert_null(find(&want, RES_FUNCTIONS, "functions"));
	want_leader(c, deployed, &arena, &want);
	r = find(&want, RES_FUNCTIONS, "functions");
	assert_non_null(r);
	assert_int_equal(r->functions.n, 0);
	assert_true(r > find(&want, RES_STACK, "fn"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_private_address_missing),
		cmocka_unit_test(test_hostile_interface),
		cmocka_unit_test(test_other_docker),
		cmocka_unit_test(test_apparmor),
		cmocka_unit_test(test_doubtful_interfaces),
		cmocka_unit_test(test_firewall_v6_and_single),
		cmocka_unit_test(test_old_nginx),
		cmocka_unit_test(test_lost_role),
		cmocka_unit_test(test_reserved_ports),
		cmocka_unit_test(test_nothing_to_reserve),
		cmocka_unit_test(test_sysctl_of_the_spec_wins),
		cmocka_unit_test(test_secrets_are_made_once),
		cmocka_unit_test(test_secret_by_reference),
		cmocka_unit_test(test_edited_secret),
		cmocka_unit_test(test_unread_secret),
		cmocka_unit_test(test_hash_follows_the_service),
		cmocka_unit_test(test_no_functions),
		cmocka_unit_test(test_refused_functions),
		cmocka_unit_test(test_replicas_are_kept),
		cmocka_unit_test(test_function_secrets),
		cmocka_unit_test(test_secret_missing),
		cmocka_unit_test(test_name_taken),
		cmocka_unit_test(test_subnet),
		cmocka_unit_test(test_missing_image),
		cmocka_unit_test(test_same_redis),
		cmocka_unit_test(test_provider_follows_engine),
		cmocka_unit_test(test_docker_reads_stacks),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_engine_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_archives, remove_archives);
}
