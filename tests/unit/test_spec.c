/* The spec as its users see it: defaults, look-ups, paths, limits.  Broken specs are in tests/plan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ext/json.h"
#include "lib/spec/cluster.h"
#include "lib/spec/diag.h"
#include "lib/spec/grammar.h"
#include "lib/spec/schema.h"

#define NODE                                                        \
	"nodes: [{name: a, address: b.example, private: 10.0.0.1, " \
	"roles: [manager, worker, ingress, database]}]\n"

static struct cluster *good(const char *path, const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;

	if (cluster_parse(path, text, strlen(text), &c, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_non_null(c);
	return c;
}

static void bad(const char *text, size_t len, const char *expect)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;

	assert_int_equal(cluster_parse("c.yaml", text, len, &c, &err), ERR_SPEC);
	assert_null(c);
	if (!strstr(err_msg(&err), expect))
		fail_msg("no '%s' in: %s", expect, err_msg(&err));
}

static void test_defaults(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = good("c.yaml", NODE);

	assert_string_equal(c->path, "c.yaml");
	assert_string_equal(c->name, "svarm");
	assert_string_equal(c->ssh.user, "root");
	assert_int_equal(c->ssh.port, 22);
	assert_int_equal(c->ssh.connect_timeout, 120 * USEC_PER_SEC);
	assert_int_equal(c->ssh.n_identities, 0);
	assert_int_equal(c->docker_source, DOCKER_DISTRO);
	assert_int_equal(c->tune.n_sysctl, 3);
	assert_string_equal(cluster_sysctl(c, "net.core.somaxconn"), "65535");
	assert_string_equal(cluster_sysctl(c, "net.ipv4.tcp_tw_reuse"), "1");
	assert_string_equal(cluster_sysctl(c, "net.ipv4.ip_local_port_range"), "1024 65000");
	assert_null(cluster_sysctl(c, "vm.swappiness"));
	assert_string_equal(c->tune.nginx.server_name, "_");
	assert_int_equal(c->tune.nginx.client_max_body_size, 50 << 20);
	assert_int_equal(c->tune.nginx.client_body_buffer_size, 50 << 20);
	assert_int_equal(c->tune.nginx.upstream_keepalive, 32);
	assert_int_equal(c->tune.nginx.proxy_read_timeout, 60 * USEC_PER_SEC);
	assert_int_equal(c->tune.nginx.proxy_connect_timeout, 5 * USEC_PER_SEC);
	assert_int_equal(c->tune.nginx.worker_connections, 16384);
	assert_int_equal(c->faas.engine, ENGINE_SVARM);
	assert_string_equal(c->faas.user, "admin");
	assert_int_equal(c->faas.password.from, SECRET_NONE);
	assert_int_equal(c->faas.max_inflight, 32);
	assert_int_equal(c->faas.redis.memory, 256 << 20);
	assert_int_equal(c->faas.redis.persistence, REDIS_AOF);
	assert_int_equal(c->faas.n_functions + c->n_images + c->n_fail_if, 0);
}

/* An empty section is as good as none. */
static void test_empty_sections(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = good("c.yaml",
		NODE "ssh:\ndocker: {}\ntune: ~\nfaas: {redis: , functions: }\nimages: null\n");

	assert_string_equal(c->ssh.user, "root");
	assert_int_equal(c->tune.nginx.worker_connections, 16384);
	assert_int_equal(c->faas.redis.memory, 256 << 20);
	assert_int_equal(c->faas.max_inflight, 32);
}

static void test_nodes(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = good("c.yaml",
		"ssh: {user: ubuntu, port: 2222}\n"
		"nodes:\n"
		"- {name: w, address: w.example, private: 10.0.0.1, roles: [worker, database]}\n"
		"- {name: m, address: m.example, private: 10.0.0.2, roles: [ingress, manager], "
		"user: root, port: 22}\n"
		"- {name: n, address: n.example, private: 10.0.0.3, roles: manager}\n"
		"- {name: o, address: o.example, private: 10.0.0.4, roles: manager}\n");

	assert_int_equal(c->n_nodes, 4);
	assert_string_equal(cluster_leader(c)->name, "m");
	assert_int_equal(cluster_leader(c)->index, 1);
	assert_int_equal(cluster_leader(c)->line, 4);
	assert_string_equal(cluster_first(c, ROLE_DATABASE)->name, "w");
	assert_int_equal(cluster_count(c, ROLE_MANAGER), 3);
	assert_int_equal(cluster_count(c, ROLE_WORKER), 1);
	assert_string_equal(c->nodes[0].user, "ubuntu");
	assert_int_equal(c->nodes[0].port, 2222);
	assert_string_equal(c->nodes[1].user, "root");
	assert_int_equal(c->nodes[1].port, 22);
	assert_int_equal(c->nodes[1].roles, ROLE_INGRESS | ROLE_MANAGER);
	assert_null(c->nodes[0].host_key);
	assert_string_equal(role_name(ROLE_DATABASE), "database");
}

