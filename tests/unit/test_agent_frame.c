/* What svarm and its agent say to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "probe/bench/agent_frame.h"

#define _reader_ _cleanup_(agent_frame_reader_done) struct agent_frame_reader

static void assert_next(struct agent_frame_reader *r, const char *word, unsigned long id,
	const char *data, size_t len)
{
	struct agent_frame f;

	assert_int_equal(agent_frame_next(r, &f, NULL), 1);
	assert_string_equal(f.word, word);
	assert_int_equal(f.id, id);
	assert_int_equal(f.len, len);
	assert_memory_equal(f.data, data, len);
}

static void test_reading(void **state)
{
	static const char text[] = "out 12 5\na\nb\0cstop 999999999 0\nerr 0 1\nx";
	_reader_ whole = {.max = 5}, bytes = {.max = 5};
	struct agent_frame f;

	agent_frame_feed(&whole, text, sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(text) - 2; i++)
		agent_frame_feed(&bytes, text + i, 1);
	assert_next(&whole, "out", 12, "a\nb\0c", 5);
	assert_next(&bytes, "out", 12, "a\nb\0c", 5);
	assert_next(&whole, "stop", 999999999, "", 0);
	assert_next(&bytes, "stop", 999999999, "", 0);
	assert_next(&whole, "err", 0, "x", 1);
	assert_int_equal(agent_frame_next(&whole, &f, NULL), 0);
	assert_int_equal(agent_frame_next(&bytes, &f, NULL), 0);
	agent_frame_feed(&bytes, "x", 1);
	assert_next(&bytes, "err", 0, "x", 1);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {"\n", "out\n", "out 1\n", "out 1 2 \n", "out  1 2\n",
		"out 01 2\n", "out 1 02\n", "out -1 2\n", "out 1 1e2\n", "Out 1 2\n", "o-t 1 2\n",
		"abcdefghi 1 2\n", "out 1234567890 1\n", "out 1 1234567890\n", "out 1 6\n",
		"out 1 2\r\n", " out 1 2\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_reader_ r = {.max = 5};
		struct agent_frame f;

		agent_frame_feed(&r, bad[i], strlen(bad[i]));
		if (agent_frame_next(&r, &f, NULL) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		agent_frame_feed(&r, "out 1 1\nx", 9);
		assert_int_equal(agent_frame_next(&r, &f, NULL), -EBADMSG);
	}
}

static void test_start(void **state)
{
	static const char id[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct agent_frame_start s = {
		.msec = 1500,
		.container = id,
		.argv = {"disk", "--dir", "", "a b\n"},
		.input = "in\0put",
		.input_len = 6,
	};
	_reader_ r = {.max = 1000};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct agent_frame_start got;
	struct agent_frame f;

	agent_frame_add_start(&out, 7, &s);
	agent_frame_feed(&r, out.data, out.len);
	assert_int_equal(agent_frame_next(&r, &f, NULL), 1);
	assert_int_equal(agent_frame_parse_start(&f, &got, NULL), 0);
	assert_int_equal(got.msec, 1500);
	assert_string_equal(got.container, id);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(got.argv[i], s.argv[i]);
	assert_null(got.argv[4]);
	assert_int_equal(got.input_len, 6);
	assert_memory_equal(got.input, "in\0put", 6);
}

static void test_status(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {{"0", 0}, {"255", 255}, {"256", -1}, {"", -1}, {"-1", -1}, {"1 ", -1},
		{"01", -1}, {"12345678901", -1}, {"x", -1}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct agent_frame f = {.data = cases[i].text, .len = strlen(cases[i].text)};

		assert_int_equal(agent_frame_status(&f), cases[i].want);
	}
}

static void test_container(void **state)
{
	char id[66] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

	assert_true(agent_frame_is_container(id));
	id[64] = '0';
	assert_false(agent_frame_is_container(id));
	id[64] = '\0';
	id[10] = 'A';
	assert_false(agent_frame_is_container(id));
	id[10] = '\0';
	assert_false(agent_frame_is_container(id));
	assert_false(agent_frame_is_container(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_container),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
