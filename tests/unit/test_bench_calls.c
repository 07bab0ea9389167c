/* What load runs and calls through the queue say of themselves, read though it may be hostile; each
 * hop's share; and what is made of it all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/async_result.h"
#include "probe/bench/cold_judge.h"
#include "probe/bench/http_judge.h"

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-6)

static json_t *parse(const char *text)
{
	json_t *o = NULL;

	assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o, NULL), 0);
	return o;
}

static double at(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* ---- reading a run ---- */

#define COUNTS "\"answers\": 990, \"failed\": 10, \"rps\": 330.5, \"seconds\": 3"

static const char good[] =
	"{\"url\": \"http://x/\", \"connections\": 8, " COUNTS ", \"unsent\": 2,"
	"\"latency_ms\": {\"n\": 990, \"min\": 0.5, \"mean\": 2, \"p50\": 1.5, \"p90\": 3, "
	"\"p99\": 9, \"p999\": 12, \"max\": 20, \"extra\": 1},"
	"\"nines\": [[0, 0.5], [0.5, 1.5], [1, 20]],"
	"\"series\": [{\"t\": 0, \"answers\": 330, \"errors\": 3, \"p50\": 1, \"p99\": 2, \"x\": "
	"1}],"
	"\"status\": {\"200\": 983, \"503\": 7, \"nonsense\": 5}, \"errors\": {\"reset\": 3},"
	"\"cpu\": {\"seconds\": 0.1, \"us_per_answer\": 12.5, \"busiest\": 0.91},"
	"\"more\": {\"a\": 1}}";

static void a_run_is_read(void **state)
{
	_cleanup_json_ json_t *o = parse(good);
	struct http_result r;

	assert_int_equal(http_read(o, &r, NULL), 0);
	assert_near(r.answers, 990);
	assert_near(r.failed, 10);
	assert_near(r.unsent, 2);
	assert_near(r.no_answer, 3);
	assert_near(r.server_errors, 7);
	assert_near(r.p50, 1.5);
	assert_near(r.p999, 12);
	assert_near(r.cpu_us, 12.5);
	assert_true(r.client_bound);
	assert_true(isnan(r.lag_p99) && isnan(r.kept_up_to));
	assert_null(json_object_get(r.run, "more"));
	assert_null(json_object_get(json_obj(r.run, "latency_ms"), "extra"));
	assert_int_equal(json_object_size(json_obj(r.run, "status")), 2);
	assert_int_equal(json_array_size(json_arr(r.run, "nines")), 3);
	assert_null(json_object_get(json_array_get(json_arr(r.run, "series"), 0), "x"));
	http_result_done(&r);
}

static void hostile_runs(void **state)
{
	static const char *const refused[] = {"{}", "[]",
		"{\"answers\": -1, \"failed\": 0, \"rps\": 1, \"seconds\": 1}",
		"{\"answers\": \"1\", \"failed\": 0, \"rps\": 1, \"seconds\": 1}",
		"{\"answers\": 1, \"failed\": 0, \"rps\": 1e300, \"seconds\": 1}"};
	static const char odd[] =
		"{" COUNTS ", \"latency_ms\": [1], \"nines\": [[0, 5], [0.5, 4], [1, 6]], "
		"\"series\": {\"a\": 1}, \"status\": {\"200\": -5, \"99\": 1}, \"errors\": 7, "
		"\"cpu\": {\"busiest\": \"all\"}, \"url\": [], \"steps\": [1, null, {\"rate\": "
		"[]}]}";
	_cleanup_json_ json_t *o = parse(odd);
	struct http_result r;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		_cleanup_json_ json_t *bad = parse(refused[i]);

		assert_int_equal(http_read(bad, &r, NULL), -EBADMSG);
	}
	assert_int_equal(http_read(o, &r, NULL), 0);
	assert_true(isnan(r.p50));
	assert_false(r.client_bound);
	assert_int_equal(json_array_size(json_arr(r.run, "nines")), 1); /* until they fall */
	assert_int_equal(json_object_size(json_obj(r.run, "status")), 0);
	assert_null(json_object_get(r.run, "latency_ms"));
	http_result_done(&r);
}

/* ---- hops ---- */

static void each_hops_share(void **state)
{
	const struct http_points all = {10, 4, 3, 1}, no_link = {NAN, 4, 3, 1};
	_cleanup_json_ json_t *hops = http_hops(&all), *inner = http_hops(&no_link);

	assert_int_equal(json_array_size(hops), 4);
	assert_string_equal(json_str(json_array_get(hops, 0), "hop"), "operator's link");
	assert_near(at(json_array_get(hops, 0), "ms"), 6);
	assert_near(at(json_array_get(hops, 0), "share"), 0.6);
	assert_near(at(json_array_get(hops, 1), "ms"), 1);
	assert_near(at(json_array_get(hops, 2), "ms"), 2);
	assert_near(at(json_array_get(hops, 3), "share"), 0.1);
	assert_int_equal(json_array_size(inner), 3);
	assert_near(at(json_array_get(inner, 0), "share"), 0.25);
}