static void test_paths(void **state)
{
	static const char text[] = NODE
		"ssh: {identity: [~/.ssh/id, keys/id, /abs], known_hosts: kh}\n"
		"images: [../a.tar]\nfaas: {password: 'file:pw'}\n";
	_cleanup_(cluster_freep) struct cluster *c = NULL, *d = NULL;

	setenv("HOME", "/home/me", 1);
	c = good("specs/x/c.yaml", text);
	assert_int_equal(c->ssh.n_identities, 3);
	assert_string_equal(c->ssh.identities[0], "/home/me/.ssh/id");
	assert_string_equal(c->ssh.identities[1], "specs/x/keys/id");
	assert_string_equal(c->ssh.identities[2], "/abs");
	assert_string_equal(c->ssh.known_hosts, "specs/x/kh");
	assert_string_equal(c->images[0].archive, "specs/x/../a.tar");
	assert_int_equal(c->images[0].line, 3);
	assert_string_equal(c->faas.password.value, "specs/x/pw");
	d = good("-", text); /* standard input: relative to where we are */
	assert_string_equal(d->ssh.identities[1], "keys/id");
}

static void test_one_is_a_list(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = good(
		"c.yaml", NODE "ssh: {identity: /k}\nverify: {fail_if: 'http.rps < 1'}\n");

	assert_int_equal(c->ssh.n_identities, 1);
	assert_string_equal(c->ssh.identities[0], "/k");
	assert_int_equal(c->n_fail_if, 1);
	assert_string_equal(c->fail_if[0], "http.rps < 1");
}

/* Whatever a value looks like to YAML, it is text to us, byte by byte. */
static void test_values_are_literal(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = good("c.yaml", NODE
		"faas: {functions: [{name: f, image: 'a:1', env: {A: \"$(id) `x` 'y' \\\\ \\\"\", "
		"B: yes, C: 010, D: 1e3, E: '{{x}}', F: \"\", G: '-n', H: æ日}}]}\n");
	static const char *const expect[] = {
		"$(id) `x` 'y' \\ \"", "yes", "010", "1e3", "{{x}}", "", "-n", "æ日"};
	const struct spec_function *f = &c->faas.functions[0];

	assert_int_equal(f->n_env, ARRAY_SIZE(expect));
	for (size_t i = 0; i < f->n_env; i++)
		assert_string_equal(f->env[i].value, expect[i]);
}

