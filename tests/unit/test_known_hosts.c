/* known_hosts: which lines are for a host, and what they say about the key it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "lib/node/known_hosts.h"

#define ED    "ssh-ed25519"
#define KEY_A "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"

struct check {
	const char *text, *host;
	int port;
	enum known_host expect;
	size_t line;
	bool authority;
};

/* The node shows KEY_A. */
static const struct check checks[] = {
	{"", "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"a " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 1, false},
	{"a " ED " " KEY_A "\n", "A", 22, KNOWN_HOST_OK, 1, false},
	{"A " ED " " KEY_A " comment here\n", "a", 22, KNOWN_HOST_OK, 1, false},
	{"a\t" ED "\t\t" KEY_A "\r\n", "a", 22, KNOWN_HOST_OK, 1, false},
	{"# a\n\n  a " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 3, false},
	{"a " ED " " KEY_B, "a", 22, KNOWN_HOST_CHANGED, 1, false},
	{"a " ED " " KEY_B "\na " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 2, false},
	{"a ssh-rsa " KEY_A, "a", 22, KNOWN_HOST_OTHER_TYPE, 1, false},
	{"a ssh-rsa x\na " ED " " KEY_B, "a", 22, KNOWN_HOST_CHANGED, 2, false},
	{"a " ED " " KEY_B "\na ssh-rsa x", "a", 22, KNOWN_HOST_CHANGED, 1, false},
	/* A key is one word: neither a prefix nor a longer one. */
	{"a " ED " " KEY_A "A", "a", 22, KNOWN_HOST_CHANGED, 1, false},
	{"a " ED " AAAA", "a", 22, KNOWN_HOST_CHANGED, 1, false},
	{"a " ED, "a", 22, KNOWN_HOST_CHANGED, 1, false},
	{"a", "a", 22, KNOWN_HOST_OTHER_TYPE, 1, false},
	/* Ports. */
	{"a " ED " " KEY_A, "a", 2222, KNOWN_HOST_UNKNOWN, 0, false},
	{"[a]:2222 " ED " " KEY_A, "a", 2222, KNOWN_HOST_OK, 1, false},
	{"[a]:2222 " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"[a]:22 " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 1, false},
	{"[a]:* " ED " " KEY_A, "a", 2222, KNOWN_HOST_OK, 1, false},
	{"[fe80::1]:2222 " ED " " KEY_A, "FE80::1", 2222, KNOWN_HOST_OK, 1, false},
	{"fe80::1 " ED " " KEY_A, "fe80::1", 22, KNOWN_HOST_OK, 1, false},
	/* Lists and patterns. */
	{"b,a,c " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 1, false},
	{"b,aa,c " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"10.0.0.? " ED " " KEY_A, "10.0.0.7", 22, KNOWN_HOST_OK, 1, false},
	{"10.0.0.? " ED " " KEY_A, "10.0.0.77", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"*.b.*.d " ED " " KEY_A, "a.b.c.b.x.d", 22, KNOWN_HOST_OK, 1, false},
	{"*,!a " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"!a,* " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"!a,* " ED " " KEY_A, "b", 22, KNOWN_HOST_OK, 1, false},
	{"!b " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{",,a,, " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 1, false},
	/* Markers. */
	{"@revoked a " ED " " KEY_A, "a", 22, KNOWN_HOST_REVOKED, 1, false},
	{"a " ED " " KEY_A "\n@revoked * " ED " " KEY_A, "a", 22, KNOWN_HOST_REVOKED, 2, false},
	{"@revoked * " ED " " KEY_A "\na " ED " " KEY_A, "a", 22, KNOWN_HOST_REVOKED, 1, false},
	{"@revoked * " ED " " KEY_B "\na " ED " " KEY_A, "a", 22, KNOWN_HOST_OK, 2, false},
	{"@revoked b " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"@cert-authority * " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, true},
	{"@cert-authority b " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"@something a " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"@revoked", "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	/* The hash of "a" with a salt of zeros; ssh-keygen -H makes such lines. */
	{"|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|f5hBCfOXWfP0HboE9Rg3QeNvFEU= " ED " " KEY_A, "a", 22,
		KNOWN_HOST_OK, 1, false},
	{"|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|f5hBCfOXWfP0HboE9Rg3QeNvFEU= " ED " " KEY_A, "b", 22,
		KNOWN_HOST_UNKNOWN, 0, false},
	{"|1|AAAA|AAAA " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"|1| " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
	{"| " ED " " KEY_A, "a", 22, KNOWN_HOST_UNKNOWN, 0, false},
};

static void known(struct known_hosts *k, size_t i, const char *text)
{
	k->files[i].path = xstrdup(i ? "global" : "user");
	buf_adds(&k->files[i].text, text);
}

static void test_check(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		const struct check *c = &checks[i];

		for (size_t file = 0; file < 2; file++) {
			_cleanup_(known_hosts_done) struct known_hosts k = {0};
			struct known_host_match m;
			enum known_host got;

			known(&k, file, c->text);
			got = known_hosts_check(&k, c->host, c->port, ED, KEY_A, &m);
			if (got != c->expect || m.line != c->line || m.authority != c->authority)
				fail_msg("'%s': %d line %zu authority %d", c->text, got, m.line,
					m.authority);
			if (c->line)
				assert_string_equal(m.path, file ? "global" : "user");
		}
	}
}

/* A revocation in one file beats the other file. */
static void test_two_files(void **state)
{
	_cleanup_(known_hosts_done) struct known_hosts k = {0};
	struct known_host_match m;

	known(&k, 0, "a " ED " " KEY_A);
	known(&k, 1, "\n@revoked * " ED " " KEY_A);
	assert_int_equal(known_hosts_check(&k, "a", 22, ED, KEY_A, &m), KNOWN_HOST_REVOKED);
	assert_string_equal(m.path, "global");
	assert_int_equal(m.line, 2);
	assert_int_equal(known_hosts_check(&k, "a", 22, ED, KEY_B, NULL), KNOWN_HOST_CHANGED);
}

static void test_types(void **state)
{
	_cleanup_(known_hosts_done) struct known_hosts k = {0};

	known(&k, 0, "a ecdsa-sha2-nistp256 x\n@revoked a ssh-rsa x\nb ssh-ed25519 x\n");
	assert_true(known_hosts_has_type(&k, "a", 22, "ecdsa-sha2-"));
	assert_false(known_hosts_has_type(&k, "a", 22, "ssh-rsa"));
	assert_false(known_hosts_has_type(&k, "a", 22, "ssh-ed25519"));
	assert_true(known_hosts_has_type(&k, "b", 22, "ssh-ed25519"));
}

static void test_load(void **state)
{
	char dir[] = "/tmp/svarm-test-XXXXXX";
	_cleanup_(known_hosts_done) struct known_hosts k = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_free_ char *path = NULL, *folder = NULL;

	assert_non_null(mkdtemp(dir));
	folder = xasprintf("%s/new", dir);
	path = xasprintf("%s/known_hosts", folder);
	assert_int_equal(known_hosts_load(path, NULL, &k, &err), 0);
	assert_int_equal(known_hosts_check(&k, "a", 22, ED, KEY_A, NULL), KNOWN_HOST_UNKNOWN);

	assert_int_equal(known_hosts_append(path, "A", 22, ED, KEY_A, &err), 0);
	assert_int_equal(known_hosts_append(path, "b", 2222, ED, KEY_B, &err), 0);
	known_hosts_done(&k);
	assert_int_equal(known_hosts_load(path, NULL, &k, &err), 0);
	assert_string_equal(
		buf_str(&k.files[0].text), "a " ED " " KEY_A "\n[b]:2222 " ED " " KEY_B "\n");
	known_hosts_done(&k);

	/* Something that cannot be read is not an empty file. */
	assert_true(known_hosts_load(folder, NULL, &k, &err) < 0);
	unlink(path);
	rmdir(folder);
	assert_true(known_hosts_append(dir, "a", 22, ED, KEY_A, &err) < 0);
	rmdir(dir);
}

/* The line after one that lacks its newline must not be glued to it. */
static void test_append_to_torn_file(void **state)
{
	char path[] = "/tmp/svarm-test-XXXXXX";
	_cleanup_(known_hosts_done) struct known_hosts k = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "x y", 3), 3);
	close(fd);
	assert_int_equal(known_hosts_append(path, "a", 22, ED, KEY_A, &err), 0);
	assert_int_equal(known_hosts_load(path, NULL, &k, &err), 0);
	assert_string_equal(buf_str(&k.files[0].text), "x y\na " ED " " KEY_A "\n");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_two_files),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_append_to_torn_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
