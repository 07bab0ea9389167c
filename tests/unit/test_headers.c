/* Headers of a request: what is one, files of them, and that no message tells a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/headers.h"

/* ---- one ---- */

static void expect_fault(const char *header, size_t at, const char *says)
{
	size_t where = 0;
	const char *wrong = header_fault(header, strlen(header), &where);

	if (!wrong || !strstr(wrong, says) || where != at)
		fail_msg("'%s': %s at %zu", header, wrong ? wrong : "(nothing)", where);
}

static void test_right(void **state)
{
	static const char *const right[] = {"A:", "a: b", "X-Api_Key:  two words\tand a tab",
		"!#$%&'*+-.^_`|~09azAZ: every character of a name", "A::b", "A: caf\xc3\xa9 \xff"};
	size_t at;

	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		assert_null(header_fault(right[i], strlen(right[i]), &at));
}

static void test_wrong(void **state)
{
	expect_fault("", 0, "begins with its name");
	expect_fault(": b", 0, "begins with its name");
	expect_fault(" A: b", 0, "begins with its name");
	expect_fault("\"A\": b", 0, "begins with its name");
	expect_fault("\xc3\x86: b", 0, "begins with its name");
	expect_fault("A", 1, "no ':'");
	expect_fault("A : b", 1, "no ':'");
	expect_fault("A(b): c", 1, "no ':'");
	expect_fault("A\r\n: c", 1, "no ':'");
	expect_fault("A: b\r", 4, "control character");
	expect_fault("A: b\nC: d", 4, "control character");
	expect_fault("A: \x7f", 3, "control character");
	expect_fault("A:\x1b[2J", 2, "control character");
}

/* ---- a file ---- */

/* Reads @text out of a file that has the name "/proc/self/fd/N". */
static int read_text(const char *text, size_t len, mode_t mode, struct header_file *ret,
	char path[32], struct err *err)
{
	int fd = memfd_create("headers", MFD_CLOEXEC), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	r = header_file_read(path, ret, err);
	close(fd);
	return r;
}

static void expect_lines(const char *text, size_t n, const char *const *lines)
{
	_cleanup_(header_file_done) struct header_file f = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	char path[32];

	if (read_text(text, strlen(text), 0600, &f, path, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_int_equal(f.n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(f.lines[i], lines[i]);
	assert_false(f.others_may_read);
}

static void test_file(void **state)
{
	static const char *const two[] = {"A: b", "C: d # no comment"};

	expect_lines("A: b\nC: d # no comment\n", 2, two);
	expect_lines("A: b\r\nC: d # no comment", 2, two);
	expect_lines("\n# C: x\nA: b\n \t\n\r\nC: d # no comment\n#", 2, two);
	expect_lines("", 0, NULL);
	expect_lines("\n", 0, NULL);
}

static void expect_place(const char *text, size_t len, int line, int column)
{
	_cleanup_(header_file_done) struct header_file f = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	char path[32], place[64];

	assert_int_equal(read_text(text, len, 0600, &f, path, &err), -EINVAL);
	snprintf(place, sizeof(place), "%s:%d:%d: ", path, line, column);
	if (strncmp(err_msg(&err), place, strlen(place)) || strstr(err_msg(&err), "secret"))
		fail_msg("not at %s: %s", place, err_msg(&err));
	assert_int_equal(f.n, 0);
	assert_true(f.line == line && f.column == column);
	/* As it was read: whoever draws the line needs it. */
	assert_int_equal(f.text.len, len);
	assert_memory_equal(f.text.data, text, len);
}
#define PLACE(text, line, column) expect_place(text, strlen(text), line, column)

static void test_places(void **state)
{
	PLACE("secret", 1, 7);
	PLACE("A: b\n\n# x\r\nC secret\nD: e", 4, 2);
	PLACE("A: b\r\n  C: secret", 2, 1);
	PLACE("A: secret\rB: c\n", 1, 10);
	/* Columns count characters. */
	PLACE("A: \xc3\xa6\xe2\x82\xac\x01secret", 1, 6);
	expect_place("A: secret\0\n", 11, 1, 10);
	expect_place("\0", 1, 1, 1);
}

static void test_permissions(void **state)
{
	_cleanup_(header_file_done) struct header_file f = {0}, large = {0};
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	char path[32];

	assert_int_equal(read_text("A: b", 4, 0644, &f, path, &err), 0);
	assert_true(f.others_may_read);
	while (text.len <= HEADER_FILE_MAX)
		buf_adds(&text, "A: b\n");
	assert_int_equal(read_text(text.data, text.len, 0600, &large, path, &err), -EFBIG);
	assert_int_equal(header_file_read("/nowhere", &large, &err), -ENOENT);
}

/* ---- the option ---- */

static void expect_drawn(const char *text, const char *drawn)
{
	_cleanup_(headers_done) struct headers h = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	char option[40];
	const char *items[] = {"X: y", option};
	const struct option_list given = {items, 2, 2};
	const struct cli cli = {0};
	int fd = memfd_create("headers", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, 0600), 0);
	snprintf(option, sizeof(option), "@/proc/self/fd/%d", fd);
	assert_int_equal(headers_read(&cli, &given, NULL, &h, &err), drawn ? ERR_SPEC : 0);
	if (drawn && !strstr(err_msg(&err), drawn))
		fail_msg("%s", err_msg(&err));
	if (strstr(err_msg(&err), "hunter"))
		fail_msg("%s", err_msg(&err));
	if (!drawn) {
		assert_int_equal(h.n, 2);
		assert_string_equal(h.items[0], "X: y");
		assert_string_equal(h.items[1], "A: hunter2");
	}
	close(fd);
}

/* A caret, and nothing of what may be a value. */
static void test_drawn(void **state)
{
	expect_drawn("# x\nA: hunter2\n", NULL);
	expect_drawn("A: b\nX-Key: hunter\x01 2\n",
		":2:14: a control character\n    2 | X-Key:********\n      |               ^");
	expect_drawn("Bearer hunter2\n", ":1:7: no ':'");
	expect_drawn("Bearer hunter2\n", "\n    1 | ********\n      |         ^");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_drawn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
