/* The typed values of a spec: what each parser takes, what it refuses, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/macro.h"
#include "lib/spec/cluster.h"
#include "lib/spec/suggest.h"
#include "lib/spec/values.h"

#define NO_NUMBER UINT64_MAX

struct number_case {
	const char *text;
	uint64_t value; /* NO_NUMBER: refused */
};

static const struct number_case sizes[] = {
	{"0", 0},
	{"1", 1},
	{"4096", 4096},
	{"1K", 1024},
	{"1k", 1024},
	{"50M", UINT64_C(52428800)},
	{"50MB", UINT64_C(52428800)},
	{"50MiB", UINT64_C(52428800)},
	{"50mi", UINT64_C(52428800)},
	{"2G", UINT64_C(2) << 30},
	{"1T", UINT64_C(1) << 40},
	{"7b", 7},
	{"17179869183G", UINT64_C(17179869183) << 30},
	{"17179869184G", NO_NUMBER},
	{"18446744073709551616", NO_NUMBER},
	{"99999999999999999999999K", NO_NUMBER},
	{"", NO_NUMBER},
	{"M", NO_NUMBER},
	{"-1", NO_NUMBER},
	{"+1", NO_NUMBER},
	{"1.5G", NO_NUMBER},
	{"1 M", NO_NUMBER},
	{"1MM", NO_NUMBER},
	{"1i", NO_NUMBER},
	{"1P", NO_NUMBER},
	{"0x10", NO_NUMBER},
	{" 1", NO_NUMBER},
};

static const struct number_case durations[] = {
	{"1ms", 1000},
	{"60s", UINT64_C(60000000)},
	{"5m", UINT64_C(300000000)},
	{"5m5s", UINT64_C(305000000)},
	{"1h", UINT64_C(3600000000)},
	{"1d2h3m4s5ms", UINT64_C(93784005000)},
	{"0s", 0},
	{"60", NO_NUMBER},
	{"0", NO_NUMBER},
	{"", NO_NUMBER},
	{"s", NO_NUMBER},
	{"5s5m", NO_NUMBER},
	{"5s5s", NO_NUMBER},
	{"5s5", NO_NUMBER},
	{"1.5s", NO_NUMBER},
	{"5 s", NO_NUMBER},
	{"5sec", NO_NUMBER},
	{"5msx", NO_NUMBER},
	{"-5s", NO_NUMBER},
};

/* In thousandths. */
static const struct number_case cpus[] = {
	{"1", 1000},
	{"1.5", 1500},
	{"0.25", 250},
	{"0.001", 1},
	{"100m", 100},
	{"2000m", 2000},
	{"0", 0},
	{"1.", NO_NUMBER},
	{".5", NO_NUMBER},
	{"1.2345", NO_NUMBER},
	{"1.5m", NO_NUMBER},
	{"1e3", NO_NUMBER},
	{"-1", NO_NUMBER},
	{"nan", NO_NUMBER},
	{"99999999999999999999", NO_NUMBER},
	{"", NO_NUMBER},
};

static const struct number_case ints[] = {
	{"0", 0},
	{"7", 7},
	{"2147483647", 2147483647},
	{"2147483648", NO_NUMBER},
	{"18446744073709551617", NO_NUMBER},
	{"-1", NO_NUMBER},
	{"+1", NO_NUMBER},
	{"007", NO_NUMBER},
	{"0x7", NO_NUMBER},
	{"1_000", NO_NUMBER},
	{"1.0", NO_NUMBER},
	{"", NO_NUMBER},
	{" 7", NO_NUMBER},
};

static void check_number(const struct number_case *c, int r, uint64_t value, struct err *err)
{
	if (c->value == NO_NUMBER) {
		if (r == 0)
			fail_msg("'%s' was taken", c->text);
		assert_int_equal(r, ERR_SPEC);
		assert_int_equal(value, 12345); /* untouched */
		assert_non_null(strstr(err_msg(err), "'"));
		return;
	}
	if (r < 0)
		fail_msg("%s", err_msg(err));
	assert_int_equal(value, c->value);
}

static void test_sizes(void **state)
{
	const struct value_context x = {0};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		uint64_t n = 12345;
		int r = value_size(&x, sizes[i].text, &n, &err);

		check_number(&sizes[i], r, n, &err);
	}
}

