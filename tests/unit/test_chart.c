/* Charts: round ticks, numbers as axes show them, what is cut off, text that is escaped, and
 * coordinates that are on the paper whatever the values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/chart/chart.h"
#include "probe/chart/fluid.h"
#include "probe/chart/scale.h"

static void test_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{0, "0"},
		{0.01, "0.01"},
		{0.25, "0.25"},
		{1, "1"},
		{999, "999"},
		{1000, "1k"},
		{2500, "2.5k"},
		{1e6, "1M"},
		{-5000, "-5k"},
		{1e9, "1G"},
		{1e-6, "1e-06"},
		{0.1 + 0.2, "0.3"},
		{1000 - 1e-10, "1k"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		chart_number(&out, cases[i].value);
		assert_string_equal(out.data, cases[i].text);
	}
}

static void check_ticks(const struct chart_axis *axis, const double *expected, size_t n_expected)
{
	struct tick ticks[SCALE_MAX_TICKS];
	size_t n = scale_ticks(axis, ticks), majors = 0;

	for (size_t i = 0; i < n; i++) {
		if (!ticks[i].major)
			continue;
		assert_true(majors < n_expected);
		assert_true(fabs(ticks[i].value - expected[majors]) <= 1e-9 * axis->max);
		majors++;
	}
	assert_int_equal(majors, n_expected);
}

static void test_ticks(void **state)
{
	check_ticks(&(struct chart_axis){"", 0.1, 1000, true}, (double[]){.1, 1, 10, 100, 1000}, 5);
	check_ticks(&(struct chart_axis){"", 1, 10, true}, (double[]){1, 2, 5, 10}, 4);
	check_ticks(&(struct chart_axis){"", 3, 30, true}, (double[]){5, 10, 20}, 3);
	check_ticks(&(struct chart_axis){"", 0, 10, false}, (double[]){0, 2, 4, 6, 8, 10}, 6);
	check_ticks(&(struct chart_axis){"", -1, 1, false},
		(double[]){-1, -.8, -.6, -.4, -.2, 0, .2, .4, .6, .8, 1}, 11);
	check_ticks(&(struct chart_axis){"", 7, 52, false},
		(double[]){10, 15, 20, 25, 30, 35, 40, 45, 50}, 9);
	/* However many decades: never more ticks than there is room for. */
	for (int e = 1; e < 300; e += 7) {
		struct tick ticks[SCALE_MAX_TICKS];
		size_t n = scale_ticks(&(struct chart_axis){"", 1e-3, pow(10, e), true}, ticks);

		assert_true(n >= 2 && n <= SCALE_MAX_TICKS);
	}
}

static void test_decades(void **state)
{
	double min = 0.3, max = 70;

	chart_decades(&min, &max);
	assert_true(fabs(min - 0.1) < 1e-12 && max == 100);
	chart_decades(&min, &max); /* whole ones stay */
	assert_true(fabs(min - 0.1) < 1e-12 && max == 100);
	min = max = 1000;
	chart_decades(&min, &max);
	assert_true(min == 1000 && max == 10000);
}

static void test_scale(void **state)
{
	struct chart_axis log = {"", 1, 100, true}, linear = {"", 0, 4, false};
	struct scale x = {&log, 10, 30}, y = {&linear, 100, 0};

	assert_true(fabs(scale_at(&x, 10) - 20) < 1e-9);
	assert_true(scale_at(&x, 0) < -1e6 && scale_at(&x, -1) < -1e6);
	assert_true(isfinite(scale_at(&x, 0)) && isfinite(scale_at(&x, INFINITY)));
	assert_true(isnan(scale_at(&x, NAN)) || scale_at(&x, NAN) < -1e6);
	assert_true(scale_at(&y, 1) == 75);
	/* From above the paper to below it: only what lies on it is left. */
	struct chart_point a = {0, 150}, b = {40, -50};

	assert_true(scale_clip(&x, &y, &a, &b));
	assert_true(a.x == 10 && a.y == 100 && b.x == 30 && b.y == 0);
	a = (struct chart_point){0, 0};
	b = (struct chart_point){5, 100};
	assert_false(scale_clip(&x, &y, &a, &b));
}

/* ---- the drawing ---- */

static const struct chart_point climbing[] = {
	{1, -3}, {2, 0}, {3, NAN}, {4, 20}, {50, 90}, {99, INFINITY}, {100, 1e12}};
static const struct chart_point level[] = {{0.001, 10}, {1e9, 10}};
static const struct chart_point outside[] = {{1, 0.001}, {100, 0.01}};

static void draw(struct buf *out)
{
	const struct chart_line lines[] = {
		{"<script>&\"x\"", climbing, ARRAY_SIZE(climbing)},
		{"level \x1b[31m", level, ARRAY_SIZE(level)},
		{"outside", outside, ARRAY_SIZE(outside)},
		{"nothing", NULL, 0},
	};
	const struct chart_mark marks[] = {
		{{10, 10}, "here", 0},
		{{10, 10}, "here too", 0},
		{{10, 11}, "and here", 0},
		{{99, 1}, "in the corner, with a long text beside it", 0},
		{{1000, 10}, "off the paper", 0},
		{{NAN, 10}, "nowhere", 0},
	};
	const struct chart c = {
		.title = "a & b",
		.x = {"x < y", 1, 100, true},
		.y = {"y", 1, 100, true},
		.lines = lines,
		.n_lines = ARRAY_SIZE(lines),
		.marks = marks,
		.n_marks = ARRAY_SIZE(marks),
	};

	chart_svg(&c, out);
}

