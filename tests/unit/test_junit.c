/* JUnit's XML: counts, escapes, and what each state becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/run/junit.h"

static void test_all_states(void **state)
{
	static const struct junit_case cases[] = {
		{"node", "reachable \"a\"", JUNIT_PASSED, "in 3 ms", 0.003},
		{"node", "clock", JUNIT_FAILED, "<2 s & more\033[31m", 0.25},
		{"queue", "lag", JUNIT_SKIPPED, "no queue", 0},
		{"queue", "plain", JUNIT_PASSED, NULL, 0},
	};
	_cleanup_buf_ struct buf out = BUF_INIT;

	junit_print("svarm & health", cases, 4, &out);
	assert_string_equal(buf_str(&out),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"svarm &amp; health\" tests=\"4\" failures=\"1\" errors=\"0\" "
		"skipped=\"1\" time=\"0.253\">\n"
		"  <testcase classname=\"node\" name=\"reachable &quot;a&quot;\" time=\"0.003\">"
		"<system-out>in 3 ms</system-out></testcase>\n"
		"  <testcase classname=\"node\" name=\"clock\" time=\"0.250\">"
		"<failure message=\"&lt;2 s &amp; more\\x1b[31m\">&lt;2 s &amp; "
		"more\\x1b[31m</failure>"
		"</testcase>\n"
		"  <testcase classname=\"queue\" name=\"lag\" time=\"0.000\">"
		"<skipped message=\"no queue\"></skipped></testcase>\n"
		"  <testcase classname=\"queue\" name=\"plain\" time=\"0.000\"></testcase>\n"
		"</testsuite>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_states),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