static void test_durations(void **state)
{
	const struct value_context x = {0};

	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		usec_t n = 12345;
		int r = value_duration(&x, durations[i].text, &n, &err);

		check_number(&durations[i], r, n, &err);
	}
}

static void test_amount(void **state)
{
	static const struct {
		const char *text;
		double value; /* negative: refused */
	} cases[] = {
		{"0", 0},
		{"12", 12},
		{"0.0000166667", 0.0000166667},
		{"0.25", 0.25},
		{"007.50", 7.5},
		{"1000", 1000},
		{"1000.5", -1},
		{"999999999999999999", -1},
		{"", -1},
		{".5", -1},
		{"5.", -1},
		{"-1", -1},
		{"+1", -1},
		{"1e3", -1},
		{"1,5", -1},
		{"0x10", -1},
		{"nan", -1},
		{"inf", -1},
		{" 1", -1},
		{"1 ", -1},
	};
	struct value_context x = {.max = 1000};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		double amount = -7;
		int r = value_amount(&x, cases[i].text, &amount, &err);

		if (cases[i].value < 0) {
			assert_int_equal(r, ERR_SPEC);
			assert_true(amount == -7); /* untouched */
			assert_non_null(strstr(err_msg(&err), cases[i].text));
		} else {
			assert_int_equal(r, 0);
			assert_true(amount == cases[i].value);
		}
	}
}

static void test_cpus(void **state)
{
	const struct value_context x = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		double n = 12.345;
		int r = value_cpus(&x, cpus[i].text, &n, &err);

		check_number(&cpus[i], r, (uint64_t)(n * 1000 + 0.5), &err);
	}
}

static void test_ints(void **state)
{
	const struct value_context x = {0};

	for (size_t i = 0; i < ARRAY_SIZE(ints); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		int n = 12345, r = value_int(&x, ints[i].text, &n, &err);

		check_number(&ints[i], r, (uint64_t)n, &err);
	}
}

static void test_ranges(void **state)
{
	struct value_context x = {.min = 10, .max = 20};
	_cleanup_err_ struct err err = ERR_INIT;
	uint64_t size = 0;
	int n = 0;

	assert_int_equal(value_int(&x, "10", &n, &err), 0);
	assert_int_equal(value_int(&x, "20", &n, &err), 0);
	assert_int_equal(value_int(&x, "9", &n, &err), ERR_SPEC);
	assert_int_equal(value_int(&x, "21", &n, &err), ERR_SPEC);
	assert_string_equal(err_msg(&err), "'21' is out of range: 10 to 20");
	assert_int_equal(n, 20);
	x = (struct value_context){.min = 1 << 20, .max = 1 << 30};
	assert_int_equal(value_size(&x, "256", &size, &err), ERR_SPEC);
	assert_string_equal(
		err_msg(&err), "'256' is too small: at least 1M; is a unit (K, M, G) missing?");
	assert_int_equal(value_size(&x, "2G", &size, &err), ERR_SPEC);
	assert_string_equal(err_msg(&err), "'2G' is too large: at most 1G");
	assert_int_equal(value_size(&x, "1G", &size, &err), 0);
}

