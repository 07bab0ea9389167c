/* Settings of the container programs: tables of them, read from the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "faas/common/env.h"
#include "lib/base/macro.h"

static long n, ms;

static int load(struct err *err)
{
	const struct env_setting settings[] = {
		{"T_NUMBER", &n, 7, .min = 1, .max = 9},
		{"T_TIME", &ms, 250, .duration = true},
	};

	return env_load(settings, ARRAY_SIZE(settings), err);
}

static void test_defaults(void **state)
{
	unsetenv("T_NUMBER");
	setenv("T_TIME", "", 1);
	assert_int_equal(load(NULL), 0);
	assert_int_equal(n, 7);
	assert_int_equal(ms, 250);
}

static void test_given(void **state)
{
	setenv("T_NUMBER", "9", 1);
	setenv("T_TIME", "1m30s", 1);
	assert_int_equal(load(NULL), 0);
	assert_int_equal(n, 9);
	assert_int_equal(ms, 90000);
}

static void test_refused(void **state)
{
	static const char *const numbers[] = {"0", "10", "x", "1x", "-1", "99999999999999999999"};

	setenv("T_TIME", "1s", 1);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_err_ struct err err = ERR_INIT;

		setenv("T_NUMBER", numbers[i], 1);
		assert_int_equal(load(&err), -EINVAL);
		assert_non_null(strstr(err_msg(&err), "T_NUMBER"));
	}
	setenv("T_NUMBER", "1", 1);
	setenv("T_TIME", "soon", 1);
	assert_int_equal(load(NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
