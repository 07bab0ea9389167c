/* What settings buy, judged: effects, noise, setbacks, and lines from a node that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "probe/bench/tuning.h"

static json_t *row_of(const char *line, struct section_result *ret)
{
	_cleanup_json_ json_t *object = NULL;

	assert_int_equal(json_parse(line, strlen(line), 65536, &object, NULL), 0);
	return tuning_row(object, ret);
}

#define LINE(setting, better, before, after)                                                  \
	"{\"setting\": \"" setting "\", \"what\": \"calls\", \"unit\": \"1/s\", \"better\": " \
	"\"" better "\", \"before\": " before ", \"after\": " after "}"

static void test_verdicts(void **state)
{
	static const struct {
		const char *line, *verdict, *text;
		double ratio;
	} cases[] = {
		{LINE("upstream_keepalive", "higher", "[10, 11, 12]", "[30, 33, 36]"), "effect",
			"3.0 times better: calls", 3},
		{LINE("backlog", "lower", "[3000, 2000, 2100]", "[300, 310, 290]"), "effect",
			"7.0 times better: calls", 7},
		/* One round of three crosses over. */
		{LINE("backlog", "higher", "[10, 11, 32]", "[30, 33, 36]"), "no effect here",
			"within the noise: calls", 3},
		/* Apart, but by less than a tenth. */
		{LINE("body_buffer", "higher", "[100, 101, 102]", "[105, 106, 107]"),
			"no effect here", "within the noise: calls", 106.0 / 101},
		/* By a little more than that. */
		{LINE("body_buffer", "higher", "[100, 101, 102]", "[112, 113, 114]"), "effect",
			"1.1 times better: calls", 113.0 / 101},
		/* What should be lower, and was not every time. */
		{LINE("backlog", "lower", "[10, 11, 12]", "[5, 6, 11]"), "no effect here",
			"within the noise: calls", 11.0 / 6},
		/* What no measurement gives is none. */
		{LINE("backlog", "higher", "[10, 11, 12, -50]", "[30, 33, 36]"), "effect",
			"3.0 times better: calls", 3},
		{LINE("proxy_buffers", "higher", "[100, 101, 102]", "[50, 51, 50.5]"), "worse",
			"2.0 times worse: calls", 0.5},
		{LINE("tcp_tw_reuse", "lower", "[0, 0, 0]", "[0, 0, 0]"), "unknown", NULL, NAN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct section_result result = {0};
		_cleanup_json_ json_t *row = row_of(cases[i].line, &result);

		assert_non_null(row);
		assert_string_equal(json_str(row, "verdict"), cases[i].verdict);
		if (cases[i].text)
			assert_string_equal(json_str(row, "text"), cases[i].text);
		if (isfinite(cases[i].ratio)) {
			double ratio = json_number_value(json_object_get(row, "ratio"));

			assert_true(fabs(ratio - cases[i].ratio) < 0.01);
			assert_int_equal(result.n_figures, 1);
			assert_int_equal(result.figures[0].n, 3);
		}
		arena_done(&result.arena);
		free(result.figures);
	}
}

static void test_hostile(void **state)
{
	static const char *const none[] = {
		"{}",
		"{\"setting\": 5}",
		"{\"setting\": \"rm -rf\", \"what\": \"x\", \"unit\": \"y\"}",
		"{\"setting\": \"backlog\"}",
		"{\"done\": true}",
	};
	static const char *const unknown[] = {
		LINE("backlog", "higher", "[]", "[1]"),
		LINE("backlog", "higher", "[\"a\", null, -5]", "[1]"),
		LINE("backlog", "higher", "7", "[1]"),
		"{\"setting\": \"backlog\", \"what\": \"x\", \"unit\": \"y\", \"error\": \"no "
		"nginx\"}",
	};
	struct section_result result = {0};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_null(row_of(none[i], &result));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		_cleanup_json_ json_t *row = row_of(unknown[i], &result);

		assert_non_null(row);
		assert_string_equal(json_str(row, "verdict"), "unknown");
	}
	assert_int_equal(result.n_figures, 0);
	arena_done(&result.arena);
}

static void test_section(void **state)
{
	struct section_result result = {0};
	_cleanup_json_ json_t *rows = json_array();

	json_array_append_new(rows,
		row_of(LINE("upstream_keepalive", "higher", "[1, 1, 1]", "[3, 3, 3]"), &result));
	tuning_verdict(rows, &result);
	assert_int_equal(result.state, HEALTH_OK);
	assert_string_equal(result.text, "1 of 1 settings have an effect here");
	json_array_append_new(
		rows, row_of(LINE("backlog", "higher", "[1, 1, 1]", "[1, 1, 1]"), &result));
	json_array_append_new(
		rows, row_of(LINE("body_buffer", "higher", "[2, 2, 2]", "[1, 1, 1]"), &result));
	tuning_verdict(rows, &result);
	assert_int_equal(result.state, HEALTH_WARN);
	assert_string_equal(result.text,
		"1 of 3 settings have an effect here; none: backlog; worse: body_buffer");
	assert_non_null(strstr(result.remedy, "body_buffer"));
	json_array_remove(rows, 2);
	json_array_append_new(rows, row_of(LINE("body_buffer", "higher", "[]", "[]"), &result));
	tuning_verdict(rows, &result);
	assert_int_equal(result.state, HEALTH_WARN);
	assert_string_equal(result.text, "1 of 3 settings have an effect here; none: backlog; not "
					 "measured: body_buffer");
	arena_done(&result.arena);
	free(result.figures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_section),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