struct text_case {
	value_fn *parse;
	const char *text;
	const char *expect; /* NULL: refused */
};

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define KEY    "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static const struct text_case texts[] = {
	{value_label, "a", "a"},
	{value_label, "a-1", "a-1"},
	{value_label, "1a", "1a"},
	{value_label, "a-", NULL},
	{value_label, "-a", NULL},
	{value_label, "A", NULL},
	{value_label, "a.b", NULL},
	{value_label, "a b", NULL},
	{value_label, "", NULL},
	{value_label, "æ", NULL},
	{value_user, "ubuntu", "ubuntu"},
	{value_user, "first.last", "first.last"},
	{value_user, "-x", NULL},
	{value_user, "a b", NULL},
	{value_user, "a@b", NULL},
	{value_login, "ops@example.com", "ops@example.com"},
	{value_login, "a:b", NULL},
	{value_image, "nginx", "nginx"},
	{value_image, "nginx:1.25", "nginx:1.25"},
	{value_image, "team/nginx:1.25", "team/nginx:1.25"},
	{value_image, "r.example:5000/a/b_c/d-e:v1.0_x", "r.example:5000/a/b_c/d-e:v1.0_x"},
	{value_image, "localhost/a", "localhost/a"},
	{value_image, "r.example/a:1@" DIGEST, "r.example/a:1@" DIGEST},
	{value_image, "a@" DIGEST, "a@" DIGEST},
	{value_image, "a@sha256:00", NULL},
	{value_image, "a@" DIGEST "0", NULL},
	{value_image, "A", NULL},
	{value_image, "a:", NULL},
	{value_image, ":a", NULL},
	{value_image, "a:.b", NULL},
	{value_image, "a//b", NULL},
	{value_image, "/a", NULL},
	{value_image, "a/", NULL},
	{value_image, "-a", NULL},
	{value_image, "a b", NULL},
	{value_image, "a:b:c", NULL},
	{value_image, "r.example:x/a", NULL},
	{value_image, "http://r.example/a", NULL},
	{value_image, "../a", NULL},
	{value_image, "$(id)", NULL},
	{value_address, "203.0.113.1", "203.0.113.1"},
	{value_address, "2001:DB8:0::1", "2001:db8::1"},
	{value_address, "127.0.0.1", "127.0.0.1"},
	{value_address, "a.example.com", "a.example.com"},
	{value_address, "host", "host"},
	{value_address, "xn--a-1.example", "xn--a-1.example"},
	{value_address, "1.2.3.4.5", NULL},
	{value_address, "1.2.3", NULL},
	{value_address, "256.1.1.1", NULL},
	{value_address, "a..b", NULL},
	{value_address, ".a", NULL},
	{value_address, "a.", NULL},
	{value_address, "-a", NULL},
	{value_address, "a-.b", NULL},
	{value_address, "a_b", NULL},
	{value_address, "a b", NULL},
	{value_address, "a;b", NULL},
	{value_address, "0.0.0.0", NULL},
	{value_address, "224.0.0.1", NULL},
	{value_private, "10.0.0.1", "10.0.0.1"},
	{value_private, "FD00::0:1", "fd00::1"},
	{value_private, "127.0.0.1", NULL},
	{value_private, "host", NULL},
	{value_private, "10.0.0.01", NULL},
	{value_host_key, KEY, KEY},
	{value_host_key, KEY "=", KEY},
	{value_host_key, KEY "A", NULL},
	{value_host_key, KEY "==", NULL},
	{value_host_key, "SHA256:", NULL},
	{value_host_key, "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", NULL},
	{value_sysctl_key, "net.core.somaxconn", "net.core.somaxconn"},
	{value_sysctl_key, "net.ipv4.conf.eth0-1.rp_filter", "net.ipv4.conf.eth0-1.rp_filter"},
	{value_sysctl_key, "net", NULL},
	{value_sysctl_key, "net.", NULL},
	{value_sysctl_key, ".net", NULL},
	{value_sysctl_key, "net..x", NULL},
	{value_sysctl_key, "net/core/x", NULL},
	{value_sysctl_key, "net.core.x y", NULL},
	{value_sysctl_key, "net.core.-x", NULL},
	{value_sysctl_key, "foo.bar", NULL},
	{value_sysctl, "1", "1"},
	{value_sysctl, "-1", "-1"},
	{value_sysctl, "  4096   87380  6291456 ", "4096 87380 6291456"},
	{value_sysctl, "30000-32767,8080", "30000-32767,8080"},
	{value_sysctl, "bbr", "bbr"},
	{value_sysctl, "", NULL},
	{value_sysctl, "   ", NULL},
	{value_sysctl, "-x", NULL},
	{value_sysctl, "|/bin/sh", NULL},
	{value_sysctl, "1;2", NULL},
	{value_sysctl, "a=b", NULL},
	{value_env_key, "A_b.C-1", "A_b.C-1"},
	{value_env_key, "_", "_"},
	{value_env_key, "1A", NULL},
	{value_env_key, "A=B", NULL},
	{value_env_key, "A B", NULL},
	{value_env_key, "", NULL},
	{value_label_key, "com.openfaas.scale.max", "com.openfaas.scale.max"},
	{value_label_key, "com.openfaas.function", NULL},
	{value_label_key, "com.docker.stack.namespace", NULL},
	{value_label_key, "a=b", NULL},
	{value_label_key, "", NULL},
	{value_constraint, "node.labels.zone==a", "node.labels.zone==a"},
	{value_constraint, "node.role != manager", "node.role != manager"},
	{value_constraint, "engine.labels.os==x y", "engine.labels.os==x y"},
	{value_constraint, "node.labels.zone=a", NULL},
	{value_constraint, "zone==a", NULL},
	{value_constraint, "node.id==", NULL},
	{value_constraint, "node.id==a;b", NULL},
	{value_server_name, "_", "_"},
	{value_server_name, "*.a.example b.example", "*.a.example b.example"},
	{value_server_name, "a;b", NULL},
	{value_server_name, "a{", NULL},
	{value_server_name, "~^x", NULL},
	{value_server_name, " ", NULL},
	{value_server_name, "-a", NULL},
	{value_path, "/etc/x", "/etc/x"},
	{value_path, "keys/x", "specs/keys/x"},
	{value_path, "-", NULL},
};

