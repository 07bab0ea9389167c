/* The account of calls through the queue: lost, doubled, wrong, and whose callback it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/ext/json.h"
#include "probe/async/tally.h"

#define NONCE "00112233445566778899aabbccddeeff"
#define MS    1000000ull

static int set_up(void **state)
{
	static struct tally t;

	t = (struct tally){0};
	tally_init(&t, NONCE, 10);
	for (uint32_t i = 0; i < 10; i++)
		tally_sent(&t, i, (100 + i) * MS);
	*state = &t;
	return 0;
}

static int tear_down(void **state)
{
	tally_done(*state);
	return 0;
}

static void all_is_well(void **state)
{
	struct tally *t = *state;

	for (uint32_t i = 0; i < 10; i++) {
		tally_answered(t, i, 202, (110 + i) * MS);
		tally_called_back(t, i, 200, true, (150 + i) * MS);
	}
	assert_int_equal(t->accepted, 10);
	assert_int_equal(tally_lost(t), 0);
	assert_int_equal(t->duplicated, 0);
	assert_int_equal(hist_at(&t->end_to_end, 1), 50 * MS);
	assert_true(tally_echoes(t));
}

static void what_is_lost_and_doubled(void **state)
{
	struct tally *t = *state;

	for (uint32_t i = 0; i < 8; i++)
		tally_answered(t, i, 202, 120 * MS);
	tally_answered(t, 8, 503, 120 * MS);
	tally_answered(t, 9, 0, 121 * MS);
	for (uint32_t i = 0; i < 6; i++)
		tally_called_back(t, i, 0, true, 130 * MS);
	tally_called_back(t, 0, 0, true, 131 * MS);
	tally_called_back(t, 0, 0, true, 132 * MS);
	tally_called_back(t, 9, 0, true, 133 * MS); /* accepted after all, and not said so */
	assert_int_equal(t->refused, 1);
	assert_int_equal(t->refused_status, 503);
	assert_int_equal(t->unanswered, 1);
	assert_int_equal(t->called_back, 7);
	assert_int_equal(tally_lost(t), 2);
	assert_int_equal(t->duplicated, 2);
	assert_int_equal(t->end_to_end.n, 7);
}

/* A callback may overtake the answer to the call. */
static void the_callback_comes_first(void **state)
{
	struct tally *t = *state;

	tally_called_back(t, 3, 0, true, 120 * MS);
	tally_answered(t, 3, 202, 121 * MS);
	assert_int_equal(tally_lost(t), 0);
}

static void failed_calls(void **state)
{
	struct tally *t = *state;

	tally_called_back(t, 1, 500, false, 120 * MS);
	tally_called_back(t, 2, 200, true, 120 * MS);
	tally_called_back(t, 1, 500, false, 120 * MS);
	assert_int_equal(t->failed, 1);
	assert_int_equal(t->failed_status, 500);
}

static json_t *document(const struct tally *t)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	json_t *doc = NULL;

	tally_json(t, &out);
	assert_int_equal(json_parse(out.data, out.len, 100000, &doc, NULL), 0);
	return doc;
}

static void wrong_bodies(void **state)
{
	struct tally *t = *state;
	_cleanup_json_ json_t *echo = NULL, *other = NULL;

	for (uint32_t i = 0; i < 6; i++)
		tally_called_back(t, i, 0, i != 4, 120 * MS);
	echo = document(t);
	assert_int_equal(json_int(echo, "wrong", -1), 1);
	for (uint32_t i = 6; i < 10; i++)
		tally_called_back(t, i, 0, false, 120 * MS);
	other = document(t); /* a function that answers something of its own */
	assert_int_equal(json_int(other, "wrong", -1), -1);
	assert_int_equal(json_int(other, "called_back", -1), 10);
}

static void whose_callback_it_is(void **state)
{
	struct tally *t = *state;
	char path[TALLY_TEXT];
	static const char *const others[] = {"", "/", "/" NONCE, "/" NONCE "/", "/" NONCE "/10",
		"/" NONCE "/-1", "/" NONCE "/1x", "/" NONCE "/4294967296", "/" NONCE "/00000001",
		"/" NONCE "x/1", "/10112233445566778899aabbccddeeff/1", NONCE "/1"};
	uint32_t i;

	for (uint32_t n = 0; n < 10; n++) {
		tally_path(t, n, path);
		assert_true(tally_find(t, path, &i));
		assert_int_equal(i, n);
	}
	for (size_t n = 0; n < ARRAY_SIZE(others); n++)
		assert_false(tally_find(t, others[n], &i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_lost_and_doubled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_callback_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failed_calls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whose_callback_it_is, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