/* Noise may make an inner point slower than an outer one. */
static void hops_are_never_negative(void **state)
{
	const struct http_points p = {2, 2.1, 1, 1}, zero = {0, 0, 0, 0};
	_cleanup_json_ json_t *hops = http_hops(&p), *none = http_hops(&zero);
	double sum = 0;

	assert_near(at(json_array_get(hops, 0), "ms"), 0);
	for (size_t i = 0; i < 4; i++)
		sum += at(json_array_get(hops, i), "share");
	assert_near(sum, 1);
	assert_near(at(json_array_get(none, 3), "share"), 0);
}

static void points_that_are_missing(void **state)
{
	const struct http_points one = {NAN, NAN, 3, NAN}, gap = {10, NAN, 3, NAN};
	_cleanup_json_ json_t *hops = http_hops(&gap);

	assert_null(http_hops(&one));
	assert_int_equal(json_array_size(hops), 2);
	assert_near(at(json_array_get(hops, 0), "ms"), 7);
}

/* ---- judging load ---- */

static struct section_result result;

static int set_up(void **state)
{
	result = (struct section_result){.detail = json_object()};
	return 0;
}

static int tear_down(void **state)
{
	json_decref(result.detail);
	free(result.figures);
	arena_done(&result.arena);
	return 0;
}

static void add_round(struct http_view *v, const char *text)
{
	_cleanup_json_ json_t *o = parse(text);
	struct http_result r;

	assert_int_equal(http_read(o, &r, NULL), 0);
	http_view_add(v, &r);
}

#define LATENCY(p50) "\"latency_ms\": {\"n\": 1000, \"p50\": " #p50 ", \"p99\": 30}"
#define WELL(p50, busiest)                                                           \
	"{\"answers\": 1000, \"failed\": 0, \"rps\": 500, \"seconds\": 2, " LATENCY( \
		p50) ", \"cpu\": {\"busiest\": " #busiest "}}"

static void judge(struct http_found *found)
{
	http_judge(found, &result);
	http_found_done(found);
	assert_non_null(result.text);
}

static void all_is_well(void **state)
{
	struct http_found found = {0};
	struct http_view *v = http_found_add(&found, "client", "url", "http://x/");

	add_round(v, WELL(2, 0.1));
	add_round(v, WELL(9, 0.1));
	add_round(v, WELL(3, 0.1));
	judge(&found);
	assert_int_equal(result.state, HEALTH_OK);
	assert_null(result.remedy);
	assert_non_null(strstr(result.text, "p50 3.00 ms"));
	assert_near(section_median(&result, "p50"), 3);
	assert_near(section_median(&result, "errors"), 0);
	assert_int_equal(json_array_size(json_arr(result.detail, "runs")), 3);
}

static void a_busy_client_judges_nothing(void **state)
{
	struct http_found found = {0};
	struct http_view *v = http_found_add(&found, "client", "url", "http://x/");

	add_round(v, WELL(2, 0.1));
	add_round(v, WELL(2, 0.91));
	judge(&found);
	assert_int_equal(result.state, HEALTH_WARN);
	assert_non_null(strstr(result.text,
		"no verdict: the processor of this machine was the bottleneck (91 % busy)"));
	assert_non_null(result.remedy);
}

/* One part of the way alone is fast enough to keep any client busy. */
static void a_part_may_keep_it_busy(void **state)
{
	struct http_found found = {0};

	add_round(http_found_add(&found, "client", "ingress", "http://x/"), WELL(2, 0.1));
	add_round(http_found_add(&found, "lab-1", "function", "http://y/"), WELL(1, 0.91));
	judge(&found);
	assert_int_equal(result.state, HEALTH_OK);
	assert_null(strstr(result.text, "bottleneck"));
}

