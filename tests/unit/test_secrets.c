/* References to secrets: where the value comes from, what is refused, and that commands end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faas/parts.h"
#include "lib/base/xalloc.h"

static void resolves(int from, const char *value, const char *expect)
{
	_cleanup_(buf_wipe) struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct secret_ref ref = {from, value};

	if (secret_resolve(&ref, &out, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(buf_str(&out), expect);
}

static void refused(int from, const char *value, int code, const char *message)
{
	_cleanup_(buf_wipe) struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct secret_ref ref = {from, value};

	assert_int_equal(secret_resolve(&ref, &out, &err), code);
	if (!strstr(err_msg(&err), message))
		fail_msg("'%s' does not say '%s'", err_msg(&err), message);
	assert_null(strstr(err_msg(&err), "hunter2"));
}

static void test_env(void **state)
{
	setenv("SVARM_TEST", "hunter2", 1);
	resolves(SECRET_ENV, "SVARM_TEST", "hunter2");
	setenv("SVARM_TEST", "", 1);
	refused(SECRET_ENV, "SVARM_TEST", -EINVAL, "the value is empty");
	unsetenv("SVARM_TEST");
	refused(SECRET_ENV, "SVARM_TEST", -ENOENT, "no variable 'SVARM_TEST'");
}

static void test_file(void **state)
{
	char path[] = "/tmp/svarm-secret-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, "hunter2\n", 8) == 8);
	resolves(SECRET_FILE, path, "hunter2");
	assert_int_equal(write(fd, "\n", 1), 1);
	refused(SECRET_FILE, path, -EINVAL, "line break");
	close(fd);
	unlink(path);
	refused(SECRET_FILE, path, -ENOENT, "unable to open");
	refused(SECRET_FILE, "/dev/zero", -EFBIG, "larger than");
}

static void test_cmd(void **state)
{
	resolves(SECRET_CMD, "echo hunter2", "hunter2");
	resolves(SECRET_CMD, "printf 'a $x `y`'", "a $x `y`");
	resolves(SECRET_CMD, "echo noise >&2; cat; echo hunter2", "hunter2");
	refused(SECRET_CMD, "echo hunter2; exit 3", -EIO, "ended with status 3");
	refused(SECRET_CMD, "echo bad\033key >&2; exit 1", -EIO, "status 1: bad\\x1bkey");
	refused(SECRET_CMD, "kill -9 $$", -EIO, "signal 9");
	refused(SECRET_CMD, "true", -EINVAL, "empty");
	refused(SECRET_CMD, "printf 'a\\0b'", -EINVAL, "control character");
	refused(SECRET_CMD, "printf ' hunter2'", -EINVAL, "space");
	refused(SECRET_CMD, "cat /dev/zero", -EFBIG, "more than");
	refused(SECRET_CMD, "no-such-command-here", -EIO, "status 127");
	/* A flood of complaints does not block it. */
	resolves(SECRET_CMD, "head -c 300000 /dev/zero >&2; echo hunter2", "hunter2");
}

static int run(const char *command, usec_t deadline, usec_t *ret_took)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	usec_t began = clock_now();
	int r;

	r = command_output(command, deadline, 1000, &out, NULL);
	*ret_took = clock_now() - began;
	return r;
}

static void test_deadline(void **state)
{
	usec_t took;

	assert_int_equal(run("sleep 20", 200 * USEC_PER_MSEC, &took), -ETIMEDOUT);
	assert_true(took < 2 * USEC_PER_SEC);
	/* It closed its output but goes on. */
	assert_int_equal(run("exec >&-; sleep 20", 200 * USEC_PER_MSEC, &took), -ETIMEDOUT);
	assert_true(took < 2 * USEC_PER_SEC);
}

static void test_deadline_ends_children(void **state)
{
	char path[] = "/tmp/svarm-pid-XXXXXX";
	_cleanup_free_ char *command = NULL;
	_cleanup_buf_ struct buf pid = BUF_INIT;
	usec_t took;
	int fd = mkstemp(path);

	close(fd);
	command = xasprintf("sleep 20 & echo $! >%s; wait", path);
	assert_int_equal(run(command, 2 * USEC_PER_SEC, &took), -ETIMEDOUT);
	assert_int_equal(buf_read_file(&pid, path, 100, NULL), 0);
	unlink(path);
	assert_true(strtol(buf_str(&pid), NULL, 10) > 1);
	/* Killed; whoever adopted it may not have reaped it yet. */
	for (int i = 0; i < 100 && kill((pid_t)strtol(pid.data, NULL, 10), 0) == 0; i++) {
		_cleanup_free_ char *stat = xasprintf("/proc/%ld/stat", strtol(pid.data, NULL, 10));
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (buf_read_file(&text, stat, 4096, NULL) < 0 || strstr(text.data, ") Z "))
			return;
		clock_sleep(20 * USEC_PER_MSEC);
		assert_true(i < 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_cmd),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_ends_children),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