static void test_text(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	draw(&out);
	assert_non_null(strstr(out.data, "<title>a &amp; b</title>"));
	assert_non_null(strstr(out.data, "&lt;script&gt;&amp;&quot;x&quot;"));
	assert_null(strstr(out.data, "<script"));
	assert_null(strchr(out.data, '\x1b'));
	assert_non_null(strstr(out.data, "x &lt; y"));
	assert_non_null(strstr(out.data, ">here too<"));
	assert_null(strstr(out.data, ">off the paper<"));
	assert_null(strstr(out.data, ">nowhere<"));
	assert_null(strstr(out.data, ">outside<")); /* no line, no name */
	assert_null(strstr(out.data, ">nothing<"));
	assert_null(strstr(out.data, "nan"));
	assert_null(strstr(out.data, "inf"));
	assert_string_equal(out.data + out.len - 7, "</svg>\n");
}

/* Every number of every path is inside the axes, and each path begins with a move. */
static void test_coordinates(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	int paths = 0, points = 0;

	draw(&out);
	for (const char *p = strstr(out.data, " d=\""); p; p = strstr(p, " d=\"")) {
		p += 4;
		paths++;
		assert_int_equal(*p, 'M');
		while (*p != '"') {
			double x, y;
			int n = 0;

			assert_true(*p == 'M' || *p == 'L');
			assert_int_equal(sscanf(p + 1, "%lf %lf%n", &x, &y, &n), 2);
			assert_true(x >= 0 && x <= CHART_WIDTH && y >= 0 && y <= CHART_HEIGHT);
			points++;
			p += 1 + n;
		}
	}
	assert_int_equal(paths, 4);
	assert_true(points >= 8);
}

/* Names of lines that end together are moved apart. */
static void test_names(void **state)
{
	static const char *const words[] = {"aa", "bb", "cc", "dd", "ee", "ff"};
	struct chart_line lines[ARRAY_SIZE(words)];
	struct chart c = {
		.title = "t", .x = {"x", 1, 100, true}, .y = {"y", 0, 20, false}, .lines = lines};
	_cleanup_buf_ struct buf out = BUF_INIT;
	double heights[ARRAY_SIZE(words)];

	c.n_lines = ARRAY_SIZE(words);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		lines[i] = (struct chart_line){words[i], level, ARRAY_SIZE(level)};
	chart_svg(&c, &out);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char tag[16];
		const char *at;

		snprintf(tag, sizeof(tag), ">%s<", words[i]);
		at = strstr(out.data, tag);
		assert_non_null(at);
		while (strncmp(at, "y=\"", 3) != 0)
			at--;
		heights[i] = strtod(at + 3, NULL);
		for (size_t k = 0; k < i; k++)
			assert_true(fabs(heights[i] - heights[k]) > 12);
	}
}

/* ---- marks of charts for pages ---- */

static size_t times(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void test_marks(void **state)
{
	static const struct chart_point points[] = {{1, 1}, {100, 100}};
	const struct chart_line line = {"a", points, 2};
	struct chart_mark marks[] = {{{10, 10}, "not shown", 1}, {{50, 50}, "nor this", 1},
		{{20, 5}, "<load> of many calls a second", 0}, {{30, 5}, "second", 0},
		{{1000, 10}, "outside", 1}, {{1000, 10}, "outside", 0}, {{NAN, 5}, "nowhere", 1}};
	struct chart c = {.title = "t",
		.x = {"x", 1, 100, true},
		.y = {"y", 1, 100, true},
		.lines = &line,
		.n_lines = 1,
		.marks = marks,
		.n_marks = ARRAY_SIZE(marks)};
	_cleanup_buf_ struct buf out = BUF_INIT;

	fluid_lines(&c, NULL, &out);
	assert_int_equal(times(out.data, "class=\"dot mark c0\""), 2);
	assert_int_equal(times(out.data, "class=\"dot halo\""), 2);
	assert_non_null(strstr(out.data, "class=\"dot mark c0\" d=\"M500.0 500.0h0\""));
	assert_int_equal(times(out.data, "<line class=\"upright\""), 2);
	assert_int_equal(times(out.data, "<text class=\"upright\""), 1);
	assert_non_null(strstr(out.data, "&lt;load&gt; of many"));
	assert_null(strstr(out.data, "calls a second")); /* cut */
	assert_null(strstr(out.data, "shown"));
	assert_null(strstr(out.data, "nan"));

	/* One that would hide another is small, on top of it. */
	marks[1].at = (struct chart_point){10.1, 10};
	buf_clear(&out);
	fluid_lines(&c, NULL, &out);
	assert_int_equal(times(out.data, "class=\"dot mark c0\""), 1);
	assert_int_equal(times(out.data, "class=\"dot mark small c0\""), 1);
	assert_int_equal(times(out.data, "class=\"dot halo\""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_decades),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_coordinates),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_marks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