static void failures(void **state)
{
	static const struct {
		const char *text, *says;
		enum health_state state;
	} samples[] = {
		{"{\"answers\": 0, \"failed\": 7, \"rps\": 0, \"seconds\": 2, \"errors\": "
		 "{\"connect\": "
		 "7}, \"connect_error\": \"Connection refused\"}",
			"no answer at all: connect 7 (Connection refused)", HEALTH_FAIL},
		{"{\"answers\": 1000, \"failed\": 5, \"rps\": 1, \"seconds\": 2, \"status\": "
		 "{\"200\": "
		 "995, \"503\": 5}, " LATENCY(1) "}",
			"5 of 1000 calls failed (0.5 %): HTTP status 503 5", HEALTH_WARN},
		{"{\"answers\": 1000, \"failed\": 30, \"rps\": 1, \"seconds\": 2, \"errors\": "
		 "{\"reset\": 30}, " LATENCY(1) "}",
			"30 of 1030 calls failed", HEALTH_FAIL},
		{"{\"answers\": 10, \"failed\": 10, \"rps\": 1, \"seconds\": 2, \"status\": "
		 "{\"404\": "
		 "10}, " LATENCY(1) "}",
			"every call failed: HTTP status 404 10", HEALTH_FAIL},
		{"{\"answers\": 1000, \"failed\": 0, \"unsent\": 40, \"rps\": 1, \"seconds\": "
		 "2, " LATENCY(1) "}",
			"40 requests that were due found no free connection", HEALTH_WARN},
		{"{\"answers\": 0, \"failed\": 0, \"unsent\": 40, \"rps\": 0, \"seconds\": 2}",
			"none of the 40 calls that were due could be sent", HEALTH_FAIL},
		{"{\"answers\": 0, \"failed\": 0, \"rps\": 0, \"seconds\": 2}",
			"no answer at all: all connections still waited", HEALTH_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct http_found found = {0};
		struct http_view *v = http_found_add(&found, "client", "url", "http://x/");

		set_up(state);
		add_round(v, samples[i].text);
		judge(&found);
		assert_int_equal(result.state, samples[i].state);
		assert_non_null(strstr(result.text, samples[i].says));
		assert_non_null(result.remedy);
		tear_down(state);
	}
}

/* Whatever a server or node says is escaped; another view's trouble is the section's. */
static void the_worst_view_counts(void **state)
{
	struct http_found found = {0};
	struct http_view *v = http_found_add(&found, "client", "ingress", "http://one/");

	add_round(v, WELL(2, 0.1));
	v = http_found_add(&found, "lab-1", "ingress", "http://two/");
	v->error = "gone \x1b[31m";
	judge(&found);
	assert_int_equal(result.state, HEALTH_FAIL);
	assert_string_equal(result.text, "lab-1 to http://two/: gone \\x1b[31m");
	assert_near(section_median(&result, "p50"), 2);
}

static void rounds_that_do_not_agree(void **state)
{
	struct http_found found = {0};
	struct http_view *v = http_found_add(&found, "client", "url", "http://x/");

	add_round(v, WELL(2, 0.1));
	v->unstable = true;
	judge(&found);
	assert_int_equal(result.state, HEALTH_WARN);
}

/* ---- calls through the queue ---- */

#define ASYNC(accepted, refused, back, lost, dup, failed, more)                       \
	"{\"sent\": 100, \"accepted\": " #accepted ", \"refused\": " #refused         \
	", \"refused_status\": 503, \"unanswered\": 0, \"called_back\": " #back       \
	", \"lost\": " #lost ", \"duplicated\": " #dup ", \"failed\": " #failed       \
	", \"failed_status\": 500, \"accept_seconds\": 0.5, \"drain_seconds\": 0.9, " \
	"\"end_to_end_ms\": {\"n\": 100, \"p50\": 4, \"p99\": 8}" more "}"

static void judge_async(const char *first, const char *second)
{
	struct async_round rounds[2];
	const char *texts[] = {first, second};

	for (size_t i = 0; i < 2; i++) {
		_cleanup_json_ json_t *o = parse(texts[i]);

		assert_int_equal(async_read(o, &rounds[i], NULL), 0);
	}
	async_judge(rounds, 2, "echo", 15, &result);
	for (size_t i = 0; i < 2; i++)
		async_round_done(&rounds[i]);
}

static void the_queue_works(void **state)
{
	judge_async(ASYNC(100, 0, 100, 0, 0, 0, ", \"wrong\": 0"),
		ASYNC(100, 0, 100, 0, 0, 0, ", \"wrong\": 0"));
	assert_int_equal(result.state, HEALTH_OK);
	assert_near(section_median(&result, "accept"), 200);
	assert_near(section_median(&result, "drain"), 110);
	assert_near(at(result.detail, "accepted"), 200);
	assert_near(at(result.detail, "wrong"), 0);
}

static void what_the_queue_does_wrong(void **state)
{
	static const struct {
		const char *text, *says;
		enum health_state state;
	} samples[] = {
		{ASYNC(100, 0, 97, 3, 0, 0, ""), "3 of 200 accepted calls were not called back",
			HEALTH_FAIL},
		{ASYNC(100, 0, 100, 0, 2, 0, ""), "some were run more than once", HEALTH_WARN},
		{ASYNC(100, 0, 100, 0, 0, 0, ", \"wrong\": 4"), "4 of 200 callbacks", HEALTH_FAIL},
		{ASYNC(99, 1, 99, 0, 0, 0, ""), "1 of 200 calls were not accepted: HTTP status 503",
			HEALTH_WARN},
		{ASYNC(90, 10, 90, 0, 0, 0, ""), "10 of 200 calls were not accepted", HEALTH_FAIL},
		{ASYNC(100, 0, 100, 0, 0, 9, ""), "'echo' failed 9 of 200 calls: HTTP status 500",
			HEALTH_WARN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		set_up(state);
		judge_async(ASYNC(100, 0, 100, 0, 0, 0, ", \"wrong\": 0"), samples[i].text);
		assert_int_equal(result.state, samples[i].state);
		assert_non_null(strstr(result.text, samples[i].says));
		assert_non_null(result.remedy);
		/* The median of the two rounds would be half of it. */
		if (!i)
			assert_near(section_median(&result, "lost"), 3);
		tear_down(state);
	}
}

static void hostile_accounts(void **state)
{
	static const char *const texts[] = {"{}", "[]", ASYNC(100, 1, 100, 0, 0, 0, ""),
		ASYNC(50, 0, 50, 51, 0, 0, ""), ASYNC(100, 0, 101, 0, 0, 0, ""),
		ASYNC(-1, 0, 0, 0, 0, 0, ""), ASYNC("x", 0, 0, 0, 0, 0, ""),
		ASYNC(100, 0, 100, 0, 0, 101, ""), ASYNC(100, 0, 100, 0, 0, 0, ", \"wrong\": 101")};
	struct async_round r;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_json_ json_t *o = parse(texts[i]);
		_cleanup_err_ struct err err = ERR_INIT;

		assert_int_equal(async_read(o, &r, &err), -EBADMSG);
	}
}

/* ---- first calls ---- */

static void first_calls(void **state)
{
	struct cold_found found = {0};

	for (int i = 0; i < 10; i++) {
		const struct cold_parts p = {.total = 100 * (i + 1),
			.schedule = 50,
			.create = i ? 10 : NAN,
			.start = 20,
			.ready = 5,
			.answer = 1,
			.missing = i ? NULL : "why"};

		cold_found_add(&found, &p);
	}
	cold_found_add(&found, &(struct cold_parts){.total = 1, .awake = true});
	cold_judge(&found, "echo", &result);
	cold_found_done(&found);
	assert_int_equal(result.state, HEALTH_OK);
	assert_near(section_median(&result, "p50"), 550);
	assert_near(section_median(&result, "p90"), 900);
	assert_near(section_median(&result, "max"), 1000);
	assert_string_equal(json_str(result.detail, "missing"), "why");
	assert_int_equal(json_int(result.detail, "awake", 0), 1);
	assert_int_equal(json_array_size(json_arr(result.detail, "calls")), 10);
	assert_non_null(strstr(result.text, "50 ms schedule, 10 ms create"));
}

static void first_calls_that_were_none(void **state)
{
	struct cold_found found = {0};

	cold_found_add(&found, &(struct cold_parts){.total = 1, .awake = true});
	cold_judge(&found, "echo", &result);
	assert_int_equal(result.state, HEALTH_WARN);
	cold_judge_failed(&found, "status \x1b 503", "fn_echo", &result);
	cold_found_done(&found);
	assert_int_equal(result.state, HEALTH_FAIL);
	assert_non_null(strstr(result.text, "status \\x1b 503"));
	assert_non_null(strstr(result.remedy, "docker service ps fn_echo"));
}

/* ---- tables of documents that may be anything ---- */

static void tables(void **state)
{
	static const char *const texts[] = {"{}", "[]", "{\"detail\": 5}",
		"{\"detail\": {\"runs\": [1, null, {\"from\": \"\\u001b[31m\", \"rps\": \"x\"}], "
		"\"hops\": [{\"hop\": \"\\u001b\", \"ms\": 1, \"share\": 0.5}, 3], \"calls\": [7, "
		"{}], "
		"\"sent\": 1e300, \"end_to_end_ms\": {}}}"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_json_ json_t *o = parse(texts[i]);
		_cleanup_buf_ struct buf out = BUF_INIT;

		http_print(o, &out);
		cold_print(o, &out);
		async_print(o, &out);
		assert_null(strchr(buf_str(&out), '\x1b'));
	}
}

#define judging(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_read),
		cmocka_unit_test(hostile_runs),
		cmocka_unit_test(each_hops_share),
		cmocka_unit_test(hops_are_never_negative),
		cmocka_unit_test(points_that_are_missing),
		judging(all_is_well),
		judging(a_busy_client_judges_nothing),
		judging(a_part_may_keep_it_busy),
		cmocka_unit_test(failures),
		judging(the_worst_view_counts),
		judging(rounds_that_do_not_agree),
		judging(the_queue_works),
		cmocka_unit_test(what_the_queue_does_wrong),
		cmocka_unit_test(hostile_accounts),
		judging(first_calls),
		judging(first_calls_that_were_none),
		cmocka_unit_test(tables),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
