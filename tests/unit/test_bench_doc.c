/* Documents of `svarm bench`: reading them whatever they hold, verdicts, thresholds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "cli/bench_print.h"
#include "lib/base/xalloc.h"
#include "probe/bench/compare.h"
#include "probe/bench/document.h"
#include "probe/bench/environment.h"
#include "probe/bench/section.h"
#include "probe/bench/threshold.h"

static json_t *parse(const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	if (document_parse(text, strlen(text), &doc, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return doc;
}

static json_t *fixture(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	if (buf_read_file(&text, "tests/unit/data/bench.json", DOCUMENT_MAX, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return parse(buf_str(&text));
}

static void refuse(const char *text, const char *says)
{
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	assert_true(document_parse(text, strlen(text), &doc, &err) < 0);
	assert_null(doc);
	if (!strstr(err_msg(&err), says))
		fail_msg("%s: %s", text, err_msg(&err));
}

static void test_refused(void **state)
{
	char *huge = xmalloc(DOCUMENT_MAX + 2);
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	refuse("", "");
	refuse("{", "");
	refuse("[]", "no document of 'svarm bench");
	refuse("{}", "no document of 'svarm bench");
	refuse("{\"format\": 3}", "no document of 'svarm bench");
	refuse("{\"format\": \"svarm-bench/2\\u001b\"}", "its format is 'svarm-bench/2\\x1b'");
	memset(huge, ' ', DOCUMENT_MAX + 1);
	assert_int_equal(document_parse(huge, DOCUMENT_MAX + 1, &doc, &err), -EFBIG);
	free(huge);
}

/* Each figure a section gives has its row in the table that thresholds are read by. */
static void test_every_figure_has_a_name(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_free_ const char **sections = NULL;
	size_t n = document_sections(doc, &sections), figures = 0;

	assert_int_equal(n, n_bench_sections);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ const char **names = NULL;
		size_t k = document_figures(doc, sections[i], &names);

		assert_string_equal(sections[i], bench_sections[i]->name);
		for (size_t j = 0; j < k; j++, figures++) {
			const struct figure_name *f = figure_find(
				sections[i], strlen(sections[i]), names[j], strlen(names[j]));

			if (!f)
				fail_msg(
					"%s.%s is not in lib/spec/figure.c", sections[i], names[j]);
			assert_string_equal(f->unit,
				json_str(document_figure(doc, sections[i], names[j]), "unit"));
		}
	}
	assert_int_equal(figures + 1, n_figure_names); /* compare.worse is of no section */
	for (size_t i = 0; i < n_figure_names; i++) {
		bool known = !strcmp(figure_names[i].section, "compare");

		for (size_t k = 0; k < n_bench_sections; k++)
			known |= !strcmp(figure_names[i].section, bench_sections[k]->name);
		assert_true(known);
	}
}

static void verdict_is(const char *text, const char *verdict)
{
	_cleanup_json_ json_t *doc = parse(text);

	document_judge(doc);
	if (strcmp(json_str(doc, "verdict"), verdict) != 0)
		fail_msg("%s: %s", text, json_str(doc, "verdict"));
}

#define DOC(rest) "{\"format\": \"svarm-bench/1\"" rest "}"
#define S(a, b) \
	DOC(", \"sections\": {\"cpu\": {\"state\": \"" a "\"}, \"x\": {\"state\": \"" b "\"}}")

static void test_verdict(void **state)
{
	verdict_is(S("ok", "ok"), "ok");
	verdict_is(S("ok", "warning"), "warning");
	verdict_is(S("warning", "failed"), "failed");
	verdict_is(S("ok", "skipped"), "ok");
	verdict_is(S("skipped", "skipped"), "failed"); /* nothing was measured */
	verdict_is(S("ok", "no such state"), "ok");
	verdict_is(DOC(""), "failed");
	verdict_is(DOC(", \"sections\": 3, \"thresholds\": \"x\""), "failed");
	verdict_is(DOC(", \"sections\": {\"cpu\": {\"state\": \"ok\"}}, \"thresholds\": "
		       "[{\"state\": \"passed\"}]"),
		"ok");
	verdict_is(DOC(", \"sections\": {\"cpu\": {\"state\": \"ok\"}}, \"thresholds\": "
		       "[{\"state\": \"unknown\"}]"),
		"failed");
	verdict_is(DOC(", \"sections\": {\"cpu\": {\"state\": \"ok\"}}, \"thresholds\": [7]"),
		"failed");
}

/* What becomes of threshold @text on the fixture. */
static void threshold_is(json_t *doc, const char *text, const char *state, double value)
{
	struct bench_threshold b = {.text = text, .source = "--fail-if"};
	const json_t *t;
	double got;

	assert_int_equal(threshold_parse(text, &b.t, NULL, NULL), 0);
	thresholds_judge(doc, &b, 1);
	t = json_array_get(json_arr(doc, "thresholds"), 0);
	got = document_number(t, "value");
	if (strcmp(json_str(t, "state"), state) != 0 || (isnan(value) ? !isnan(got) : got != value))
		fail_msg("%s: %s, %g", text, json_str(t, "state"), got);
	assert_string_equal(json_str(t, "text"), text);
}

