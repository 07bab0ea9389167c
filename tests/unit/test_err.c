/* Errors as values: made once, wrapped on the way up, moved, never lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"

static void test_set_and_replace(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;

	assert_string_equal(err_msg(&err), "");
	assert_string_equal(err_msg(NULL), "");
	assert_int_equal(err_set(&err, -EIO, "first %d", 1), -EIO);
	assert_int_equal(err.code, -EIO);
	assert_string_equal(err_msg(&err), "first 1");
	/* The old message may be part of the new one. */
	assert_int_equal(err_set(&err, ERR_SPEC, "second after %s", err_msg(&err)), ERR_SPEC);
	assert_string_equal(err_msg(&err), "second after first 1");
}

static void test_errno(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(err_errno(&err, -ENOENT, "opening '%s'", "x"), -ENOENT);
	assert_string_equal(err_msg(&err), "opening 'x': No such file or directory");
}

static void test_wrap(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;

	err_set(&err, -EIO, "no space");
	assert_int_equal(err_wrap(&err, "writing '%s'", "/etc/x"), -EIO);
	assert_int_equal(err_wrap(&err, "node '%s'", "a"), -EIO);
	assert_string_equal(err_msg(&err), "node 'a': writing '/etc/x': no space");
	assert_int_equal(err_wrap(&err, "%s", err_msg(&err)), -EIO);
	assert_non_null(strstr(err_msg(&err), "no space: node 'a'"));
}

static void test_nobody_listens(void **state)
{
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_errno(NULL, -EPERM, "x"), -EPERM);
	assert_true(err_wrap(NULL, "x") < 0);
}

static void test_move(void **state)
{
	_cleanup_err_ struct err from = ERR_INIT, to = ERR_INIT;

	err_set(&to, -EPERM, "old");
	err_set(&from, -EIO, "new");
	assert_int_equal(err_move(&to, &from), -EIO);
	assert_string_equal(err_msg(&to), "new");
	assert_int_equal(from.code, 0);
	assert_null(from.msg);
	err_set(&from, -EBUSY, "dropped");
	assert_int_equal(err_move(NULL, &from), -EBUSY);
	assert_null(from.msg);
	assert_int_equal(from.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_and_replace),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_move),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
