/* The template language: what it fills in, and that it refuses everything it does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/macro.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"

static struct template_scope *sample(void)
{
	struct template_scope *s = template_scope_new();
	struct template_scope *row;

	template_set(s, "name", "fjord");
	template_set(s, "empty", "%s", "");
	template_set(s, "braces", "{{name}}");
	template_set(s, "port", "%d", 80);
	template_list(s, "none");
	row = template_row(s, "peers");
	template_set(row, "address", "10.0.0.1");
	template_set(template_row(row, "tags"), "tag", "a");
	template_set(template_row(row, "tags"), "tag", "b");
	row = template_row(s, "peers");
	template_set(row, "address", "10.0.0.2");
	template_set(row, "name", "own");
	template_list(row, "tags");
	return s;
}

struct good {
	const char *text, *expect;
};

static const struct good goods[] = {
	{"", ""},
	{"plain { } }} text\n", "plain { } }} text\n"},
	{"a {{name}} b {{port}}{{empty}}.", "a fjord b 80."},
	{"{{name}}{{name}}", "fjordfjord"},
	/* A value is never a template. */
	{"{{braces}}", "{{name}}"},
	{"{{#peers}}{{address}},{{/peers}}", "10.0.0.1,10.0.0.2,"},
	/* Rows fall back to their parent, and may hide it. */
	{"{{#peers}}{{name}} {{/peers}}{{name}}", "fjord own fjord"},
	{"{{#peers}}[{{address}}{{#tags}} {{tag}}@{{address}}{{/tags}}]{{/peers}}",
		"[10.0.0.1 a@10.0.0.1 b@10.0.0.1][10.0.0.2]"},
	{"{{#none}}x{{unknown}}{{#never}}{{/never}}{{/none}}{{^none}}nobody{{/none}}", "nobody"},
	{"{{^peers}}x{{/peers}}y", "y"},
	{"{{#peers}}{{^tags}}{{address}} has none{{/tags}}{{/peers}}", "10.0.0.2 has none"},
	/* Lines that hold only a section tag vanish; others stay as they are. */
	{"a\n  {{#peers}}\n  - {{address}}\n  {{/peers}} \t\nb\n",
		"a\n  - 10.0.0.1\n  - 10.0.0.2\nb\n"},
	{"{{#none}}\nx\n{{/none}}\n", ""},
	{"{{#none}}\nx\n{{/none}}", ""},
	{"{{#peers}}\n{{#tags}}\n{{tag}}\n{{/tags}}\n{{/peers}}\n", "a\nb\n"},
	{"x {{#none}}\ny\n{{/none}}\nz", "x z"},
	{"{{#none}} {{/none}}\nz", "\nz"},
	{"{{^none}}\n\n{{/none}}\n", "\n"},
	{"  {{name}}\n", "  fjord\n"},
};

static void test_good(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(goods); i++) {
		_cleanup_(template_scope_freep) struct template_scope *s = sample();
		_cleanup_buf_ struct buf out = BUF_INIT;
		_cleanup_err_ struct err err = ERR_INIT;
		int r;

		r = template_render_text("t", goods[i].text, strlen(goods[i].text), s, &out, &err);
		assert_string_equal(err_msg(&err), "");
		assert_int_equal(r, 0);
		assert_string_equal(buf_str(&out), goods[i].expect);
	}
}

struct bad {
	const char *text, *expect;
};

