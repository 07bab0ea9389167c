/* The report: every section is in it, hostile text stays text, whatever is missing or wrong leaves
 * a page, an earlier document stands beside, and no document makes it grow without bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/report/page.h"
#include "probe/report/report.h"
#include "tests/markup.h"

static json_t *fixture(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	assert_int_equal(buf_read_file(&text, "tests/unit/data/bench.json", 1 << 20, &err), 0);
	assert_int_equal(json_parse(text.data, text.len, 1 << 20, &doc, &err), 0);
	return doc;
}

/* The page of @doc, checked; the caller clears it. */
static const char *make(struct buf *page, const json_t *doc, const json_t *earlier)
{
	const char *fault;

	buf_clear(page);
	report_html(doc, earlier, page);
	fault = markup_fault(page->data);
	if (fault)
		print_message("# not well-formed at: %.80s\n", fault);
	assert_null(fault);
	assert_true(page->len < (size_t)8 << 20);
	return page->data;
}

static size_t count(const char *page, const char *what)
{
	size_t n = 0;

	while ((page = strstr(page, what)) != NULL) {
		page += strlen(what);
		n++;
	}
	return n;
}

#define assert_has(page, text) assert_true(count(page, text) > 0)

/* ---- numbers ---- */

static void test_numbers(void **state)
{
	static const struct {
		double value;
		const char *number, *value_ms;
	} cases[] = {
		{0, "0", "0"},
		{0.82, "0.820", "0.82"},
		{0.0625, "0.062", "0.062"},
		{5, "5", "5"},
		{5.4, "5.40", "5.4"},
		{12.34, "12.3", "12.3"},
		{631.1, "631", "631"},
		{31200, "31\u202f200", "31\u202f200"},
		{1234567.8, "1\u202f234\u202f568", "1\u202f234\u202f568"},
		{100, "100", "100"},
		{-2.5, "\u22122.50", "\u22122.5"},
		{1e300, "1.00e+300", "1.00e+300"},
		{-1e18, "-1.00e+18", "-1.00e+18"},
		{1e-7, "1.00e-07", "1.00e-07"},
		{NAN, "–", "–"},
		{INFINITY, "–", "–"},
		{-INFINITY, "–", "–"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf number = BUF_INIT, value = BUF_INIT;

		page_number(&number, cases[i].value);
		page_value(&value, cases[i].value, NULL);
		assert_string_equal(number.data, cases[i].number);
		assert_string_equal(value.data, cases[i].value_ms);
	}
}

static void test_units(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	page_value(&out, 31, "us");
	assert_has(out.data, "µs</span>");
	buf_clear(&out);
	page_value(&out, 3, "count");
	assert_string_equal(out.data, "3");
	buf_clear(&out);
	page_value(&out, 3, "<b>&");
	assert_has(out.data, "&lt;b&gt;&amp;");
	buf_clear(&out);
	page_value(&out, NAN, "ms");
	assert_string_equal(out.data, "–");
}

/* ---- the whole ---- */

static void test_everything(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_buf_ struct buf buf = BUF_INIT;
	const char *page = make(&buf, doc, NULL);
	static const char *const ids[] = {"unwell", "thresholds", "topology", "http", "cold",
		"async", "disk", "cpu", "network", "redis", "tuning", "cost", "environment"};
	static const char *const texts[] = {
		">fjord</h1>",
		"<b aria-hidden=\"true\">✗</b> failed",
		"6 of 8 sections are well, 1 failed, 1 warns; 1 of 3 thresholds exceeded.",
		"2026-11-25 12:00 UTC",
		"rent local NVMe, or move the database role",
		"disk.fdatasync_p99 &gt; 5ms",
		"docker 27.3.1 · nginx 1.24.0",
		">database</text>",
		"99.99\u202f%</text>",
		"fjord-1 → gateway",
		"operator's link",
		"status 502",
		"schedule 56 ms, create 110 ms, start 235 ms, ready 119 ms, answer 10 ms",
		"called back twice",
		"NVMe-class",
		"steal 6.1 %, above 5 %",
		"private network",
		"Without and with tcp_tw_reuse",
		"nothing goes to disk",
		"no effect here",
		"3\u202f915",
		"<a href=\"#cost\">Cost</a>",
		"AWS Lambda: servers cost no more from 243 calls/s on",
		"Capacity used: 467 of at least 2000 calls/s",
		"NOK; calls of 0.21 ms, 128 MB, 0.186 KB; 730 hours a month",
		"even with AWS Lambda at 243/s",
		">load: 466.7/s</text>",
		"0.0000166667",
		"<td>measured</td>",
		"data:application/json;base64,",
		"Content-Security-Policy",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char section[64];

		snprintf(section, sizeof(section), "<section id=\"%s\">", ids[i]);
		assert_int_equal(count(page, section), 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!count(page, texts[i]))
			print_message("# missing: %s\n", texts[i]);
		assert_has(page, texts[i]);
	}
	/* Three thirds of a matrix for each network: six pairs and three of itself. */
	assert_int_equal(count(page, "<td class=\"h"), 12);
	assert_int_equal(count(page, "<td class=\"self\">"), 6);
	assert_int_equal(count(page, "class=\"card\""), 4);
	assert_int_equal(count(page, "id=\"comparison\""), 0);
	assert_int_equal(count(page, "http://www.w3.org/"), 1);
	/* No address that a browser would go to by itself. */
	assert_int_equal(count(page, "src=\""), 0);
}

/* A second of 100 answers and half a second of 50 are as fast as each other. */
static void test_throughput(void **state)
{
	static const char text[] = "{\"sections\": {\"http\": {\"state\": \"ok\", \"detail\": "
				   "{\"runs\": [{\"series\": ["
				   "{\"t\": 0, \"seconds\": 1, \"answers\": 100},"
				   "{\"t\": 1, \"seconds\": 0.5, \"answers\": 50}]}]}}}}";
	_cleanup_buf_ struct buf page = BUF_INIT;
	_cleanup_json_ json_t *doc = NULL;
	const char *line;
	double x[2], y[2];

	assert_int_equal(json_parse(text, strlen(text), 1 << 10, &doc, NULL), 0);
	line = strstr(make(&page, doc, NULL), ">Throughput");
	assert_non_null(line);
	line = strstr(line, "<svg class=\"inner\"");
	assert_non_null(line);
	line = strstr(line, " d=\"");
	assert_non_null(line);
	assert_int_equal(
		sscanf(line, " d=\"M0 1000M%lf %lfL%lf %lf\"", &x[0], &y[0], &x[1], &y[1]), 4);
	assert_true(x[0] == 0 && x[1] == 1000);
	assert_true(y[0] < 900 && fabs(y[0] - y[1]) < 0.01);
}

/* A way is narrow beside the interface it begins at, whatever those of other nodes are. */
static void test_narrow_way(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_buf_ struct buf page = BUF_INIT;
	const json_t *networks = json_arr(
		json_at(doc, "sections", "network", "detail", NULL), "networks");
	json_t *pair = json_array_get(json_arr(json_array_get(networks, 0), "pairs"), 0);

	json_object_set_new(pair, "interface_mtu", json_integer(9000));
	json_object_set_new(pair, "path_mtu", json_integer(9000));
	assert_int_equal(count(make(&page, doc, NULL), "path MTU"), 0);
	json_object_set_new(pair, "path_mtu", json_integer(8000));
	assert_int_equal(count(make(&page, doc, NULL), "path MTU"), 1);
}

/* ---- cost ---- */

static void test_cost(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_buf_ struct buf page = BUF_INIT;
	json_t *cost = json_obj(doc, "cost"), *plot = json_obj(cost, "plot");

	make(&page, doc, NULL);
	assert_int_equal(count(page.data, "class=\"dot halo\""), 2); /* the points of balance */
	assert_int_equal(count(page.data, "<line class=\"upright\""), 1);
	assert_int_equal(count(page.data, "class=\"found warning\""), 0);
	json_object_set_new(cost, "warning", json_string("too <much>"));
	make(&page, doc, NULL);
	assert_has(page.data, "class=\"found warning\">too &lt;much&gt;</p>");

	/* Axes that are none: no picture, and all else. */
	json_object_set_new(plot, "rates", json_pack("[ff]", 100., 10.));
	make(&page, doc, NULL);
	assert_int_equal(count(page.data, "class=\"upright\""), 0);
	assert_has(page.data, "Bills of a month");

	json_object_set_new(doc, "cost", json_pack("{ss}", "error", "nothing <to> say"));
	make(&page, doc, NULL);
	assert_has(page.data, "nothing &lt;to&gt; say");
	assert_int_equal(count(page.data, "Bills of a month"), 0);

	json_object_del(doc, "cost");
	make(&page, doc, NULL);
	assert_int_equal(count(page.data, "id=\"cost\""), 0);
	assert_int_equal(count(page.data, "#cost"), 0);
}

/* ---- hostile ---- */

static json_t *poison(const json_t *value)
{
	json_t *ret, *item;
	const char *key;
	size_t i;

	if (json_is_string(value))
		return json_string("\"'><script>alert(1)</script>&\x1b[31m\u202e<svg onload=x>");
	if (json_is_array(value)) {
		ret = json_array();
		json_array_foreach(value, i, item) json_array_append_new(ret, poison(item));
		return ret;
	}
	if (!json_is_object(value))
		return json_incref((json_t *)value);
	ret = json_object();
	json_object_foreach((json_t *)value, key, item) json_object_set_new(ret, key, poison(item));
	/* And a member whose name is hostile, with what its neighbours are. */
	if (json_object_size(ret))
		json_object_set(ret, "<script>\"&", json_object_iter_value(json_object_iter(ret)));
	return ret;
}

static void test_hostile(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_json_ json_t *bad = poison(doc);
	_cleanup_buf_ struct buf buf = BUF_INIT;
	const char *page = make(&buf, bad, bad);

	assert_int_equal(count(page, "<script"), 0);
	assert_int_equal(count(page, "<svg onload"), 0);
	assert_int_equal(count(page, "\x1b"), 0);
	assert_has(page, "&quot;'&gt;&lt;script&gt;");
	assert_has(page, "id=\"other-1\""); /* the section with the hostile name */
}

/* ---- partial ---- */

/* The page while member @key of @value is something else, and while it is not there. */
static size_t disturb_member(const json_t *doc, json_t *value, const char *key, struct buf *buf)
{
	static const char others[] = "[1e308,\"x\",[[],{},0],{\"a\":{\"b\":[1]}}]";
	_cleanup_json_ json_t *list = NULL;
	json_t *other;
	size_t i;

	assert_int_equal(json_parse(others, strlen(others), 1000, &list, NULL), 0);
	json_array_foreach(list, i, other)
	{
		json_object_set_new(value, key, json_deep_copy(other));
		make(buf, doc, NULL);
	}
	json_object_del(value, key);
	make(buf, doc, NULL);
	return json_array_size(list) + 1;
}

/* Each member in turn; of arrays only in the first item. */
static size_t disturb(const json_t *doc, json_t *value, struct buf *buf)
{
	_cleanup_json_ json_t *members = json_copy(value); /* the list to go through */
	json_t *item;
	const char *key;
	size_t n = 0;

	if (json_is_array(value) && json_array_size(value))
		return disturb(doc, json_array_get(value, 0), buf);
	if (!json_is_object(value))
		return 0;
	json_object_foreach(members, key, item)
	{
		n += disturb_member(doc, value, key, buf);
		json_object_set(value, key, item);
		n += disturb(doc, item, buf);
	}
	return n;
}

/* Each array cut to one item: the same places, but quick. */
static json_t *small(const json_t *value)
{
	json_t *ret, *item;
	const char *key;

	if (json_is_array(value)) {
		ret = json_array();
		for (size_t i = 0; i < json_array_size(value) && i < 1; i++)
			json_array_append_new(ret, small(json_array_get(value, i)));
		return ret;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	ret = json_object();
	json_object_foreach((json_t *)value, key, item) json_object_set_new(ret, key, small(item));
	return ret;
}

static void test_partial(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_buf_ struct buf buf = BUF_INIT;
	json_t *sections = json_obj(doc, "sections"), *section;
	const char *name;
	void *next;

	/* Without a section there is nothing of it. */
	json_object_foreach_safe(sections, next, name, section)
	{
		_cleanup_json_ json_t *copy = json_copy(doc);
		char id[64];

		json_object_set_new(copy, "sections", json_copy(sections));
		json_object_del(json_obj(copy, "sections"), name);
		snprintf(id, sizeof(id), "#%s\"", name);
		assert_int_equal(count(make(&buf, copy, NULL), id), 0);
	}
}

static void test_disturbed(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_json_ json_t *cut = small(doc);
	_cleanup_buf_ struct buf buf = BUF_INIT;

	assert_true(disturb(cut, cut, &buf) > 1000);
}

static void test_nothing(void **state)
{
	_cleanup_json_ json_t *empty = json_object(), *list = json_array();
	_cleanup_buf_ struct buf buf = BUF_INIT;

	assert_has(make(&buf, NULL, NULL), "<h1>");
	assert_has(make(&buf, list, list), "<h1>");
	assert_has(make(&buf, empty, empty), "<h1>");
	/* A measurement without a cluster. */
	json_object_set_new(empty, "cluster", json_null());
	assert_has(make(&buf, empty, NULL), "<h1>A server</h1>");
}

/* ---- beside an earlier one ---- */

static void set_rounds(json_t *doc, const char *figure, double value)
{
	json_t *f = json_at(doc, "sections", "http", "figures", figure, NULL);

	json_object_set_new(f, "value", json_real(value));
	json_object_set_new(f, "rounds", json_pack("[fff]", value * .99, value, value * 1.01));
}

static void test_earlier(void **state)
{
	_cleanup_json_ json_t *doc = fixture(), *earlier = fixture();
	_cleanup_buf_ struct buf buf = BUF_INIT;
	const char *page, *row;

	json_object_set_new(earlier, "started", json_string("2026-11-18T09:30:00Z"));
	set_rounds(earlier, "p99", 4.92);
	set_rounds(earlier, "rps", 4000);
	page = make(&buf, doc, earlier);
	assert_has(page, "<section id=\"comparison\">");
	assert_has(page, "2026-11-18T09:30:00Z");
	assert_has(page, "earlier: client → ingress");
	assert_has(page, "earlier 4.92");
	row = strstr(page, ">http.p99<");
	assert_non_null(row);
	assert_has(row, "0.5<span"); /* the ratio */
	assert_non_null(strstr(row, "better"));
	assert_true(strstr(row, "better") < strstr(row, "</tr>"));
	row = strstr(page, ">http.rps<");
	assert_true(strstr(row, "worse") < strstr(row, "</tr>"));
	row = strstr(page, ">http.p50<");
	assert_true(strstr(row, "same") < strstr(row, "</tr>"));
	row = strstr(page, ">disk.read_p50<"); /* one round judges nothing */
	assert_true(strstr(row, "unjudged") < strstr(row, "</tr>"));
}

static void test_comparison(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_buf_ struct buf buf = BUF_INIT;
	const char *page, *row;

	json_object_set_new(doc, "comparison",
		json_pack("{s:{s:s,s:s,s:s},s:[{s:s,s:s,s:f,s:f,s:f,s:f,s:s}]}", "with", "started",
			"2026-11-01T00:00:00Z", "cluster", "fjord", "svarm", "0.0.9", "figures",
			"figure", "http.p99", "unit", "ms", "before", 5., "after", 2.5, "ratio", .5,
			"noise", .1, "verdict", "better"));
	page = make(&buf, doc, NULL);
	row = strstr(page, ">http.p99<");
	assert_non_null(row);
	assert_true(strstr(row, "better") < strstr(row, "</tr>"));
	assert_has(page, "svarm 0.0.9");
	/* The document's own comparison counts, not one made here. */
	page = make(&buf, doc, doc);
	assert_int_equal(count(page, ">http.rps<"), 0);
}

/* ---- large ---- */

static void repeat(json_t *o, const char *key, size_t n)
{
	json_t *list = json_arr(o, key), *last = json_array_get(list, json_array_size(list) - 1);

	assert_non_null(last);
	for (size_t i = json_array_size(list); i < n; i++)
		json_array_append(list, last);
}

static void test_large(void **state)
{
	_cleanup_json_ json_t *doc = fixture();
	_cleanup_buf_ struct buf buf = BUF_INIT;
	json_t *http = json_at(doc, "sections", "http", "detail", NULL);
	json_t *network = json_at(doc, "sections", "network", "detail", NULL);
	json_t *pairs = json_arr(json_array_get(json_arr(network, "networks"), 0), "pairs");
	const char *page;

	repeat(json_array_get(json_arr(http, "runs"), 0), "series", 20000);
	repeat(http, "runs", 500);
	repeat(doc, "nodes", 5000);
	repeat(doc, "thresholds", 5000);
	for (int i = 0; i < 3000; i++) {
		char name[32];
		json_t *pair = json_deep_copy(json_array_get(pairs, 0));

		snprintf(name, sizeof(name), "node-%d", i);
		json_object_set_new(pair, "to", json_string(name));
		json_array_append_new(pairs, pair);
	}
	page = make(&buf, doc, doc);
	assert_true(buf.len < 2000000);
	assert_has(page, "and 4936 more");
	assert_has(page, "too large to be in this page");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_throughput),
		cmocka_unit_test(test_narrow_way),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_disturbed),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_earlier),
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