static void test_thresholds(void **state)
{
	_cleanup_json_ json_t *doc = fixture();

	threshold_is(doc, "http.p99 > 2.46ms", "passed", 2.46);
	threshold_is(doc, "http.p99 >= 2.46ms", "exceeded", 2.46);
	threshold_is(doc, "http.p99 > 2459us", "exceeded", 2.46);
	threshold_is(doc, "http.rps < 2001/s", "exceeded", 2000.1);
	threshold_is(doc, "cold.p50 > 1s", "passed", 631.1);
	threshold_is(doc, "compare.worse > 0", "unknown", NAN);
	json_object_del(json_at(doc, "sections", "cold", "figures", NULL), "p50");
	threshold_is(doc, "cold.p50 > 1s", "unknown", NAN);
	assert_string_equal(json_str(doc, "verdict"), "failed");
	json_object_set_new(
		json_at(doc, "sections", "http", "figures", "p99", NULL), "unit", json_string("s"));
	threshold_is(doc, "http.p99 > 2.46ms", "unknown", NAN); /* not the unit that was meant */
	json_object_set_new(json_at(doc, "sections", "http", "figures", "p50", NULL), "value",
		json_string("9"));
	threshold_is(doc, "http.p50 > 2.46ms", "unknown", NAN);
}

/* Judged is what is shown: 50.0000004 ms are 50 ms to everybody who reads it. */
static void test_judged_as_shown(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	json_t *p99 = json_at(doc, "sections", "http", "figures", "p99", NULL);
	json_t *lost = json_at(doc, "sections", "async", "figures", "lost", NULL);
	_cleanup_buf_ struct buf out = BUF_INIT;

	json_object_set_new(p99, "value", json_real(50.0000004));
	threshold_is(doc, "http.p99 > 50ms", "passed", 50);
	bench_print_verdict(doc, &out, false, 0);
	assert_non_null(strstr(buf_str(&out), "http.p99 > 50ms     50 ms  passed"));
	json_object_set_new(p99, "value", json_real(50.002));
	threshold_is(doc, "http.p99 > 50ms", "exceeded", 50.002);
	buf_clear(&out);
	bench_print_verdict(doc, &out, false, 0);
	assert_non_null(strstr(buf_str(&out), "50.002 ms  exceeded"));
	json_object_set_new(lost, "value", json_integer(1234567)); /* counts stay exact */
	threshold_is(doc, "async.lost > 1234566", "exceeded", 1234567);
}

static void show_is(double value, const char *unit, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	document_show_unit(&out, value, unit);
	assert_string_equal(buf_str(&out), text);
}

static void test_numbers(void **state)
{
	show_is(0, "ms", "0 ms");
	show_is(2.46, "ms", "2.46 ms");
	show_is(123460, "1/s", "123460/s");
	show_is(1234567, "count", "1234567");
	show_is(0.00012, "%", "0.00012 %");
	show_is(3.89, "ratio", "3.89x");
	show_is(NAN, "ms", "? ms");
	show_is(1e300, "", "1e+300");
	show_is(1, "\033[2J", "1 \\x1b[2J");
	assert_true(document_round(123456.7, "1/s") == 123460);
	assert_true(document_round(123456.7, "count") == 123456.7);
}

/* Nothing of a document reaches the terminal as it is. */
static void test_hostile(void **state)
{
	static const char text[] = DOC(
		", \"started\": \"\\u001b[1m\", \"seconds\": 1e300, \"sections\": {"
		"\"\\u001b]0;x\": {\"state\": \"failed\", \"text\": \"a\\u001b[2Jb\\nc\", "
		"\"remedy\": "
		"\"\\u009b\", \"figures\": {\"\\u0007\": {\"value\": 1, \"unit\": \"\\u001b\", "
		"\"rounds\": [1, \"2\", null, 3, []]}}}, \"http\": {\"state\": 3, \"text\": [], "
		"\"figures\": [], \"detail\": 9}, \"disk\": null}, \"thresholds\": [null, "
		"{\"text\": \"\\u001b[31m\", \"state\": \"\\u0007\", \"value\": true}], "
		"\"comparison\": {\"with\": [], \"differs\": [3, \"\\u001b\"], \"figures\": [null, "
		"{\"figure\": \"\\u001b\", \"verdict\": \"\\u0007\", \"before\": {}}]}");
	_cleanup_json_ json_t *doc = parse(text);
	_cleanup_buf_ struct buf out = BUF_INIT, xml = BUF_INIT;

	document_judge(doc);
	bench_print(doc, &out, false, 80);
	for (size_t i = 0; i < out.len; i++)
		assert_true((unsigned char)out.data[i] >= ' ' || out.data[i] == '\n');
	assert_null(strstr(out.data, "\xc2\x9b"));
	assert_non_null(strstr(out.data, "a\\x1b[2Jb\\nc"));
	assert_non_null(strstr(out.data, "1 … 3 in 2 rounds"));
	bench_junit(doc, &xml);
	assert_null(strchr(xml.data, '\033'));
	compare_documents(doc, doc);
}

static void test_environment(void **state)
{
	static const char text[] = "os\tUbuntu 24.04\ncores\t2\nmemory_mb\t-3\ncpu\t\033[2J\n"
				   "cores\t2x\nname\tother\nkernel\ndocker\t27.3.1"; /* cut off */
	_cleanup_json_ json_t *node = json_object();

	environment_parse(node, text, strlen(text));
	assert_string_equal(json_str(node, "os"), "Ubuntu 24.04");
	assert_int_equal(json_int(node, "cores", 0), 2);
	assert_null(json_object_get(node, "memory_mb"));
	assert_string_equal(json_str(node, "cpu"), "\\x1b[2J");
	assert_null(json_object_get(node, "name"));
	assert_null(json_object_get(node, "kernel"));
	assert_null(json_object_get(node, "docker"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_figure_has_a_name),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_judged_as_shown),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_environment),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