static void test_texts(void **state)
{
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	const struct value_context x = {.arena = &arena, .base = "specs/cluster.yaml"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		const char *s = NULL;
		int r = texts[i].parse(&x, texts[i].text, &s, &err);

		if (r == 0 && !texts[i].expect)
			fail_msg("case %zu: '%s' was taken", i, texts[i].text);
		if (r < 0 && texts[i].expect)
			fail_msg("case %zu: %s", i, err_msg(&err));
		assert_int_equal(r, texts[i].expect ? 0 : ERR_SPEC);
		if (texts[i].expect)
			assert_string_equal(s, texts[i].expect);
		else
			assert_null(s);
	}
}

static void test_secrets(void **state)
{
	static const char *const wrong[] = {"hunter2", "env", "env:", "env: ", "env:hunter-2",
		"env:1hunter2", "file:", "file:-", "cmd:", "ENV:hunter2", "vault:hunter2",
		"://hunter2"};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	const struct value_context x = {.arena = &arena, .base = "specs/cluster.yaml"};
	_cleanup_err_ struct err err = ERR_INIT;
	struct secret_ref ref = {0};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(value_secret(&x, wrong[i], &ref, &err), ERR_SPEC);
		assert_null(strstr(err_msg(&err), "hunter"));
		assert_int_equal(ref.from, SECRET_NONE);
	}
	assert_int_equal(value_secret(&x, "env:A_1", &ref, &err), 0);
	assert_int_equal(ref.from, SECRET_ENV);
	assert_string_equal(ref.value, "A_1");
	assert_int_equal(value_secret(&x, "file: secrets/a", &ref, &err), 0);
	assert_int_equal(ref.from, SECRET_FILE);
	assert_string_equal(ref.value, "specs/secrets/a");
	assert_int_equal(value_secret(&x, "cmd:sops -d 'a b.yaml'", &ref, &err), 0);
	assert_int_equal(ref.from, SECRET_CMD);
	assert_string_equal(ref.value, "sops -d 'a b.yaml'");
}

static void test_quote_in_messages(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	value_quote(&b, "a\x1b[2Jb\n");
	assert_string_equal(buf_str(&b), "'a\\x1b[2Jb\\n'");
	buf_clear(&b);
	value_quote(&b, "åååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååååå");
	assert_int_equal(b.len, 1 + 2 * 60 + 3 + 1);
	assert_string_equal(b.data + b.len - 4, "…'");
}

static void test_show_size(void **state)
{
	static const struct number_case cases[] = {{"0", 0}, {"1023", 1023}, {"1K", 1024},
		{"1.5K", 1536}, {"50M", 50 << 20}, {"800G", UINT64_C(800) << 30},
		{"16777216T", UINT64_MAX}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		value_show_size(&b, cases[i].value);
		assert_string_equal(buf_str(&b), cases[i].text);
	}
}

static void test_suggestions(void **state)
{
	static const char *const keys[] = {
		"address", "private", "roles", "host_key", "user", "port"};
	static const struct {
		const char *typed, *expect;
	} cases[] = {
		{"adress", "address"},
		{"addrses", "address"},
		{"Address", "address"},
		{"role", "roles"},
		{"hostkey", "host_key"},
		{"host-key", "host_key"},
		{"prot", "port"},
		{"usr", "user"},
		{"colour", NULL},
		{"x", NULL},
		{"", NULL},
		{"privateprivateprivateprivateprivateprivateprivate", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *near = suggest(cases[i].typed, keys, ARRAY_SIZE(keys));

		if (cases[i].expect)
			assert_string_equal(near ? near : "nothing", cases[i].expect);
		else
			assert_null(near);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_amount),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_ints),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_quote_in_messages),
		cmocka_unit_test(test_show_size),
		cmocka_unit_test(test_suggestions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