static const struct bad bads[] = {
	{"a\nb {{nmae}}\n", "t:2: unknown name 'nmae'"},
	{"{{#nodes}}{{/nodes}}", "t:1: unknown list 'nodes'"},
	{"{{^nodes}}{{/nodes}}", "t:1: unknown list 'nodes'"},
	{"{{peers}}", "t:1: unknown name 'peers'"},
	{"{{#name}}{{/name}}", "t:1: unknown list 'name'"},
	{"\n\n{{#peers}}\nx", "t:3: section 'peers' is never closed"},
	{"{{#none}}\nx", "t:1: section 'none' is never closed"},
	{"{{#none}}{{^peers}}{{/none}}", "t:1: {{/none}} closes 'peers', opened in line 1"},
	{"x\n{{#peers}}\n{{#tags}}\n{{/peers}}\n{{/tags}}",
		"t:4: {{/peers}} closes 'tags', opened in line 3"},
	{"{{/peers}}", "t:1: {{/peers}} closes nothing"},
	{"{{#peers}}{{/peers}}\n{{/peers}}", "t:2: {{/peers}} closes nothing"},
	{"{{#peers}}{{tag}}{{/peers}}", "t:1: unknown name 'tag'"},
	{"{{}}", "t:1: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"{{", "t:1: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"\n{{ name }}",
		"t:2: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"{{name}", "t:1: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"{{name", "t:1: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"{{{name}}}", "t:1: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"{{!note}}", "t:1: '{{' does not begin a tag: {{name}}, {{#list}}, {{^list}}, {{/list}}"},
	{"{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}",
		"t:1: a name of over 64 characters"},
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		_cleanup_(template_scope_freep) struct template_scope *s = sample();
		_cleanup_buf_ struct buf out = BUF_INIT;
		_cleanup_err_ struct err err = ERR_INIT;
		int r;

		buf_adds(&out, "kept");
		r = template_render_text("t", bads[i].text, strlen(bads[i].text), s, &out, &err);
		assert_string_equal(err_msg(&err), bads[i].expect);
		assert_int_equal(r, -EINVAL);
		/* Nothing of a failed rendering stays behind. */
		assert_string_equal(buf_str(&out), "kept");
	}
}

static void test_deep(void **state)
{
	_cleanup_(template_scope_freep) struct template_scope *s = sample();
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "{{#none}}");
	assert_int_equal(template_render_text("t", text.data, text.len, s, &out, &err), -EINVAL);
	assert_string_equal(err_msg(&err), "t:1: sections nested deeper than 16");
}

static void test_huge(void **state)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	const char *text = "{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{big}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}";

	template_set(s, "big", "%0*d", 4096, 7);
	for (int i = 0; i < 100; i++)
		template_row(s, "l");
	assert_int_equal(template_render_text("t", text, strlen(text), s, &out, &err), -EINVAL);
	assert_non_null(strstr(err_msg(&err), "renders to more than"));
}

static void test_set_twice(void **state)
{
	_cleanup_(template_scope_freep) struct template_scope *s = sample();
	_cleanup_buf_ struct buf out = BUF_INIT;

	template_set(s, "name", "%s-%d", "again", 2);
	assert_int_equal(template_render_text("t", "{{name}}", 8, s, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "again-2");
}

static void write_file(const char *dir, const char *name, const char *text, size_t len)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void test_dir(void **state)
{
	_cleanup_(template_scope_freep) struct template_scope *s = sample();
	_cleanup_buf_ struct buf own = BUF_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	char dir[] = "/tmp/svarm-template-XXXXXX";
	_cleanup_free_ char *path = NULL;

	assert_non_null(mkdtemp(dir));
	write_file(dir, "nginx.conf", "mine: {{name}}\n", 15);
	template_set_dir(dir);
	assert_int_equal(template_render("nginx.conf", s, &out, &err), 0);
	assert_string_equal(buf_str(&out), "mine: fjord\n");
	/* What the folder does not have comes from the binary. */
	assert_int_equal(template_text("sysctl.conf", &own, &err), 0);
	assert_true(own.len > 100);
	assert_int_equal(template_text("no-such", &own, &err), -ENOENT);
	assert_string_equal(err_msg(&err), "no template is called 'no-such'");
	assert_int_equal(template_text("../nginx.conf", &own, &err), -ENOENT);
	write_file(dir, "nginx.conf", "a\0b", 3);
	assert_int_equal(template_render("nginx.conf", s, &out, &err), -EBADMSG);
	template_set_dir(NULL);
	path = xasprintf("%s/nginx.conf", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_set_twice),
		cmocka_unit_test(test_dir),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
