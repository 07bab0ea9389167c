/* Quoting: a shell reads back exactly what was quoted, and nothing reaches a terminal raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/quote.h"

static const char *const words[] = {"", "plain", "a b", "it's", "''", "\"", "$HOME", "$(id)",
	"`id`", "a\nb", "\n", "a\\b", "-rf", "--", "*", "?", "[a]", "~", "~root", "!x", "#x", "a=b",
	"a;b", "a&b", "a|b", "<x", ">x", "{a,b}", "(x)", "\t", "\xff\xfe", "\x1b[31m", "æøå",
	"'\\''", "%s", "a'b'c'"};

/* What @shell makes of the quoted @word. */
static void through(const char *shell, const char *word, struct buf *out)
{
	_cleanup_buf_ struct buf script = BUF_INIT;
	char chunk[256];
	int p[2], status;
	ssize_t n;
	pid_t pid;

	buf_adds(&script, "printf %s ");
	quote_sh(&script, word);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(p[1], STDOUT_FILENO);
		close(p[0]);
		close(p[1]);
		execlp(shell, shell, "-c", buf_str(&script), (char *)NULL);
		_exit(127);
	}
	close(p[1]);
	while ((n = read(p[0], chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_shell_round_trip(void **state)
{
	static const char *const shells[] = {"sh", "bash"};

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			_cleanup_buf_ struct buf out = BUF_INIT;

			through(shells[s], words[i], &out);
			assert_string_equal(buf_str(&out), words[i]);
			assert_int_equal(out.len, strlen(words[i]));
		}
	}
}

static void test_shell_every_byte(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	char all[256];

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	through("sh", all, &out);
	assert_string_equal(buf_str(&out), all);
}

static void test_plain_stays_plain(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	quote_sh(&out, "/etc/nginx/nginx.conf");
	assert_string_equal(buf_str(&out), "/etc/nginx/nginx.conf");
	buf_clear(&out);
	quote_sh(&out, "");
	assert_string_equal(buf_str(&out), "''");
}

static void assert_escaped(const char *s, size_t len, bool newlines, const char *expect)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	escape_text(&out, s, len, newlines);
	assert_string_equal(buf_str(&out), expect);
}

static void test_escape(void **state)
{
	assert_escaped("plain æøå 日本", strlen("plain æøå 日本"), false, "plain æøå 日本");
	assert_escaped("a\tb\nc", 5, false, "a b\\nc");
	assert_escaped("a\tb\nc", 5, true, "a b\nc");
	assert_escaped("\x1b[31m\r\a\x7f", 8, false, "\\x1b[31m\\x0d\\x07\\x7f");
	assert_escaped("\0", 1, true, "\\x00");
	/* C1 as bytes and as UTF-8, a cut sequence, an overlong '/', a surrogate. */
	assert_escaped("\x9b", 1, false, "\\x9b");
	assert_escaped("\xc2\x9b", 2, false, "\\xc2\\x9b");
	assert_escaped("\xe6\x97", 2, false, "\\xe6\\x97");
	assert_escaped("\xc0\xaf", 2, false, "\\xc0\\xaf");
	assert_escaped("\xed\xa0\x80", 3, false, "\\xed\\xa0\\x80");
	assert_escaped("\xf4\x90\x80\x80", 4, false, "\\xf4\\x90\\x80\\x80");
	assert_escaped("\xe2\x80\xae", 3, false, "\\xe2\\x80\\xae");
	assert_escaped("\xf0\x9f\x9a\x80", 4, false, "\xf0\x9f\x9a\x80");
}

static void assert_json(const char *s, const char *expect)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	quote_json(&out, s);
	assert_string_equal(buf_str(&out), expect);
}

static void test_json(void **state)
{
	assert_json("", "\"\"");
	assert_json("a\"b\\c\nd\te", "\"a\\\"b\\\\c\\nd\\u0009e\"");
	assert_json("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
	assert_json("æ", "\"æ\"");
	assert_json("x\xffy\xe6\x97", "\"x\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void assert_xml(const char *s, const char *expect)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	quote_xml(&out, s);
	assert_string_equal(buf_str(&out), expect);
}

static void test_xml(void **state)
{
	assert_xml("", "");
	assert_xml("<a b=\"c\">&amp;", "&lt;a b=&quot;c&quot;&gt;&amp;amp;");
	assert_xml("a\x1b[2J\nb\xff", "a\\x1b[2J\\nb\\xff");
	/* No reader of XML takes these two, whatever they stand in. */
	assert_xml("a\xef\xbf\xbe\xef\xbf\xbfz", "a\xef\xbf\xbd\xef\xbf\xbdz");
	assert_xml("\xef\xbf\xbd \xef\xbe\xbf", "\xef\xbf\xbd \xef\xbe\xbf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell_round_trip),
		cmocka_unit_test(test_shell_every_byte),
		cmocka_unit_test(test_plain_stays_plain),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_xml),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("quote", tests, NULL, NULL);
}
