/* Files written whole: new ones, replaced ones, through links, into devices, and what failure
 * leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"

static char folder[] = "/tmp/svarm-test-file.XXXXXX";

static void holds(const char *path, const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(buf_read_file(&b, path, 1000, NULL), 0);
	assert_string_equal(buf_str(&b), text);
}

static size_t count(void)
{
	DIR *d = opendir(".");
	size_t n = 0;

	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void test_files(void **state)
{
	struct stat st;

	umask(027);
	assert_int_equal(file_write("a", "one", 3, NULL), 0);
	holds("a", "one");
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(chmod("a", 0600), 0);
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(file_write("link", "two", 3, NULL), 0);
	holds("a", "two");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(count(), 2);
	assert_int_equal(file_write("/dev/null", "x", 1, NULL), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void test_failures(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(file_write("none/a", "x", 1, &err), -ENOENT);
	assert_non_null(strstr(err_msg(&err), "'none/a'"));
	assert_int_equal(file_write("/dev/full", "x", 1, &err), -ENOSPC);
	assert_int_equal(file_write(".", "x", 1, &err), -EISDIR);
	holds("a", "two");
	assert_int_equal(count(), 2);
}

static int enter(void **state)
{
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	unlink("a");
	unlink("link");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_failures),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter, leave);
}
