/* What the daemon and nginx' module say to each other: the table, the counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/planetext.h"
#include "faas/nginx/table.h"

static struct function function(const char *name, long timeout_ms, const char **addresses)
{
	struct function f = {.name = name, .addresses = addresses};

	f.settings.timeout_ms = timeout_ms;
	while (addresses[f.addresses_n])
		f.addresses_n++;
	return f;
}

static void test_table(void **state)
{
	const char *many[] = {"10.0.1.9", "10.0.1.10", "9.255.0.1", "10.0.1.9", NULL};
	const char *none[] = {NULL};
	struct function functions[] = {function("Echo", 0, many), function("slow-1", 1500, none)};
	struct model m = {.functions = functions, .functions_n = 2};
	_cleanup_buf_ struct buf text = BUF_INIT;

	plane_table(&m, 8080, &text);
	/* by number, not by text; each once */
	assert_string_equal(buf_str(&text), "svarm-table 1\n"
					    "function Echo 0\n"
					    "task 9.255.0.1:8080\n"
					    "task 10.0.1.9:8080\n"
					    "task 10.0.1.10:8080\n"
					    "function slow-1 1500\n"
					    "end\n");
}

static void test_table_is_read(void **state)
{
	static const char text[] = "svarm-table 1\nfunction a 0\nfunction B 86400000\n"
				   "task 10.0.0.1:1\ntask 10.0.0.1:65535\ntask 255.0.0.0:1\nend\n";
	struct table_reader t;

	table_open(&t, text, sizeof(text) - 1);
	assert_int_equal(table_next(&t), TABLE_FUNCTION);
	assert_memory_equal(t.name, "a", t.name_len);
	assert_int_equal(table_next(&t), TABLE_FUNCTION);
	assert_memory_equal(t.name, "B", t.name_len);
	assert_int_equal(t.timeout_ms, 86400000);
	assert_int_equal(table_next(&t), TABLE_TASK);
	assert_int_equal(t.address, 0x0a000001);
	assert_int_equal(t.port, 1);
	assert_int_equal(table_next(&t), TABLE_TASK);
	assert_int_equal(t.port, 65535);
	assert_int_equal(table_next(&t), TABLE_TASK);
	assert_int_equal(t.address, 0xff000000);
	assert_int_equal(table_next(&t), TABLE_END);
	assert_int_equal(t.functions, 2);
	assert_int_equal(t.tasks, 3);
}

#define HEAD "svarm-table 1\n"
#define LONG "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd" /* 64 */

static void test_bad_tables(void **state)
{
	static const char *const bad[] = {"", "end\n", "svarm-table 2\nend\n", HEAD, HEAD "end",
		HEAD "end\n\n", HEAD "\nend\n", HEAD "function\nend\n", HEAD "function a\nend\n",
		HEAD "function a \nend\n", HEAD "function a x\nend\n", HEAD "function a 0 \nend\n",
		HEAD "function a -1\nend\n", HEAD "function a 86400001\nend\n",
		HEAD "function a 00\nend\n", HEAD "function a 99999999999999999999\nend\n",
		HEAD "function -a 0\nend\n", HEAD "function a- 0\nend\n",
		HEAD "function a/b 0\nend\n", HEAD "function " LONG " 0\nend\n",
		HEAD "function b 0\nfunction a 0\nend\n", HEAD "function a 0\nfunction A 0\nend\n",
		HEAD "task 1.2.3.4:5\nend\n", HEAD "function a 0\ntask 1.2.3:4\nend\n",
		HEAD "function a 0\ntask 1.2.3.256:4\nend\n",
		HEAD "function a 0\ntask 1.2.3.4:0\nend\n",
		HEAD "function a 0\ntask 1.2.3.4:65536\nend\n",
		HEAD "function a 0\ntask 1.2.3.04:5\nend\n",
		HEAD "function a 0\ntask 1.2.3.4:5 \nend\n",
		HEAD "function a 0\ntask 1.2.3.4:5\ntask 1.2.3.4:5\nend\n",
		HEAD "function a 0\ntask 1.2.3.4:5\ntask 1.2.3.3:5\nend\n",
		HEAD "function a 0\nend\nfunction b 0\nend\n", HEAD HEAD "end\n"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct table_reader t;
		enum table_kind kind;

		table_open(&t, bad[i], strlen(bad[i]));
		while ((kind = table_next(&t)) == TABLE_FUNCTION || kind == TABLE_TASK)
			;
		if (kind != TABLE_BAD || !t.problem)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(table_next(&t), TABLE_BAD); /* and stays so */
	}
}

static void test_counters(void **state)
{
	static const char text[] = "svarm-counters 1\n"
				   "function asleep\nstarted 3 1700000000123\n"
				   "function Echo\n"
				   "status 502 1 0 0 0 0 0 0 0 0 0 0 0 0\n"
				   "status 200 10 123456 9 0 0 0 0 0 0 0 0 0 1\n"
				   "started 12 18446744073709551615\n"
				   "end\n";
	struct plane_sample s = {0};
	const struct plane_function *f;

	assert_int_equal(plane_counters(text, &s, NULL), 0);
	assert_int_equal(s.functions_n, 2);
	f = plane_sample_find(&s, "echo");
	assert_non_null(f);
	assert_int_equal(f->started, 12);
	assert_int_equal(f->inflight, 1);
	assert_true(f->last_ms == UINT64_MAX);
	assert_int_equal(f->codes_n, 2);
	assert_int_equal(f->codes[0].status, 200); /* sorted */
	assert_int_equal(f->codes[0].calls, 10);
	assert_int_equal(f->codes[0].micros, 123456);
	assert_int_equal(f->codes[0].buckets[0], 9);
	assert_int_equal(f->codes[0].buckets[10], 1);
	assert_int_equal(f->codes[1].status, 502);
	f = plane_sample_find(&s, "asleep");
	assert_int_equal(f->inflight, 3);
	assert_int_equal(f->codes_n, 0);
	assert_null(plane_sample_find(&s, "nobody"));
	plane_sample_done(&s);
	assert_null(plane_sample_find(&s, "echo"));
}

static void test_bad_counters(void **state)
{
	static const char *const bad[] = {"", "svarm-counters 2\nend\n", "svarm-counters 1\n",
		"svarm-counters 1\nend", "svarm-counters 1\nfunction a\nend\n",
		"svarm-counters 1\nstarted 1 1\nend\n",
		"svarm-counters 1\nstatus 200 1 1 0 0 0 0 0 0 0 0 0 0 0\nend\n",
		"svarm-counters 1\nfunction a\nstatus 200 1 1 0 0\nstarted 1 1\nend\n",
		"svarm-counters 1\nfunction a\nfunction b\nstarted 1 1\nend\n",
		"svarm-counters 1\nfunction b\nstarted 1 1\nfunction a\nstarted 1 1\nend\n",
		"svarm-counters 1\nfunction a\nstarted 99999999999999999999 1\nend\n",
		"svarm-counters 1\nfunction a\nstarted -1 1\nend\n", "<html>502</html>"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		struct plane_sample s = {0};

		assert_int_equal(plane_counters(bad[i], &s, &err), -EBADMSG);
		plane_sample_done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_is_read),
		cmocka_unit_test(test_bad_tables),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_bad_counters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("gateway: table and counters", tests, NULL, NULL);
}
