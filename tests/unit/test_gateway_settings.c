/* What labels say about calling and scaling a function, hostile ones included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "faas/common/env.h"
#include "faas/gateway/settings.h"

static struct settings read_labels(const char *json, struct arena *a)
{
	_cleanup_json_ json_t *labels = NULL;
	struct settings s;

	assert_int_equal(json_parse(json, strlen(json), 65536, &labels, NULL), 0);
	settings_read(labels, a, &s);
	return s;
}

static void defaults(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct settings s = read_labels("{}", &a);

	assert_int_equal(s.min, 1);
	assert_int_equal(s.max, 20);
	assert_int_equal(s.factor, 20);
	assert_int_equal(s.type, SCALE_RPS);
	assert_true(s.target == 50);
	assert_false(s.zero);
	assert_int_equal(s.zero_after_ms, 15 * 60 * 1000);
	assert_int_equal(s.timeout_ms, 0);
	assert_null(s.ready_path);
	assert_null(s.queue);
	assert_int_equal(s.retry.attempts, 0);
	assert_int_equal(s.retry.min_ms, 0);
	assert_int_equal(s.retry.max_ms, 0);
	assert_int_equal(s.retry.codes_n, 0);
}

#define RETRY "\"com.openfaas.annotations.com.openfaas.retry."

static void retries(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct settings s = read_labels("{" RETRY "attempts\":\"7\"," RETRY
					"min_wait\":\"250ms\"," RETRY "max_wait\":\"1m30s\"," RETRY
					"codes\":\"429, 500,503\"}",
		&a);

	assert_int_equal(s.retry.attempts, 7);
	assert_int_equal(s.retry.min_ms, 250);
	assert_int_equal(s.retry.max_ms, 90000);
	assert_int_equal(s.retry.codes_n, 3);
	assert_true(retry_wants(&s.retry, 503));
	assert_false(retry_wants(&s.retry, 502));

	s = read_labels("{" RETRY "attempts\":\"100000\"," RETRY "min_wait\":\"0ms\"," RETRY
			"max_wait\":\"24h\"," RETRY "codes\":\"\"}",
		&a);
	assert_int_equal(s.retry.attempts, RETRY_MAX_ATTEMPTS);
	assert_int_equal(s.retry.min_ms, 1);
	assert_int_equal(s.retry.max_ms, RETRY_MAX_WAIT_MS);
	assert_int_equal(s.retry.codes_n, 0);

	s = read_labels("{" RETRY "attempts\":\"-1\"," RETRY "min_wait\":\"soon\"," RETRY
			"max_wait\":\"-5s\"," RETRY "codes\":\"500,99\"}",
		&a);
	assert_int_equal(s.retry.attempts, 0);
	assert_int_equal(s.retry.min_ms, 0);
	assert_int_equal(s.retry.max_ms, 0);
	assert_int_equal(s.retry.codes_n, 0);
}

static void all_given(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct settings s = read_labels(
		"{\"com.openfaas.scale.min\":\"2\",\"com.openfaas.scale.max\":\"7\","
		"\"com.openfaas.scale.factor\":\"0\",\"com.openfaas.scale.type\":\"cpu\","
		"\"com.openfaas.scale.target\":\"750.5\",\"com.openfaas.scale.zero\":\"true\","
		"\"com.openfaas.scale.zero-duration\":\"1m30s\",\"com.openfaas.timeout\":\"250ms\","
		"\"com.openfaas.annotations.com.openfaas.ready.http.path\":\"/_/ready\","
		"\"com.openfaas.annotations.com.openfaas.queue\":\"slow\"}",
		&a);

	assert_int_equal(s.min, 2);
	assert_int_equal(s.max, 7);
	assert_int_equal(s.factor, 0);
	assert_int_equal(s.type, SCALE_CPU);
	assert_true(s.target == 750.5);
	assert_true(s.zero);
	assert_int_equal(s.zero_after_ms, 90000);
	assert_int_equal(s.timeout_ms, 250);
	assert_string_equal(s.ready_path, "/_/ready");
	assert_string_equal(s.queue, "slow");
}

static void nonsense_is_as_if_absent(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct settings s = read_labels(
		"{\"com.openfaas.scale.min\":\"-2\",\"com.openfaas.scale.max\":\"99999999999999\","
		"\"com.openfaas.scale.factor\":\"101\",\"com.openfaas.scale.type\":\"magic\","
		"\"com.openfaas.scale.target\":\"nan\",\"com.openfaas.scale.zero\":\"yes\","
		"\"com.openfaas.scale.zero-duration\":\"soon\",\"com.openfaas.timeout\":\"1e9\","
		"\"com.openfaas.annotations.com.openfaas.ready.http.path\":\"/a b\\r\\nX: y\","
		"\"com.openfaas.annotations.com.openfaas.queue\":\"a/../b\"}",
		&a);

	assert_int_equal(s.min, 1);
	assert_int_equal(s.max, 20);
	assert_int_equal(s.factor, 20);
	assert_int_equal(s.type, SCALE_RPS);
	assert_true(s.target == 50);
	assert_false(s.zero);
	assert_int_equal(s.zero_after_ms, 15 * 60 * 1000);
	assert_int_equal(s.timeout_ms, 0);
	assert_null(s.ready_path);
	assert_null(s.queue);
}

static void the_maximum_is_never_below_the_minimum(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct settings s = read_labels(
		"{\"com.openfaas.scale.min\":\"9\",\"com.openfaas.scale.max\":\"3\"}", &a);

	assert_int_equal(s.min, 9);
	assert_int_equal(s.max, 9);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		long ms; /* -1: refused */
	} t[] = {{"5", 5000}, {"5s", 5000}, {"250ms", 250}, {"2m", 120000}, {"1h", 3600000},
		{"1h2m3s4ms", 3723004}, {"", -1}, {"s", -1}, {"5x", -1}, {"-5s", -1}, {"1.5s", -1},
		{"5 s", -1}, {"9999999h", -1}, {"99999999999999999999s", -1}};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		long ms = -1;

		assert_int_equal(duration_parse(t[i].text, &ms), t[i].ms >= 0);
		assert_int_equal(ms, t[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_given),
		cmocka_unit_test(nonsense_is_as_if_absent),
		cmocka_unit_test(the_maximum_is_never_below_the_minimum),
		cmocka_unit_test(durations),
		cmocka_unit_test(retries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("function settings", tests, NULL, NULL);
}
