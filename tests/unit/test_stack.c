/* Compose files: what hostile values of a spec become in YAML, and which lines a hash covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faas/stack.h"
#include "lib/base/xalloc.h"

static const struct {
	const char *value, *yaml;
} scalars[] = {
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"a b: c # d", "\"a b: c # d\""},
	{"$HOME ${X:-y} $$", "\"$$HOME $${X:-y} $$$$\""},
	{"\"; rm -rf / \\", "\"\\\"; rm -rf / \\\\\""},
	{"two\nlines\r\n\ttab", "\"two\\nlines\\u000d\\n\\u0009tab\""},
	{"- [*x, &y, !!z, %a, @b, `c`]", "\"- [*x, &y, !!z, %a, @b, `c`]\""},
	{"null", "\"null\""},
	{"012", "\"012\""},
	{"bl\xc3\xa5"
	 "b \xf0\x9f\x90\x9d",
		"\"bl\xc3\xa5"
		"b \xf0\x9f\x90\x9d\""},
	/* What JSON takes and YAML does not, or reads otherwise. */
	{"\xc2\x85\xc2\x9b", "\"\\u0085\\u009b\""},
	{"\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\""},
	{"\xef\xbb\xbf\xef\xbf\xbf", "\"\\ufeff\\uffff\""},
	{"\x7f\x01", "\"\\u007f\\u0001\""},
	/* Not UTF-8: U+FFFD. */
	{"a\xff\xc3", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

static void test_quote(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scalars); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		stack_quote(&out, scalars[i].value);
		assert_string_equal(buf_str(&out), scalars[i].yaml);
	}
}

static const char compose[] = "# head\n"
			      "networks:\n"
			      "  a:\n"
			      "    external: true\n"
			      "services:\n"
			      "  a:\n"
			      "    image: one\n"
			      "\n"
			      "    # remark\n"
			      "  # another\n"
			      "    labels: {x: y}\n"
			      "  \"b.c\":\n"
			      "    image: two\n"
			      "volumes:\n"
			      "  c:\n"
			      "    image: three\n";

static char *hash_of(const char *text, const char *key)
{
	_cleanup_err_ struct err err = ERR_INIT;
	char hash[17];

	if (stack_section_hash(text, key, hash, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return xstrdup(hash);
}

/* @text with the first @from replaced by @to; owned by the caller. */
static char *edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void hash_changes(const char *key, const char *from, const char *to, bool expect)
{
	_cleanup_free_ char *edited = edit(compose, from, to);
	_cleanup_free_ char *before = hash_of(compose, key);
	_cleanup_free_ char *after = hash_of(edited, key);

	assert_int_equal(strcmp(before, after) != 0, expect);
}

static void test_hash(void **state)
{
	char hash[17];

	hash_changes("a", "one", "ONE", true);
	hash_changes("a", "x: y", "x: z", true);
	hash_changes("a", "remark", "note", true);
	hash_changes("a", "image: two", "image: TWO", false);
	hash_changes("a", "head", "HEAD", false);
	hash_changes("a", "external: true", "external: false", false);
	hash_changes("\"b.c\"", "image: two", "image: TWO", true);
	hash_changes("\"b.c\"", "three", "THREE", false);
	hash_changes("\"b.c\"", "one", "ONE", false);
	assert_int_equal(stack_section_hash(compose, "missing", hash, NULL), -EINVAL);
	assert_int_equal(stack_section_hash("no services", "a", hash, NULL), -EINVAL);
	assert_int_equal(stack_section_hash("", "a", hash, NULL), -EINVAL);
}

/* ---- what docker makes of it ---- */

static const char *const hostile[] = {
	"plain",
	"$HOME ${PATH} $$ ${",
	"\"quoted\" and 'quoted' \\ \\n",
	"colon: [a, b] {c: d} # no comment",
	"*alias &anchor !tag %x @y `z` | > -",
	"null",
	"yes",
	"1e3",
	"bl\xc3\xa5"
	"b\xc3\xa6r \xf0\x9f\x90\x9d",
	"line\nbreak\ttab",
	"  spaces around  ",
	"",
};

static bool has_docker(void)
{
	return system("docker stack config --help >/dev/null 2>&1") == 0;
}

static void compose_of(struct buf *out)
{
	buf_adds(out, "version: \"3.7\"\nservices:\n  a:\n    image: x\n    environment:\n");
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		buf_addf(out, "      V%zu: ", i);
		stack_quote(out, hostile[i]);
		buf_adds(out, "\n");
	}
}

/* What `docker stack config` makes of @text. */
static void docker_config(const struct buf *text, struct buf *out)
{
	char path[] = "/tmp/svarm-stack-XXXXXX";
	_cleanup_free_ char *command = NULL;
	char chunk[4096];
	size_t n;
	int fd = mkstemp(path);
	FILE *p;

	assert_true(fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len);
	close(fd);
	command = xasprintf("HOME=/stolen docker stack config -c %s 2>&1", path);
	p = popen(command, "re");
	assert_non_null(p);
	while ((n = fread(chunk, 1, sizeof(chunk), p)) > 0)
		buf_add(out, chunk, n);
	if (pclose(p) != 0)
		fail_msg("%s", buf_str(out));
	unlink(path);
}

static void test_docker_reads_it_back(void **state)
{
	_cleanup_buf_ struct buf first = BUF_INIT;
	_cleanup_buf_ struct buf second = BUF_INIT;

	if (!has_docker())
		skip();
	compose_of(&first);
	docker_config(&first, &second);
	assert_null(strstr(buf_str(&second), "/stolen"));
	assert_non_null(strstr(buf_str(&second), "V1: $HOME ${PATH} $$ ${"));
	assert_non_null(strstr(buf_str(&second), "V5: \"null\""));
	assert_non_null(strstr(buf_str(&second), "V6: \"yes\""));
	assert_non_null(strstr(buf_str(&second), "V4: '*alias &anchor !tag %x @y `z` | > -'"));
	assert_non_null(strstr(buf_str(&second), "V10: '  spaces around  '"));
	assert_non_null(strstr(buf_str(&second), "V11: \"\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_docker_reads_it_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
