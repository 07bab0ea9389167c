/*
 * JSON from outside: what is refused, and that what is not takes no more memory than json.h
 * promises.  The promise is held against every byte jansson asks for, with what malloc adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "tests/json_memory.h"

static int parse(const char *text, size_t len, size_t max)
{
	size_t over = 0;
	int r = json_memory_parse(text, len, max, &over);

	if (over)
		fail_msg("max %zu: took %zu bytes: %.60s", max, over, text);
	return r;
}

/* With about the least @max that does not refuse it: then the promise has no slack but that of the
 * weights. */
static int parse_tight(const struct buf *text)
{
	size_t max = text->len;
	int r;

	while ((r = parse(buf_str(text), text->len, max)) == -E2BIG)
		max += max / 64 + 1;
	return r;
}

/* "[UNIT,UNIT,…]" of about @len bytes. */
static void repeat(struct buf *out, const char *unit, size_t len)
{
	buf_clear(out);
	do {
		buf_addc(out, out->len ? ',' : '[');
		buf_adds(out, unit);
	} while (out->len < len);
	buf_addc(out, ']');
}

/* ---- tests ---- */

static void test_small_values(void **state)
{
	static const char *const units[] = {"{}", "[]", "0", "-1.5e9", "\"\"", "\"\\\"\\\\\"",
		"true", "null", "[[]]", "[1,2]", "[0,0,0,0,0,0,0,0,0]", "{\"a\":1}", "{\"\":{}}",
		"{\"\":[]}", "{\"a\":\"\"}", "\"\\u0041\\u0042\"", "[\"a\",\"b\"]",
		"{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0}",
		"{\"t\":12,\"n\":345,\"p50\":0.123,\"p99\":1.234}"};
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		for (size_t len = 1000; len <= 64000; len *= 8) {
			repeat(&text, units[i], len);
			if (parse_tight(&text) != 0)
				fail_msg("refused: %s", units[i]);
		}
}

static void test_one_large_object(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	/* 2^12 + 1 members: the buckets have just been doubled. */
	for (int i = 0; i <= 1 << 12; i++)
		buf_addf(&text, "%s\"%x\":0", i ? "," : "{", i);
	buf_addc(&text, '}');
	assert_int_equal(parse_tight(&text), 0);
}

static void test_one_long_string(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	/* Just over 2^20: the buffer of the token has just been doubled, behind small values that
	 * leave no slack. */
	repeat(&text, "{}", 1 << 18);
	text.data[text.len - 1] = ',';
	buf_addc(&text, '"');
	for (int i = 0; i <= 1 << 20; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\"]");
	assert_int_equal(parse_tight(&text), 0);
}

static void test_deep(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (int i = 0; i < 2000; i++)
		buf_adds(&text, "{\"a\":");
	buf_adds(&text, "{}");
	for (int i = 0; i < 2000; i++)
		buf_addc(&text, '}');
	assert_int_equal(parse_tight(&text), 0);
}

/* ---- random texts ---- */

static void random_value(struct buf *out, unsigned depth, unsigned *seed)
{
	static const char *const leaves[] = {"0", "-12.25", "true", "null", "\"\"", "\"\\n\\\"x\"",
		"\"text\"", "1e9", "{}", "[]", "\"\\u00e6\"", "\"\\ud83d\\ude00\""};
	const bool object = rand_r(seed) % 2;

	if (!depth || rand_r(seed) % 4 == 0) {
		buf_adds(out, leaves[(size_t)rand_r(seed) % ARRAY_SIZE(leaves)]);
		return;
	}
	buf_addc(out, object ? '{' : '[');
	for (int i = 0, n = rand_r(seed) % 12; i < n; i++) {
		if (i)
			buf_adds(out, rand_r(seed) % 8 ? "," : " ,\n");
		if (object)
			buf_addf(out, "\"%c%d\":", 'a' + rand_r(seed) % 26, i);
		random_value(out, depth - 1, seed);
	}
	buf_addc(out, object ? '}' : ']');
}

/* True ones are taken, and of what is broken in them no beginning takes more than promised. */
static void test_random(void **state)
{
	static const char noise[] = "\"\\{}[],:0-e x";
	_cleanup_buf_ struct buf text = BUF_INIT, unit = BUF_INIT;
	unsigned seed = 1;

	for (int i = 0; i < 100; i++) {
		buf_clear(&unit);
		random_value(&unit, 4, &seed);
		repeat(&text, buf_str(&unit), 8000);
		assert_int_equal(parse_tight(&text), 0);
		for (int k = 0; k < 3; k++)
			text.data[(size_t)rand_r(&seed) % text.len] =
				noise[(size_t)rand_r(&seed) % (sizeof(noise) - 1)];
		parse_tight(&text);
		parse(buf_str(&text), text.len, text.len);
	}
}

/* ---- what is refused, and what must not be ---- */

static void test_refused(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *j = NULL;

	repeat(&text, "{}", 2000000);
	assert_int_equal(json_parse(text.data, text.len, 4 << 20, &j, &err), -E2BIG);
	assert_string_equal(err_msg(&err),
		"JSON of so many values that it would take over 81984 KiB of memory");
	assert_int_equal(json_parse("[1]", 3, 2, &j, &err), -EFBIG);
	assert_int_equal(json_parse("[1", 2, 2, &j, &err), -EBADMSG);
	assert_int_equal(json_parse(NULL, 0, 2, &j, &err), -EBADMSG);
	assert_int_equal(json_parse("[1]\0", 4, 9, &j, &err), -EBADMSG);
	assert_int_equal(json_parse_unique("{\"a\":1,\"a\":2}", 13, 99, &j, &err), -EBADMSG);
	assert_null(j);
	assert_int_equal(json_parse_unique("{\"a\":1,\"b\":2}", 13, 99, &j, &err), 0);
	json_decref(j);
}

/* A text may hold brackets and commas. */
static void test_strings_weigh_nothing_more(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_adds(&text, "[\"");
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "{[,:\\\"");
	buf_adds(&text, "\"]");
	assert_int_equal(parse(text.data, text.len, text.len), 0);
}

/* Docker's tasks, as the lab had them. */
static char *docker_tasks(void)
{
	_cleanup_buf_ struct buf answer = BUF_INIT;
	char *tasks;

	assert_int_equal(
		buf_read_file(&answer, "tests/unit/health/lab-1.answer", 1 << 20, NULL), 0);
	tasks = strstr(buf_str(&answer), "\njson\ttasks\t");
	assert_non_null(tasks);
	tasks += strlen("\njson\ttasks\t");
	return xstrndup(tasks, strcspn(tasks, "\n"));
}

/* They pass at any length that a reader takes. */
static void test_true_answers(void **state)
{
	_cleanup_free_ char *tasks = docker_tasks();
	_cleanup_buf_ struct buf text = BUF_INIT, day = BUF_INIT;

	repeat(&text, tasks, 4 << 20);
	assert_int_equal(parse(text.data, text.len, text.len), 0);
	/* A round of a day, second by second, as svarm-probe prints it. */
	repeat(&day,
		"{\"t\": 86399, \"seconds\": 1, \"answers\": 12345, \"errors\": 0, "
		"\"p50\": 0.1234, \"p99\": 1.2345}",
		7800000);
	assert_int_equal(parse(day.data, day.len, 8 << 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_values),
		cmocka_unit_test(test_one_large_object),
		cmocka_unit_test(test_one_long_string),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_strings_weigh_nothing_more),
		cmocka_unit_test(test_true_answers),
	};

	json_memory_count();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
