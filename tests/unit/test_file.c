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
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/xalloc.h"

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
	/* A link that cannot be followed is not replaced. */
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(file_write("loop", "x", 1, &err), -ELOOP);
	assert_int_equal(count(), 3);
	assert_int_equal(unlink("loop"), 0);
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

static void put(const char *path, const char *text, int want)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	buf_adds(&b, text);
	assert_int_equal(file_write(path, b.data, b.len, &err), want);
	assert_int_equal(err.code, want);
}

static void test_readers(void **state)
{
	char dir[] = "/tmp/svarm-save.XXXXXX", chunk[8] = "";
	_cleanup_free_ char *path = NULL, *fifo = NULL, *none = NULL;
	_cleanup_buf_ struct buf back = BUF_INIT;
	struct stat st;
	int fd, held;

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/file", dir);
	fifo = xasprintf("%s/fifo", dir);
	none = xasprintf("%s/none/file", dir);
	put(path, "old", 0);
	held = open(path, O_RDONLY | O_CLOEXEC);
	put(path, "new", 0);
	/* Who has the old file open reads the old text to its end. */
	assert_int_equal(read(held, chunk, sizeof(chunk)), 3);
	assert_string_equal(chunk, "old");
	close(held);
	assert_int_equal(buf_read_file(&back, path, 100, NULL), 0);
	assert_string_equal(buf_str(&back), "new");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* A pipe stays one. */
	assert_int_equal(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDWR | O_CLOEXEC);
	put(fifo, "through", 0);
	assert_int_equal(read(fd, chunk, sizeof(chunk)), 7);
	assert_int_equal(stat(fifo, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	close(fd);
	put(none, "x", -ENOENT);
	unlink(fifo);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing was left beside them */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_readers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter, leave);
}
