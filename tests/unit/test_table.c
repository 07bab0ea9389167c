/* Tables and the width of text: alignment with characters of every width, clipping, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "lib/base/table.h"
#include "lib/base/width.h"

static const struct table_column columns[] = {
	{.key = "node", .title = "NODE"},
	{.key = "changes", .title = "CHANGES", .right = true},
	{.key = "id", .title = "ID", .json_only = true},
	{.key = "why", .title = "WHY"},
	{0},
};

static struct table *sample(void)
{
	struct table *t = table_new(columns);

	table_row(t);
	table_text(t, CELL_STRONG, "lab-1");
	table_number(t, CELL_GOOD, 0, 0);
	table_text(t, CELL_PLAIN, "x1");
	table_text(t, CELL_PLAIN, NULL);
	table_row(t);
	table_text(t, CELL_PLAIN, "blåbærsyltetøy");
	table_number(t, CELL_WARN, 12.5, 1);
	table_bool(t, CELL_PLAIN, true);
	table_text(t, CELL_BAD, "two\nlines \"quoted\"");
	table_row(t);
	table_text(t, CELL_PLAIN, "日本");
	table_number(t, CELL_PLAIN, NAN, 0);
	return t;
}

static void test_people(void **state)
{
	_cleanup_(table_freep) struct table *t = sample();
	_cleanup_buf_ struct buf out = BUF_INIT;

	table_render(t, &out, false, 0);
	assert_string_equal(out.data, "NODE            CHANGES  WHY\n"
				      "lab-1                 0\n"
				      "blåbærsyltetøy     12.5  two lines \"quoted\"\n"
				      "日本                  -\n");
	assert_int_equal(table_rows(t), 3);
}

static void test_clipped(void **state)
{
	_cleanup_(table_freep) struct table *t = sample();
	_cleanup_buf_ struct buf out = BUF_INIT;

	table_render(t, &out, false, 36);
	assert_string_equal(out.data, "NODE            CHANGES  WHY\n"
				      "lab-1                 0\n"
				      "blåbærsyltetøy     12.5  two lines …\n"
				      "日本                  -\n");
}

static void test_color(void **state)
{
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf out = BUF_INIT;

	table_row(t);
	table_text(t, CELL_BAD, "a");
	table_number(t, CELL_PLAIN, 1, 0);
	table_render(t, &out, true, 0);
	assert_string_equal(out.data,
		"\033[1mNODE\033[0m  \033[1mCHANGES\033[0m  \033[1mWHY\033[0m\n"
		"\033[31ma\033[0m           1\n");
}

static void test_json(void **state)
{
	_cleanup_(table_freep) struct table *t = sample();
	_cleanup_buf_ struct buf out = BUF_INIT;

	table_json(t, &out);
	assert_string_equal(out.data,
		"[\n {\"node\": \"lab-1\", \"changes\": 0, \"id\": \"x1\", \"why\": null},"
		"\n {\"node\": \"blåbærsyltetøy\", \"changes\": 12.5, \"id\": true, "
		"\"why\": \"two\\nlines \\\"quoted\\\"\"},"
		"\n {\"node\": \"日本\", \"changes\": null, \"id\": null, \"why\": null}\n]");
}

static void test_empty(void **state)
{
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf people = BUF_INIT, json = BUF_INIT;

	table_render(t, &people, false, 0);
	table_json(t, &json);
	assert_string_equal(people.data, "NODE  CHANGES  WHY\n");
	assert_string_equal(json.data, "[]");
}

static void test_many_rows(void **state)
{
	_cleanup_(table_freep) struct table *t = table_new(columns);
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (int i = 0; i < 1000; i++) {
		table_row(t);
		table_textf(t, CELL_PLAIN, "node-%d", i);
	}
	table_render(t, &out, false, 0);
	assert_int_equal(table_rows(t), 1000);
	assert_non_null(strstr(out.data, "\nnode-999\n"));
}

static void test_width(void **state)
{
	static const struct {
		const char *s;
		size_t width;
	} cases[] = {
		{"", 0},
		{"abc", 3},
		{"åøæ", 3},
		{"e\xcc\x81", 1},
		{"日本", 4},
		{"…", 1},
		{"a\nb", 1},     /* a line ends */
		{"\xff\xfe", 2}, /* no UTF-8: a column each */
		{"\xc3", 1},     /* cut off */
		{"\xe6\x97", 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(text_width(cases[i].s), cases[i].width);
}

static void test_clip(void **state)
{
	static const struct {
		const char *s;
		size_t columns, used;
		const char *expect;
	} cases[] = {
		{"abc", 3, 3, "abc"},
		{"abcd", 3, 3, "ab…"},
		{"abc", 1, 1, "…"},
		{"abc", 0, 0, ""},
		{"日本語", 6, 6, "日本語"},
		{"日本語", 5, 5, "日本…"},
		{"日本語", 4, 3, "日…"},
		{"ab\ncd", 9, 2, "ab"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		assert_int_equal(text_clip(&out, cases[i].s, cases[i].columns), cases[i].used);
		assert_string_equal(buf_str(&out), cases[i].expect);
	}
}

static void test_wrap(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_adds(&out, "lab: ");
	text_wrap(&out, "aaa bbb ccc averyveryverylongword d", 12, 5, 2);
	assert_string_equal(out.data, "lab: aaa bbb\n  ccc\n  averyveryverylongword\n  d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_clipped),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_clip),
		cmocka_unit_test(test_wrap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
