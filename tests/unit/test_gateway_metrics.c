/* Prometheus' text, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/http_metrics.h"
#include "faas/gateway/metrics_functions.h"
#include "faas/gateway/metrics_text.h"

static void escapes(void **state)
{
	const struct metric_family f = {"a_total", "counter", "one\\two\nthree \"four\""};
	const struct metric_label labels[] = {{"l", "a\"b\\c\nd{}"}, {"m", ""}, {NULL, NULL}};
	_cleanup_buf_ struct buf out = BUF_INIT;

	metric_family(&out, &f);
	metric_sample(&out, f.name, labels, 3);
	metric_sample(&out, f.name, NULL, 0.125);
	metric_sample(&out, f.name, NULL, 123456789012345);
	assert_string_equal(buf_str(&out),
		"# HELP a_total one\\\\two\\nthree \"four\"\n# TYPE a_total counter\n"
		"a_total{l=\"a\\\"b\\\\c\\nd{}\",m=\"\"} 3\na_total 0.125\na_total "
		"123456789012345\n");
}

static void histogram(void **state)
{
	static const double bounds[] = {0.005, 0.25, 10};
	static const uint64_t buckets[] = {2, 0, 3};
	const struct metric_histogram h = {bounds, buckets, 3, 6, 77.5};
	const struct metric_label labels[] = {{"code", "200"}, {NULL, NULL}};
	_cleanup_buf_ struct buf out = BUF_INIT;

	metric_histogram(&out, "s", labels, &h);
	assert_string_equal(buf_str(&out),
		"s_bucket{code=\"200\",le=\"0.005\"} 2\ns_bucket{code=\"200\",le=\"0.25\"} 2\n"
		"s_bucket{code=\"200\",le=\"10\"} 5\ns_bucket{code=\"200\",le=\"+Inf\"} 6\n"
		"s_sum{code=\"200\"} 77.5\ns_count{code=\"200\"} 6\n");
	buf_clear(&out);
	metric_histogram(&out, "s", NULL, &(struct metric_histogram){bounds, buckets, 1, 2, 1});
	assert_string_equal(buf_str(&out),
		"s_bucket{le=\"0.005\"} 2\ns_bucket{le=\"+Inf\"} 2\ns_sum 1\ns_count 2\n");
}

static void functions(void **state)
{
	struct plane_code codes[] = {{.status = 200, .calls = 3, .micros = 1500000},
		{.status = 503, .calls = 1, .micros = 20}};
	struct plane_function f[] = {
		{.name = "echo", .started = 5, .inflight = 1, .codes = codes, .codes_n = 2}};
	struct plane_sample sample = {.functions = f, .functions_n = 1};
	struct function services[] = {{.name = "asleep"}, {.name = "echo", .running = 2}};
	struct model m = {.functions = services, .functions_n = 2};
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *text;

	codes[0].buckets[0] = 2;
	codes[0].buckets[PLANE_BUCKETS - 1] = 1;
	metrics_functions(&sample, &m, &out);
	text = buf_str(&out);
	assert_non_null(strstr(text, "\ngateway_function_invocation_total{function_name="
				     "\"echo.openfaas-fn\",code=\"200\"} 3\n"));
	assert_non_null(strstr(text, "\ngateway_functions_seconds_bucket{function_name="
				     "\"echo.openfaas-fn\",code=\"200\",le=\"0.005\"} 2\n"));
	assert_non_null(strstr(text, "\ngateway_functions_seconds_bucket{function_name="
				     "\"echo.openfaas-fn\",code=\"503\",le=\"+Inf\"} 1\n"));
	assert_non_null(strstr(text, "\ngateway_functions_seconds_sum{function_name="
				     "\"echo.openfaas-fn\",code=\"200\"} 1.5\n"));
	assert_non_null(strstr(text, "\ngateway_function_invocation_started{function_name="
				     "\"echo.openfaas-fn\"} 5\n"));
	assert_non_null(
		strstr(text, "\ngateway_service_count{function_name=\"asleep.openfaas-fn\"} 0\n"
			     "gateway_service_count{function_name=\"echo.openfaas-fn\"} 2\n"));
	buf_clear(&out);
	metrics_functions(NULL, NULL, &out);
	assert_int_equal(out.len, 0);
}

static void requests(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *text;

	http_metrics_add("GET", "/system/info", 200, USEC_PER_SEC / 100);
	http_metrics_add("GET", "/system/info", 200, 20 * USEC_PER_SEC);
	http_metrics_add("BREW", "other", 405, 1);
	http_metrics_add("\"", "other", 405, 1);
	http_metrics_print(&out);
	text = buf_str(&out);
	assert_non_null(strstr(text, "\nhttp_requests_total{method=\"GET\",path=\"/system/info\","
				     "status=\"200\"} 2\nhttp_requests_total{method=\"other\","
				     "path=\"other\",status=\"405\"} 2\n"));
	assert_non_null(strstr(text, "{method=\"GET\",path=\"/system/info\",status=\"200\","
				     "le=\"0.01\"} 1\n"));
	assert_non_null(strstr(text, "{method=\"GET\",path=\"/system/info\",status=\"200\","
				     "le=\"+Inf\"} 2\n"));
	/* However many statuses there are, the list ends. */
	for (unsigned i = 0; i < 5000; i++)
		http_metrics_add("GET", "/system/info", 1000 + i, 1);
	buf_clear(&out);
	http_metrics_print(&out);
	assert_true(out.len < 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(histogram),
		cmocka_unit_test(functions),
		cmocka_unit_test(requests),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
