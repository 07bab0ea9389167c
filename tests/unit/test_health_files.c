/* Findings of health as files and as lines of what changed: formats that other programs parse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/health_files.h"
#include "cli/health_watch.h"
#include "probe/judge.h"

#define ROW_AS(i, s, t, ...) \
	((struct health_result){.id = i, .group = "node", .severity = s, .text = t, __VA_ARGS__})
#define ROW(...) ROW_AS("node.x", HEALTH_CRITICAL, "seen", __VA_ARGS__)

static void test_prometheus(void **state)
{
	struct health_result rows[] = {
		ROW(.node = "a"),
		ROW_AS("node.x", HEALTH_WARNING, "seen", .node = "b", .state = HEALTH_FAIL),
		ROW(.subject = "q\"\\x1b\n", .state = HEALTH_WARN),
		ROW(.node = "c", .state = HEALTH_SKIP),
		ROW(.node = "a", .state = HEALTH_WARN), /* the same series: the worst counts */
		ROW_AS("node.x", HEALTH_INFO, "seen", .state = HEALTH_NOTE),
	};
	const struct health h = {.rows = rows, .n = ARRAY_SIZE(rows), .seconds = 2.5};
	_cleanup_buf_ struct buf out = BUF_INIT;

	health_prometheus(&h, "fj\"ord", 1770000000.25, &out);
	assert_string_equal(buf_str(&out), "# HELP svarm_health_probe State of a probe: 0 ok, 1 "
					   "warning, 2 failed, -1 skipped.\n"
					   "# TYPE svarm_health_probe gauge\n"
#define SERIES(severity, node, subject, value)                                               \
	"svarm_health_probe{cluster=\"fj\\\"ord\",group=\"node\",probe=\"node.x\",severity=" \
	"\"" severity "\",node=\"" node "\",subject=\"" subject "\"} " value "\n"
		SERIES("critical", "a", "", "1") SERIES("warning", "b", "", "2") SERIES("critical",
			"", "q\\\"\\\\x1b\\n", "1") SERIES("critical", "c", "", "-1") SERIES("info",
			"", "", "0") "# HELP svarm_health_healthy 1 when no probe failed.\n"
				     "# TYPE svarm_health_healthy gauge\n"
				     "svarm_health_healthy{cluster=\"fj\\\"ord\"} 0.000\n"
				     "# HELP svarm_health_seconds How long all probes took.\n"
				     "# TYPE svarm_health_seconds gauge\n"
				     "svarm_health_seconds{cluster=\"fj\\\"ord\"} 2.500\n"
				     "# HELP svarm_health_timestamp_seconds When they ended.\n"
				     "# TYPE svarm_health_timestamp_seconds gauge\n"
				     "svarm_health_timestamp_seconds{cluster=\"fj\\\"ord\"} "
				     "1770000000.250\n");
}

static void test_junit(void **state)
{
	struct health_result rows[] = {
		ROW(.node = "a", .seconds = 0.5),
		ROW(.node = "b", .state = HEALTH_FAIL, .remedy = "mend it"),
		ROW(.subject = "s", .state = HEALTH_WARN, .remedy = "look"),
		ROW(.state = HEALTH_SKIP),
	};
	const struct health h = {.rows = rows, .n = ARRAY_SIZE(rows)};
	_cleanup_buf_ struct buf out = BUF_INIT;

	health_junit(&h, "fjord", &out);
	assert_non_null(strstr(buf_str(&out), "<testsuite name=\"svarm health fjord\" tests=\"4\" "
					      "failures=\"1\" errors=\"0\" skipped=\"1\""));
	assert_non_null(
		strstr(buf_str(&out), "name=\"node.x a\" time=\"0.500\"><system-out>seen<"));
	assert_non_null(strstr(buf_str(&out), "name=\"node.x b\" time=\"0.000\"><failure "
					      "message=\"seen → mend it\">"));
	assert_non_null(strstr(buf_str(&out), "<system-out>warning: seen → look<"));
	assert_non_null(strstr(buf_str(&out), "<skipped message=\"seen\">"));
}

static void test_changes(void **state)
{
	/* By address: ids are. */
	static const char one[] = "node.x", two[] = "node.y";
	struct health_result old[] = {
		ROW_AS(one, HEALTH_CRITICAL, "seen", .node = "a"),
		ROW_AS(one, HEALTH_CRITICAL, "seen", .node = "b", .state = HEALTH_WARN),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .state = HEALTH_OK),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .subject = "loop", .state = HEALTH_WARN),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .node = "twice"),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .node = "twice", .state = HEALTH_FAIL),
	};
	struct health_result new[] = {
		ROW_AS(one, HEALTH_CRITICAL, "seen", .node = "a", .state = HEALTH_FAIL),
		ROW_AS(one, HEALTH_CRITICAL, "other words", .node = "b", .state = HEALTH_WARN),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .subject = "fresh", .state = HEALTH_FAIL),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .subject = "fine"),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .node = "twice"),
		ROW_AS(two, HEALTH_CRITICAL, "seen", .node = "twice"),
	};
	const struct health before = {.rows = old, .n = ARRAY_SIZE(old)};
	const struct health now = {.rows = new, .n = ARRAY_SIZE(new)};
	_cleanup_buf_ struct buf out = BUF_INIT, none = BUF_INIT;

	health_changes(&before, &now, "T", &out);
	assert_string_equal(buf_str(&out), "T failed  node.x a: seen (was ok)\n"
					   "T failed  node.y fresh: seen (was not there)\n"
					   "T ok      node.y twice: seen (was failed)\n"
					   "T gone    node.y loop: seen (was warning)\n");
	health_changes(&now, &now, "T", &none);
	assert_int_equal(none.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_changes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
