/* The growing buffer: always a string, whatever happened to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"

static void test_empty_is_a_string(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *s;

	assert_string_equal(buf_str(&b), "");
	buf_consume(&b, 0);
	buf_consume(&b, 7);
	buf_rtrim(&b);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	buf_add(&b, NULL, 0);
	assert_non_null(b.data);
	assert_string_equal(b.data, "");
}

static void test_grows(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (int i = 0; i < 10000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.data[b.len], 0);
	}
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
}

static void test_formats(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "%d-%s", 42, "x");
	buf_adds(&b, "|");
	buf_addf(&b, "%200d", 7);
	assert_int_equal(b.len, 5 + 200);
	assert_memory_equal(b.data, "42-x|", 5);
	assert_int_equal(b.data[b.len - 1], '7');
}

static void test_holds_nul(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add(&b, "a\0b\0", 4);
	assert_int_equal(b.len, 4);
	buf_rtrim(&b); /* NUL is no white space */
	assert_int_equal(b.len, 4);
	buf_consume(&b, 2);
	assert_string_equal(buf_str(&b), "b");
	assert_int_equal(b.len, 2);
}

static void test_consume_and_trim(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "hello \t\r\n");
	buf_rtrim(&b);
	assert_string_equal(buf_str(&b), "hello");
	buf_consume(&b, 2);
	assert_string_equal(buf_str(&b), "llo");
	buf_consume(&b, 99);
	assert_string_equal(buf_str(&b), "");
	buf_adds(&b, " \n ");
	buf_rtrim(&b);
	assert_int_equal(b.len, 0);
}

static void test_steal(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *s;

	buf_adds(&b, "mine");
	s = buf_steal(&b);
	assert_string_equal(s, "mine");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	buf_adds(&b, "again");
	assert_string_equal(buf_str(&b), "again");
	free(s);
	buf_wipe(&b);
	assert_null(b.data);
}

static void test_reads_files(void **state)
{
	char path[] = "/tmp/test_buf.XXXXXX";
	_cleanup_buf_ struct buf b = BUF_INIT, want = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (int i = 0; i < 20000; i++)
		buf_addf(&want, "%d\n", i);
	assert_int_equal(write(fd, want.data, want.len), want.len);
	close(fd);
	assert_int_equal(buf_read_file(&b, path, want.len, &err), 0);
	assert_int_equal(b.len, want.len);
	assert_memory_equal(b.data, want.data, want.len);
	buf_clear(&b);
	assert_int_equal(buf_read_file(&b, path, want.len - 1, &err), -EFBIG);
	unlink(path);
	assert_int_equal(buf_read_file(&b, path, 10, &err), -ENOENT);
	assert_non_null(strstr(err_msg(&err), "No such file"));
	assert_int_equal(buf_read_file(&b, "/", 10, &err), -EISDIR);
}

static void test_base64(void **state)
{
	static const struct {
		const char *plain, *standard, *url;
	} cases[] = {{"", "", ""}, {"f", "Zg==", "Zg=="}, {"fo", "Zm8=", "Zm8="},
		{"foo", "Zm9v", "Zm9v"}, {"\xff\xfe>", "//4+", "__4-"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT, back = BUF_INIT;

		base64_encode(cases[i].plain, strlen(cases[i].plain), &a);
		base64url_encode(cases[i].plain, strlen(cases[i].plain), &b);
		assert_string_equal(buf_str(&a), cases[i].standard);
		assert_string_equal(buf_str(&b), cases[i].url);
		assert_true(base64_decode(buf_str(&a), &back));
		assert_string_equal(buf_str(&back), cases[i].plain);
	}
}

static void test_reserve_moves_nothing(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *before;

	buf_reserve(&b, 1000);
	before = b.data;
	for (int i = 0; i < 1000; i++)
		buf_addc(&b, 'x');
	assert_ptr_equal(b.data, before);
	assert_int_equal(b.len, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_is_a_string),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_holds_nul),
		cmocka_unit_test(test_consume_and_trim),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_reads_files),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_reserve_moves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