/* Following the advice of the warning makes it go away. */
static void test_body_memory(void **state)
{
	static const struct {
		const char *nginx, *advice;
	} cases[] = {
		{"client_body_buffer_size: 50M", "50M of body buffer take 800G"},
		{"client_body_buffer_size: 50M", "(to 256K:"},
		{"client_body_buffer_size: 256K", NULL},
		{"client_body_buffer_size: 257K", "(to 256K:"},
		{"client_max_body_size: 256K", NULL},
		{"client_body_buffer_size: 1G, client_max_body_size: 1G, worker_connections: "
		 "1048576",
			"(to 4K:"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(cluster_freep) struct cluster *c = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT;
		bool found = false, told = false;

		buf_addf(&text, NODE "tune: {nginx: {%s}}\n", cases[i].nginx);
		c = good("c.yaml", buf_str(&text));
		for (size_t w = 0; w < c->n_warnings; w++) {
			told = told || strstr(c->warnings[w], "per nginx worker");
			found = found ||
				(cases[i].advice && strstr(c->warnings[w], cases[i].advice));
		}
		assert_int_equal(told, cases[i].advice != NULL);
		assert_int_equal(found, cases[i].advice != NULL);
	}
}

static void test_sysctl_merge(void **state)
{
	_cleanup_(cluster_freep) struct cluster *c = good("c.yaml",
		NODE "tune:\n sysctl:\n  vm.swappiness: 10\n  net.core.somaxconn: 4096\n "
		     " fs.file-max: 1\n");

	assert_int_equal(c->tune.n_sysctl, 5);
	assert_string_equal(c->tune.sysctl[0].key, "net.core.somaxconn");
	assert_string_equal(c->tune.sysctl[0].value, "4096");
	assert_int_equal(c->tune.sysctl[0].line, 5);
	assert_int_equal(c->tune.sysctl[1].line, 0);
	assert_string_equal(c->tune.sysctl[3].key, "vm.swappiness");
	assert_string_equal(c->tune.sysctl[4].key, "fs.file-max");
}

static void test_limits_of_the_text(void **state)
{
	static char large[SPEC_MAX_BYTES + 1];

	memset(large, '#', sizeof(large));
	bad(large, sizeof(large), "larger than 1 MiB");
	bad(large, sizeof(large) - 1, "the spec is empty");
	bad("", 0, "c.yaml:1:1: the spec is empty");
	bad(NULL, 0, "the spec is empty");
	bad("\0", 1, "NUL");
	bad("a: \x1b[2J", 7, "c.yaml:1:4: control character U+001B");
	bad("a: \x7f", 4, "control character U+007F");
	bad("\n\na: \xc2\x9b", 7, "c.yaml:3:4: control character U+009B");
	bad("a: \xe2\x80\xa8", 6, "control character U+2028");
	bad("a: \xef\xbb\xbf", 6, "control character U+FEFF");
	bad("a: \xed\xa0\x80", 6, "byte 0xed is not UTF-8");
	bad("a: \xc0\x80", 5, "byte 0xc0 is not UTF-8");
	bad("a: \xe6\x97", 5, "byte 0xe6 is not UTF-8");
	bad("\xff\xfe"
	    "a\0",
		4, "byte 0xff is not UTF-8");
	bad("cluster: \"a\nb", 13, "never closed");
}

/* Thirty-two levels are read, thirty-three are not; with the caller's stack unharmed by either. */
static void test_depth(void **state)
{
	char text[200];

	for (int depth = 31; depth <= 40; depth++) {
		size_t n = (size_t)depth - 1;

		memcpy(text, "x: ", 3);
		memset(text + 3, '[', n);
		memset(text + 3 + n, ']', n);
		bad(text, 3 + 2 * n, depth <= 32 ? "unknown key 'x'" : "nested deeper than 32");
	}
}

static void test_load(void **state)
{
	char path[] = "/tmp/test_spec.XXXXXX";
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, NODE, sizeof(NODE) - 1), sizeof(NODE) - 1);
	close(fd);
	assert_int_equal(cluster_load(path, &c, &err), 0);
	assert_string_equal(c->path, path);
	unlink(path);
	cluster_free(c);
	c = NULL;
	assert_int_equal(cluster_load(path, &c, &err), -ENOENT);
	assert_int_equal(cluster_load("/dev/zero", &c, &err), ERR_SPEC);
	assert_null(c);
}

/* All mistakes are told, in the order of the file, and no more than fifty of them. */
static void test_all_at_once(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct cluster *c = NULL;
	const char *at;

	buf_adds(&text, NODE);
	for (int i = 0; i < 60; i++)
		buf_addf(&text, "bad%02d: x\n", i);
	assert_int_equal(cluster_parse("c.yaml", text.data, text.len, &c, &err), ERR_SPEC);
	at = err_msg(&err);
	for (int i = 0; i < 50; i++) {
		char expect[64];

		snprintf(expect, sizeof(expect), "c.yaml:%d:1: unknown key 'bad%02d'", i + 2, i);
		at = strstr(at, expect);
		assert_non_null(at);
	}
	assert_null(strstr(at, "'bad50'"));
	assert_non_null(strstr(at, "…and 10 more"));
}

/* ---- schema ---- */

static void check_properties(const json_t *schema, const struct section *s)
{
	const json_t *properties = json_object_get(schema, "properties");
	size_t n = 0;

	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		const json_t *p = json_object_get(properties, f->key);

		assert_non_null(p);
		assert_string_equal(json_string_value(json_object_get(p, "description")), f->help);
		assert_true(!f->dflt == !json_object_get(p, "default"));
		if (f->shape == SHAPE_SECTION)
			check_properties(p, f->section);
		if (f->shape == SHAPE_SECTIONS)
			check_properties(json_object_get(p, "items"), f->section);
		n += f->also ? 2 : 1;
	}
	assert_int_equal(json_object_size(properties), n);
}

static void test_schema(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *schema = NULL;

	schema_print(&text);
	if (json_parse_unique(text.data, text.len, 1 << 20, &schema, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
		"https://json-schema.org/draft/2020-12/schema");
	check_properties(schema, &grammar_root);
	json_decref(schema);
}

static void test_secret_names(void **state)
{
	static const char *const secret[] = {"password", "PASSWORD", "db_passwd", "apiToken",
		"CLIENT_SECRET", "api-key", "x.private_key"};
	static const char *const plain[] = {"", "user", "host_key", "identity", "name", "image"};

	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(diag_secret_name(secret[i], strlen(secret[i])));
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		assert_false(diag_secret_name(plain[i], strlen(plain[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_empty_sections),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_one_is_a_list),
		cmocka_unit_test(test_values_are_literal),
		cmocka_unit_test(test_body_memory),
		cmocka_unit_test(test_sysctl_merge),
		cmocka_unit_test(test_limits_of_the_text),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_secret_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
