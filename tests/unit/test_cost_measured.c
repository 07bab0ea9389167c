/* What the calculator takes from a document of svarm bench: which figure from where, what it was
 * limited by, and that a document with nonsense is refused or counts as not measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "probe/cost_measured.h"

static json_t *fixture(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	assert_int_equal(buf_read_file(&text, "tests/unit/data/bench.json", 1 << 20, &err), 0);
	assert_int_equal(json_parse(text.data, text.len, 1 << 20, &doc, &err), 0);
	return doc;
}

/* A document with a section http of these parts. */
static json_t *document(const char *state, const char *rps, const char *detail)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	buf_addf(&text,
		"{\"cluster\": \"c\", \"started\": \"s\", \"nodes\": [{}, {}], \"sections\": "
		"{\"http\": {\"state\": %s, \"text\": \"t\\u001b\", \"figures\": {\"rps\": "
		"{\"value\": %s}}, \"detail\": %s}}}",
		state, rps, detail);
	if (json_parse(text.data, text.len, 1 << 20, &doc, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return doc;
}

static struct cost_measured read_well(const json_t *doc)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct cost_measured m;

	if (cost_measured_read(doc, &m, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return m;
}

static void near_to(double a, double b)
{
	if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
		fail_msg("%.12g is not %.12g", a, b);
}

static void test_example(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	struct cost_measured m = read_well(doc);

	assert_string_equal(m.cluster, "fjord");
	assert_string_equal(m.started, "2026-11-25T12:00:00Z");
	assert_string_equal(m.from, "client");
	near_to(m.throughput, 2000.1);
	near_to(m.ms, 0.21); /* the function's, not the 0.82 that a client waits for */
	near_to(m.kb, 1900000. / 10000 / 1024);
	near_to(m.connections, 64);
	assert_int_equal(m.servers, 3);
	assert_int_equal(m.limit, LIMIT_RATE);
	assert_null(m.warning);
}

#define RUN(from, path, rps, more)                                                        \
	"{\"from\": \"" from "\", \"path\": \"" path "\", \"url\": \"u\", \"rps\": " #rps \
	", \"answers\": 10, \"bytes_in\": 10240" more "}"

/* What is limited by what, and which of the views counts. */
static void test_views(void **state)
{
	static const struct {
		const char *detail;
		double throughput;
		enum cost_limit limit;
		const char *from;
		size_t servers;
	} cases[] = {
		{"{}", 100, LIMIT_CLUSTER, NULL, 2},
		{"{\"runs\": [" RUN("a", "ingress", 90, "") "]}", 90, LIMIT_CLUSTER, "a", 2},
		/* the median of a view's rounds, and of the views the highest */
		{"{\"runs\": [" RUN("a", "ingress", 90, "") "," RUN("b", "ingress", 300,
			 "") "," RUN("b", "ingress", 500, "") "," RUN("b", "ingress", 310, "") "]}",
			310, LIMIT_CLUSTER, "b", 2},
		/* parts of the way are not what a caller gets */
		{"{\"runs\": [" RUN("a", "ingress", 90, "") "," RUN(
			 "a", "gateway", 900, "") "," RUN("a", "function", 9000, "") "]}",
			90, LIMIT_CLUSTER, "a", 2},
		{"{\"runs\": [" RUN("a", "url", 90, "") "]}", 90, LIMIT_CLUSTER, "a", 0},
		{"{\"runs\": [" RUN("a", "ingress", 90, ", \"client_bound\": true") "]}", 90,
			LIMIT_CLIENT, "a", 2},
		{"{\"runs\": [" RUN("a", "ingress", 90, ", \"rate\": 90") "]}", 90, LIMIT_RATE, "a",
			2},
		{"{\"runs\": [" RUN("a", "ingress", 90, ", \"rate\": 120, \"unsent\": 3") "]}", 90,
			LIMIT_CLUSTER, "a", 2},
		/* of a ramp what was kept up with, not the mean over its steps */
		{"{\"runs\": [" RUN("a", "ingress", 90,
			 ", \"rate\": 10, \"kept_up_to\": 160, \"steps\": [{\"rate\": 10}, "
			 "{\"rate\": 200}]") "]}",
			160, LIMIT_CLUSTER, "a", 2},
		{"{\"runs\": [" RUN("a", "ingress", 90,
			 ", \"rate\": 10, \"kept_up_to\": 200, \"steps\": [{\"rate\": 10}, "
			 "{\"rate\": 200}]") "]}",
			200, LIMIT_RATE, "a", 2},
		{"{\"runs\": [" RUN("a", "ingress", 90,
			 ", \"rate\": 100, \"kept_up_to\": 0, \"steps\": [{\"rate\": 100}]") "]}",
			90, LIMIT_CLUSTER, "a", 2},
		/* what is no number of calls is passed over */
		{"{\"runs\": [" RUN("a", "ingress", 0, "") "," RUN("b", "ingress", -7, "") "," RUN(
			 "c", "ingress", 1e12, "") ", 5, null, [], {\"path\": 3}]}",
			100, LIMIT_CLUSTER, "a", 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *doc = document("\"ok\"", "100", cases[i].detail);
		struct cost_measured m = read_well(doc);

		near_to(m.throughput, cases[i].throughput);
		assert_int_equal(m.limit, cases[i].limit);
		assert_int_equal(m.servers, cases[i].servers);
		if (cases[i].from)
			assert_string_equal(m.from, cases[i].from);
		else
			assert_null(m.from);
	}
}

/* What is out of bounds was not measured. */
static void test_parts(void **state)
{
	static const struct {
		const char *detail;
		double ms, kb;
	} cases[] = {
		{"{\"hops\": [{\"hop\": \"gateway\", \"ms\": 9}, {\"hop\": \"function\", \"ms\": "
		 "3}]}",
			3, NAN},
		{"{\"hops\": [{\"hop\": \"gateway\", \"ms\": 9}]}", NAN, NAN},
		{"{\"hops\": [{\"hop\": \"function\", \"ms\": 0}]}", NAN, NAN},
		{"{\"hops\": [{\"hop\": \"function\", \"ms\": -1}]}", NAN, NAN},
		{"{\"hops\": [{\"hop\": \"function\", \"ms\": 1e300}]}", NAN, NAN},
		{"{\"hops\": [{\"hop\": \"function\", \"ms\": \"3\"}]}", NAN, NAN},
		{"{\"hops\": [5, null, {\"hop\": 1}]}", NAN, NAN},
		{"{\"hops\": {}, \"runs\": 5}", NAN, NAN},
		{"{\"runs\": [" RUN("a", "ingress", 9, "") "]}", NAN, 1},
		{"{\"runs\": [{\"path\": \"ingress\", \"answers\": 0, \"bytes_in\": 5}]}", NAN,
			NAN},
		{"{\"runs\": [{\"path\": \"ingress\", \"answers\": 1, \"bytes_in\": 1e14}]}", NAN,
			NAN},
		{"{\"runs\": [{\"path\": \"ingress\", \"answers\": -4, \"bytes_in\": -5}]}", NAN,
			NAN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *doc = document("\"ok\"", "100", cases[i].detail);
		struct cost_measured m = read_well(doc);

		assert_int_equal(isnan(m.ms), isnan(cases[i].ms));
		assert_int_equal(isnan(m.kb), isnan(cases[i].kb));
		if (!isnan(cases[i].ms))
			near_to(m.ms, cases[i].ms);
		if (!isnan(cases[i].kb))
			near_to(m.kb, cases[i].kb);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *state, *rps, *message;
	} cases[] = {
		{"\"failed\"", "100", "the state of its section http is 'failed': t\\x1b"},
		{"\"skipped\"", "100", "'skipped'"},
		{"\"fine\\u001b[31m\"", "100", "'fine\\x1b[31m'"},
		{"7", "100", "'none'"},
		{"\"ok\"", "0", "http.rps is no number"},
		{"\"ok\"", "-5", "http.rps is no number"},
		{"\"ok\"", "1e300", "http.rps is no number"},
		{"\"ok\"", "1e-300", "http.rps is no number"},
		{"\"ok\"", "\"100\"", "http.rps is no number"},
		{"\"ok\"", "null", "http.rps is no number"},
	};
	static const char *const others[] = {"{}", "[]", "{\"sections\": 5}",
		"{\"sections\": {\"http\": []}}", "{\"sections\": {\"cpu\": {\"state\": \"ok\"}}}"};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *doc = document(cases[i].state, cases[i].rps, "{}");
		_cleanup_err_ struct err err = ERR_INIT;
		struct cost_measured m = {.throughput = 7};

		assert_int_equal(cost_measured_read(doc, &m, &err), -EBADMSG);
		if (!strstr(err_msg(&err), cases[i].message))
			fail_msg("'%s' lacks '%s'", err_msg(&err), cases[i].message);
		assert_true(m.throughput == 7); /* untouched */
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_json_ json_t *doc = NULL;
		_cleanup_err_ struct err err = ERR_INIT;
		struct cost_measured m;

		assert_int_equal(json_parse(others[i], strlen(others[i]), 1000, &doc, NULL), 0);
		assert_int_equal(cost_measured_read(doc, &m, &err), -EBADMSG);
		assert_non_null(strstr(err_msg(&err), "no section http"));
	}
}

static void test_warning(void **state)
{
	_cleanup_json_ json_t *doc = document("\"warning\"", "100", "{}");

	assert_string_equal(read_well(doc).warning, "t\x1b"); /* raw, as the header says */
}

/* Many runs, all of one view or each of its own: bounded, and done. */
static void test_many(void **state)
{
	for (int own = 0; own < 2; own++) {
		_cleanup_buf_ struct buf detail = BUF_INIT;
		json_t *doc;

		buf_adds(&detail, "{\"runs\": [");
		for (int i = 0; i < 3000; i++)
			buf_addf(&detail,
				"%s{\"from\": \"f%d\", \"path\": \"ingress\", \"rps\": %d}",
				i ? "," : "", own ? i : 0, 1000 + i);
		buf_adds(&detail, "]}");
		doc = document("\"ok\"", "100", buf_str(&detail));
		near_to(read_well(doc).throughput, own ? 1999 : 1049.5);
		json_decref(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cost_measured", tests, NULL, NULL);
}
