/* Thresholds: what is understood, what is refused and where, and at which value one trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/spec/threshold.h"

static struct threshold good(const char *text)
{
	struct threshold t = {0};
	_cleanup_err_ struct err err = ERR_INIT;

	if (threshold_parse(text, &t, NULL, &err) < 0)
		fail_msg("%s: %s", text, err_msg(&err));
	return t;
}

static void test_units(void **state)
{
	static const struct {
		const char *text, *section, *name;
		enum threshold_op op;
		double limit;
	} rows[] = {
		{"http.p99 > 50ms", "http", "p99", ABOVE, 50},
		{"http.p99>50ms", "http", "p99", ABOVE, 50},
		{"\thttp.p99  >=\t0.05 s ", "http", "p99", ABOVE_OR_AT, 50},
		{"http.p50 < 250us", "http", "p50", BELOW, 0.25},
		{"http.p50 < 250µs", "http", "p50", BELOW, 0.25},
		{"redis.connect_cpu <= 1.5ms", "redis", "connect_cpu", BELOW_OR_AT, 1500},
		{"http.rps < 1000", "http", "rps", BELOW, 1000},
		{"http.rps < 1000/s", "http", "rps", BELOW, 1000},
		{"http.rps < 1000 1/s", "http", "rps", BELOW, 1000},
		{"http.errors > 0.1%", "http", "errors", ABOVE, 0.1},
		{"http.errors > 0.1", "http", "errors", ABOVE, 0.1},
		{"network.throughput < 0.9Gbit/s", "network", "throughput", BELOW, 900},
		{"async.lost > 0", "async", "lost", ABOVE, 0},
		{"tuning.backlog < 1.5", "tuning", "backlog", BELOW, 1.5},
		{"compare.worse > 0", "compare", "worse", ABOVE, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct threshold t = good(rows[i].text);

		assert_string_equal(t.figure->section, rows[i].section);
		assert_string_equal(t.figure->name, rows[i].name);
		assert_int_equal(t.op, rows[i].op);
		assert_true(t.limit == rows[i].limit); /* exactly */
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		size_t at, len;
		const char *says;
	} rows[] = {
		{"", 0, 1, "begins with SECTION.FIGURE"},
		{"> 3", 0, 1, "begins with SECTION.FIGURE"},
		{"htpp.p99 > 50ms", 0, 4, "did you mean 'http'?"},
		{"latency.p99 > 50ms", 0, 7, "no section is named 'latency'"},
		{"http > 50ms", 4, 1, "a figure of http is missing"},
		{"http. > 50ms", 5, 1, "name of a figure is missing"},
		{"http.p998 > 50ms", 5, 4, "did you mean 'p99'?"},
		{"cold.p99 > 50ms", 5, 3, "did you mean 'p90'?"},
		{"cold.typical > 50ms", 5, 7, "it has p50, p90, max"},
		{"HTTP.p99 > 50ms", 0, 4, "did you mean 'http'?"},
		{"http.p99 50ms", 9, 1, "one of > >= < <="},
		{"http.p99 == 50ms", 9, 2, "one of > >= < <="},
		{"http.p99 >== 50ms", 9, 3, "one of > >= < <="},
		{"http.p99 > ms", 11, 1, "number is missing"},
		{"http.p99 > .5ms", 11, 2, "number is missing"},
		{"http.p99 > 5.ms", 11, 2, "number is missing"},
		{"http.p99 > .5ms", 11, 2, "number is missing"},
		{"http.p99 > 1e3ms", 12, 4, "'e3ms' is no unit of http.p99"},
		{"http.p99 > 50", 13, 1, "needs a unit: ms, s, us"},
		{"http.p99 > 50 %", 14, 1, "'%' is no unit of http.p99"},
		{"http.p99 > 50ms 3", 13, 4, "'ms 3' is no unit"},
		{"http.p99 > nan", 11, 1, "number is missing"},
		{"network.throughput < 5", 22, 1, "needs a unit: Mbit/s, kbit/s, Gbit/s"},
		{"network.throughput < 5 MB/s", 23, 4, "is given in Mbit/s, kbit/s, Gbit/s"},
		{"async.lost > 1%", 14, 1, "plain number, without a unit"},
		{"http.errors > 1ms", 15, 2, "given in % or without one"},
		{"http.p99 > 11111111111111111111111111111111ms", 11, 32, "too many digits"},
		{"http.p99 > 5\033[2Jms", 12, 1, "control character"},
		{"http.p99 > 5\xc2\x9bms", 12, 4, "'\\xc2\\x9bms' is no unit"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct threshold t = {.limit = 77};
		struct threshold_fault f = {0};
		_cleanup_err_ struct err err = ERR_INIT;

		assert_int_equal(threshold_parse(rows[i].text, &t, &f, &err), -EINVAL);
		if (!strstr(err_msg(&err), rows[i].says) || f.at != rows[i].at ||
			f.len != rows[i].len)
			fail_msg("%s: at %zu, %zu long: %s", rows[i].text, f.at, f.len,
				err_msg(&err));
		assert_true(t.limit == 77);
	}
}

static void test_too_long(void **state)
{
	char text[THRESHOLD_MAX + 2];
	struct threshold t;
	_cleanup_err_ struct err err = ERR_INIT;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(threshold_parse(text, &t, NULL, &err), -EINVAL);
	assert_non_null(strstr(err_msg(&err), "at most 200 characters"));
	text[THRESHOLD_MAX] = '\0'; /* a word of that length is merely unknown */
	assert_int_equal(threshold_parse(text, &t, NULL, &err), -EINVAL);
	assert_non_null(strstr(err_msg(&err), "no section is named"));
}

static void test_trips(void **state)
{
	static const struct {
		const char *op;
		bool below, at, above;
	} rows[] = {
		{">", false, false, true},
		{">=", false, true, true},
		{"<", true, false, false},
		{"<=", true, true, false},
	};

	for (size_t i = 0; i < 4; i++) {
		char text[40];
		struct threshold t;

		snprintf(text, sizeof(text), "http.p99 %s 50ms", rows[i].op);
		t = good(text);
		assert_string_equal(threshold_op_name(t.op), rows[i].op);
		assert_int_equal(threshold_exceeded(&t, 49.9999), rows[i].below);
		assert_int_equal(threshold_exceeded(&t, 50), rows[i].at);
		assert_int_equal(threshold_exceeded(&t, 50.0001), rows[i].above);
	}
}

static void test_caret(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	threshold_caret("http.p998 > 5ms", &(struct threshold_fault){5, 4}, &out);
	assert_string_equal(buf_str(&out), "  http.p998 > 5ms\n       ^~~~");
	buf_clear(&out);
	threshold_caret("\033µ >", &(struct threshold_fault){3, 99}, &out);
	assert_string_equal(buf_str(&out), "  \\x1bµ >\n       ^~");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_trips),
		cmocka_unit_test(test_caret),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
