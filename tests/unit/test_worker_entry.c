/* Queue entries survive the way through Redis, hostile ones do not; and what follows on a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/common/allow.h"
#include "faas/common/docker.h"
#include "faas/common/entry.h"
#include "faas/common/name.h"
#include "faas/worker/verdict.h"
#include "lib/base/macro.h"

enum { MAX_FIELDS = 40 };

/* A field list as hiredis would hand it over. */
struct fake_reply {
	redisReply list, items[MAX_FIELDS];
	redisReply *pointers[MAX_FIELDS];
};

static const redisReply *reply_of(
	struct fake_reply *f, const char *const *argv, const size_t *lens, size_t n)
{
	*f = (struct fake_reply){.list = {.type = REDIS_REPLY_ARRAY, .elements = n}};
	f->list.element = f->pointers;
	for (size_t i = 0; i < n; i++) {
		f->items[i] = (redisReply){.type = REDIS_REPLY_STRING,
			.str = (char *)argv[i],
			.len = lens ? lens[i] : strlen(argv[i])};
		f->pointers[i] = &f->items[i];
	}
	return &f->list;
}

static void test_there_and_back(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct entry_header headers[] = {{"X-A", "1"}, {"X-A", "z\"\\\xc3\xa6"}};
	const struct entry in = {.call_id = "c-1",
		.fn = "echo",
		.path = "/a%2Fb",
		.query = "x=1&y=%20",
		.method = "POST",
		.callback = "http://h:1/p",
		.headers = headers,
		.headers_n = 2,
		.body = "a\0b\xff",
		.body_len = 4,
		.enqueued_ns = 1795415825584605338u,
		.queue = "slow",
		.retry = {.attempts = 3,
			.min_ms = 10,
			.max_ms = 2000,
			.codes = {500, 429},
			.codes_n = 2},
		.tried = 4};
	struct entry_command cmd;
	struct fake_reply f;
	struct entry out;

	entry_encode(&in, "svarm:queue", &a, &cmd);
	assert_string_equal(cmd.argv[0], "XADD");
	assert_string_equal(cmd.argv[1], "svarm:queue");
	assert_string_equal(cmd.argv[2], "*");
	if (entry_decode(reply_of(&f, cmd.argv + 3, cmd.lens + 3, (size_t)cmd.argc - 3), &a, &out,
		    &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(out.call_id, "c-1");
	assert_string_equal(out.fn, "echo");
	assert_string_equal(out.path, "/a%2Fb");
	assert_string_equal(out.query, "x=1&y=%20");
	assert_string_equal(out.method, "POST");
	assert_string_equal(out.callback, "http://h:1/p");
	assert_int_equal(out.headers_n, 2);
	assert_string_equal(out.headers[1].name, "X-A");
	assert_string_equal(out.headers[1].value, "z\"\\\xc3\xa6");
	assert_int_equal(out.body_len, 4);
	assert_memory_equal(out.body, "a\0b\xff", 4);
	assert_true(out.enqueued_ns == in.enqueued_ns);
	assert_string_equal(cmd.queue, "slow");
	assert_string_equal(out.queue, "slow");
	assert_int_equal(out.retry.attempts, 3);
	assert_int_equal(out.retry.min_ms, 10);
	assert_int_equal(out.retry.max_ms, 2000);
	assert_int_equal(out.retry.codes_n, 2);
	assert_int_equal(out.retry.codes[1], 429);
	assert_int_equal(out.tried, 4);
}

static const char *const good[] = {"id", "c", "fn", "f", "path", "/", "qs", "", "method", "POST",
	"headers", "[]", "body", "", "t", "1"};

static void test_plain(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct fake_reply f;
	struct entry e;

	assert_int_equal(entry_decode(reply_of(&f, good, NULL, ARRAY_SIZE(good)), &a, &e, NULL), 0);
	assert_null(e.callback);
	assert_null(e.queue);
	assert_int_equal(e.retry.attempts, 0);
	assert_int_equal(e.retry.codes_n, 0);
	assert_int_equal(e.tried, 0);
	assert_int_equal(e.body_len, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{"id", ""},
		{"id", "a\r\nX: y"},
		{"fn", ""},
		{"fn", "a/b"},
		{"fn", "../x"},
		{"path", ""},
		{"path", "x"},
		{"path", "/a b"},
		{"path", "/a\r\nHost: x"},
		{"path", "/a#b"},
		{"qs", "a b"},
		{"qs", "a\nb"},
		{"method", ""},
		{"method", "GET /"},
		{"method", "AVERYLONGMETHODNAME"},
		{"headers", ""},
		{"headers", "{}"},
		{"headers", "[1]"},
		{"headers", "[[\"a\"]]"},
		{"headers", "[[\"a\",1]]"},
		{"headers", "[[\"a b\",\"c\"]]"},
		{"headers", "[[\"a\",\"b\\r\\nX: y\"]]"},
		{"headers", "[[\"a:\",\"b\"]]"},
		{"t", ""},
		{"t", "-1"},
		{"t", "1x"},
		{"t", "99999999999999999999999"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(arena_done) struct arena a = ARENA_INIT;
		const char *fields[ARRAY_SIZE(good)];
		struct fake_reply f;
		struct entry e;

		for (size_t k = 0; k < ARRAY_SIZE(good); k += 2) {
			fields[k] = good[k];
			fields[k + 1] = strcmp(good[k], bad[i].name) ? good[k + 1] : bad[i].value;
		}
		if (entry_decode(reply_of(&f, fields, NULL, ARRAY_SIZE(fields)), &a, &e, NULL) !=
			-EBADMSG)
			fail_msg("%s = '%s' was taken", bad[i].name, bad[i].value);
	}
	/* each field missing, in turn */
	for (size_t i = 0; i < ARRAY_SIZE(good); i += 2) {
		_cleanup_(arena_done) struct arena a = ARENA_INIT;
		const char *fields[ARRAY_SIZE(good)];
		struct fake_reply f;
		struct entry e;

		memcpy(fields, good, sizeof(good));
		fields[i] = "other";
		assert_int_equal(
			entry_decode(reply_of(&f, fields, NULL, ARRAY_SIZE(fields)), &a, &e, NULL),
			-EBADMSG);
	}
	assert_int_equal(entry_decode(NULL, NULL, NULL, NULL), -EBADMSG);
}

/* Optional fields: absent is fine, malformed or out of bounds is not. */
static void test_options_refused(void **state)
{
	static const char *const bad[][2] = {{"cb", "ftp://h/"}, {"cb", ""}, {"q", ""},
		{"q", "a b"}, {"q", "default"}, {"q", "../x"}, {"ra", "0"}, {"ra", "101"},
		{"ra", "x"}, {"ra", ""}, {"rmin", "-1"}, {"rmin", "600001"}, {"rmax", "1s"},
		{"rmax", "9999999999"}, {"rc", "99"}, {"rc", "600"}, {"rc", "500,"}, {"rc", ""},
		{"rc", "500;501"},
		{"rc", "500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500"},
		{"n", "0"}, {"n", "1000001"}, {"n", "1e3"}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(arena_done) struct arena a = ARENA_INIT;
		const char *fields[ARRAY_SIZE(good) + 2];
		struct fake_reply f;
		struct entry e;

		memcpy(fields, good, sizeof(good));
		memcpy(fields + ARRAY_SIZE(good), bad[i], sizeof(bad[i]));
		if (entry_decode(reply_of(&f, fields, NULL, ARRAY_SIZE(fields)), &a, &e, NULL) !=
			-EBADMSG)
			fail_msg("%s = '%s' was taken", bad[i][0], bad[i][1]);
	}
}

static void test_nul_in_a_word(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	size_t lens[ARRAY_SIZE(good)];
	const char *fields[ARRAY_SIZE(good)];
	struct fake_reply f;
	struct entry e;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		fields[i] = good[i];
		lens[i] = strlen(good[i]);
	}
	fields[3] = "f\0g";
	lens[3] = 3;
	assert_int_equal(
		entry_decode(reply_of(&f, fields, lens, ARRAY_SIZE(good)), &a, &e, NULL), -EBADMSG);
}

static void test_names(void **state)
{
	static const char *const urls[] = {
		"http://h", "https://h:8080/p?q=1", "HTTP://10.0.0.1/", "http://[::1]:80/"};
	static const char *const no_urls[] = {"", "h", "ftp://h", "http://", "http:///p",
		"http://u:p@h/", "http://:80/", "http://h/ x", "http://h/\r\nX: y", "//h",
		"http://h/\"", "javascript:alert(1)"};
	char name[NAME_MAX_LEN + 1];

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		if (!name_is_callback_url(urls[i]))
			fail_msg("'%s' was refused", urls[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no_urls); i++)
		if (name_is_callback_url(no_urls[i]))
			fail_msg("'%s' was taken", no_urls[i]);
	assert_true(name_split("echo", 4, name));
	assert_string_equal(name, "echo");
	assert_true(name_split("echo.openfaas-fn/x", 16, name));
	assert_string_equal(name, "echo");
	assert_false(name_split("echo.other", 10, name));
	assert_false(name_split("", 0, name));
	assert_false(name_split(".openfaas-fn", 12, name));
	assert_false(name_split("a\0b", 3, name));
	assert_false(name_is_function(
		"0123456789012345678901234567890123456789012345678901234567890123"));
	assert_true(name_is_function(
		"012345678901234567890123456789012345678901234567890123456789012"));
}

static void test_allowed_callbacks(void **state)
{
	static const char list[] = "hooks.example.com,*.Inside.net,10.1.0.0/16,192.0.2.7,fd00::/8";
	static const char *const yes[] = {"http://hooks.example.com/x",
		"https://HOOKS.example.com:8443", "http://a.inside.net/", "http://a.b.inside.net./",
		"http://10.1.255.255:80/", "http://192.0.2.7", "http://[fd12::1]:8080/p"};
	static const char *const no[] = {"http://example.com/", "http://xhooks.example.com/",
		"http://hooks.example.com.evil.net/", "http://inside.net/",
		"http://evilinside.net/", "http://10.2.0.1/", "http://192.0.2.70/",
		"http://[fe80::1]/", "http://167837697/", "http://127.0.0.1/?hooks.example.com",
		"http://[::ffff:10.1.0.1]/"};
	static const char *const bad[] = {"a b", "*", "*.", "10.0.0.0/33", "fd00::/129",
		"10.0.0.0/x", ",", "a,,b", "http://a", "a:80"};

	assert_int_equal(allow_check(list, NULL), 0);
	assert_int_equal(allow_check("", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!allow_url(list, yes[i]))
			fail_msg("'%s' was refused", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (allow_url(list, no[i]))
			fail_msg("'%s' was taken", no[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (allow_check(bad[i], NULL) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	assert_true(allow_url("", no[0]));
	assert_true(allow_url("0.0.0.0/0", "http://1.2.3.4/"));
}

static void test_verdicts(void **state)
{
	const struct retry plain = {0}, own = {.codes = {404}, .codes_n = 1};
	static const struct {
		int code, status;
		bool no_task;
		enum verdict want;
	} cases[] = {
		{0, 200, false, VERDICT_DONE},
		{0, 302, false, VERDICT_DONE},
		{0, 404, false, VERDICT_DONE},
		{0, 429, false, VERDICT_RETRY},
		{0, 500, false, VERDICT_RETRY},
		{0, 503, false, VERDICT_RETRY},
		{0, 503, true, VERDICT_WAIT},
		{0, 500, true, VERDICT_RETRY},
		{-ETIMEDOUT, 0, false, VERDICT_RETRY},
		{-EIO, 0, false, VERDICT_RETRY},
		{-ECONNREFUSED, 0, false, VERDICT_WAIT},
		{-ENOENT, 0, false, VERDICT_WAIT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (verdict_of(&plain, cases[i].code, cases[i].status, cases[i].no_task) !=
			cases[i].want)
			fail_msg("%d %d", cases[i].code, cases[i].status);
	assert_int_equal(verdict_of(&own, 0, 404, false), VERDICT_RETRY);
	assert_int_equal(verdict_of(&own, 0, 500, false), VERDICT_DONE);
	assert_int_equal(verdict_of(&own, -EIO, 0, false), VERDICT_RETRY);
	assert_int_equal(verdict_of(&own, 0, 503, true), VERDICT_WAIT);
}

static void test_backoff(void **state)
{
	assert_int_equal(backoff_ms(500, 30000, 0, 0), 500);
	assert_int_equal(backoff_ms(500, 30000, 1, 0), 2000);
	assert_int_equal(backoff_ms(500, 30000, 2, 0), 8000);
	assert_int_equal(backoff_ms(500, 30000, 3, 0), 30000);
	assert_int_equal(backoff_ms(500, 30000, 4000000000u, 0), 30000);
	for (unsigned random = 0; random < 5000; random++)
		assert_in_range(backoff_ms(500, 30000, 0, random), 250, 500);
}

static void test_docker_versions(void **state)
{
	char v[16];

	assert_int_equal(docker_pick_version("1.41", "1.12", v, NULL), 0);
	assert_string_equal(v, "1.41");
	assert_int_equal(docker_pick_version("1.52", "1.44", v, NULL), 0);
	assert_string_equal(v, "1.44");
	assert_int_equal(docker_pick_version("1.60", "1.50", v, NULL), 0);
	assert_string_equal(v, "1.50");
	assert_int_equal(docker_pick_version("1.39", "1.12", v, NULL), -ENOTSUP);
	assert_int_equal(docker_pick_version(NULL, NULL, v, NULL), -EBADMSG);
	assert_int_equal(docker_pick_version("2.0", NULL, v, NULL), -EBADMSG);
	assert_int_equal(docker_pick_version("1.4x", NULL, v, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_nul_in_a_word),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_allowed_callbacks),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_docker_versions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("queue entries", tests, NULL, NULL);
}
