/* Alertmanager's body, strictly; and the number of tasks an alert asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/alert.h"

static struct alert alerts[ALERT_MAX];

static int parse(const char *text, size_t *ret_n)
{
	return alert_parse(text, strlen(text), alerts, ret_n, NULL);
}

static void as_sent(void **state)
{
	size_t n = 0;

	assert_int_equal(
		parse("{\"receiver\":\"scale-up\",\"status\":\"firing\",\"alerts\":[{\"status\":"
		      "\"firing\",\"labels\":{\"alertname\":\"APIHighInvocationRate\","
		      "\"code\":\"200\",\"function_name\":\"echo.openfaas-fn\",\"monitor\":"
		      "\"faas-monitor\"},\"annotations\":{\"summary\":\"x\"},\"startsAt\":"
		      "\"2018-10-02T20:00:00Z\",\"generatorURL\":\"http://p\"},{\"status\":"
		      "\"resolved\",\"labels\":{\"function_name\":\"other\"}}],\"groupLabels\":{},"
		      "\"version\":\"4\"}",
			&n),
		0);
	assert_int_equal(n, 2);
	assert_string_equal(alerts[0].function, "echo");
	assert_true(alerts[0].firing);
	assert_string_equal(alerts[1].function, "other");
	assert_false(alerts[1].firing);
	assert_int_equal(parse("{\"alerts\":[]}", &n), 0);
	assert_int_equal(n, 0);
}

static void bad(void **state)
{
	static const char *const texts[] = {"", "{", "null", "[]", "{}", "{\"alerts\":{}}",
		"{\"alerts\":null}", "{\"alerts\":[null]}", "{\"alerts\":[{}]}",
		"{\"alerts\":[{\"status\":\"firing\"}]}",
		"{\"alerts\":[{\"status\":\"firing\",\"labels\":{}}]}",
		"{\"alerts\":[{\"status\":\"firing\",\"labels\":[\"function_name\"]}]}",
		"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"function_name\":7}}]}",
		"{\"alerts\":[{\"status\":\"Firing\",\"labels\":{\"function_name\":\"f\"}}]}",
		"{\"alerts\":[{\"status\":7,\"labels\":{\"function_name\":\"f\"}}]}",
		"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"function_name\":\"\"}}]}",
		"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"function_name\":\"a/b\"}}]}",
		"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"function_name\":\"a.other\"}}]}",
		"{\"alerts\":[]}x"};
	size_t n = 77;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (parse(texts[i], &n) != -EBADMSG || n != 77)
			fail_msg("taken: %s", texts[i]);
}

static void too_many(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t n = 0;

	for (int extra = 0; extra < 2; extra++) {
		buf_clear(&text);
		buf_adds(&text, "{\"alerts\":[");
		for (int i = 0; i < ALERT_MAX + extra; i++)
			buf_addf(&text,
				"%s{\"status\":\"firing\",\"labels\":{\"function_name\":\"f%d\"}}",
				i ? "," : "", i);
		buf_adds(&text, "]}");
		assert_int_equal(parse(buf_str(&text), &n), extra ? -EBADMSG : 0);
	}
	assert_int_equal(n, ALERT_MAX);
	assert_string_equal(alerts[ALERT_MAX - 1].function, "f999");
}

static void numbers(void **state)
{
	struct settings s = {.min = 2, .max = 20, .factor = 20};

	assert_int_equal(alert_replicas(&s, 2, true), 6);
	assert_int_equal(alert_replicas(&s, 18, true), 20);
	assert_int_equal(alert_replicas(&s, 20, true), 20);
	assert_int_equal(alert_replicas(&s, 30, true), 30);
	assert_int_equal(alert_replicas(&s, 18, false), 2);
	assert_int_equal(alert_replicas(&s, 1, false), 2);
	assert_int_equal(alert_replicas(&s, 0, true), 0);
	assert_int_equal(alert_replicas(&s, 0, false), 0);
	s.max = 3;
	assert_int_equal(alert_replicas(&s, 2, true), 3); /* 0.6 is one */
	s.factor = 0;
	assert_int_equal(alert_replicas(&s, 2, true), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_sent),
		cmocka_unit_test(bad),
		cmocka_unit_test(too_many),
		cmocka_unit_test(numbers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
