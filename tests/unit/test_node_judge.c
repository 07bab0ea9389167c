/* What svarm-probe saw of a disk or of processors, and what it means.  Distributions marked R were
 * recorded on real machines, the others are made after what is known of such disks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "probe/bench/node_judge.h"
#include "probe/bench/node_tool.h"

static json_t *parse(const char *text)
{
	json_t *seen = NULL;

	if (json_parse(text, strlen(text), 65536, &seen, NULL) < 0)
		fail_msg("no JSON: %s", text);
	return seen;
}

/* @reason is a part of it. */
static void assert_verdict(const struct node_verdict *v, const char *verdict,
	enum health_state state, const char *reason)
{
	if (!v->verdict || strcmp(v->verdict, verdict) || v->state != state ||
		!strstr(v->reason, reason))
		fail_msg("wanted %s (%d), %s; got %s (%d), %s", verdict, state, reason,
			v->verdict ? v->verdict : "none", v->state, v->reason);
	assert_int_equal(v->state == HEALTH_OK, v->remedy == NULL);
}

static void assert_disk(
	const char *text, const char *verdict, enum health_state state, const char *reason)
{
	_cleanup_json_ json_t *seen = parse(text);
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct node_verdict v;

	judge_disk(seen, &a, &v);
	assert_verdict(&v, verdict, state, reason);
}

#define DISK(WRITES, READS) "{\"fdatasync_ms\": {" WRITES "}, \"read_ms\": {" READS "}}"

static void test_classes(void **state)
{
	/* A quiet virtual machine on NVMe. */
	assert_disk(DISK("\"n\": 14210, \"mean\": 0.14, \"p50\": 0.1305, \"p99\": 0.2391",
			    "\"n\": 16800, \"mean\": 0.059, \"p50\": 0.0584, \"p99\": 0.12"),
		"NVMe-class", HEALTH_OK, "4 KiB reads take 0.06 ms");
	/* R: the same with busy neighbours, whose writes wait for each other. */
	assert_disk(DISK("\"n\": 1815, \"mean\": 1.0865, \"p50\": 0.2386, \"p99\": 16.0563",
			    "\"n\": 10890, \"mean\": 0.0458, \"p50\": 0.0371, \"p99\": 0.1208"),
		"NVMe-class", HEALTH_OK, "one durable write of a hundred takes 16 ms");
	/* IBM's SSD. */
	assert_disk(DISK("\"n\": 3000, \"mean\": 0.9, \"p50\": 0.78, \"p99\": 2.4",
			    "\"n\": 5000, \"mean\": 0.2, \"p50\": 0.19, \"p99\": 0.9"),
		"SSD-class", HEALTH_OK, "0.19 ms");
	/* A turning disk: no two reads alike. */
	assert_disk(DISK("\"n\": 60, \"mean\": 33, \"p50\": 33.1, \"p99\": 58",
			    "\"n\": 110, \"mean\": 9.1, \"p50\": 8.9, \"p99\": 17.5"),
		"disk-class", HEALTH_OK, "33 ms to be durable");
	/* One with a large cache, which the file that was read fits into. */
	assert_disk(DISK("\"n\": 60, \"mean\": 33, \"p50\": 33.1, \"p99\": 58",
			    "\"n\": 9000, \"mean\": 0.1, \"p50\": 0.09, \"p99\": 0.3"),
		"disk-class", HEALTH_OK, "33 ms to be durable");
	/* No read came back. */
	assert_disk(DISK("\"n\": 3000, \"mean\": 0.5, \"p50\": 0.4, \"p99\": 2.4", "\"n\": 0"),
		"SSD-class", HEALTH_OK, "durable writes take 0.40 ms");
	/* ZFS: reads come from memory, whether it says so or not. */
	assert_disk("{\"fdatasync_ms\": {\"n\": 900, \"mean\": 3.3, \"p50\": 3.2, \"p99\": 6}, "
		    "\"read_ms\": {\"n\": 90000, \"mean\": 0.01, \"p50\": 0.008, \"p99\": 0.02}, "
		    "\"direct\": false}",
		"throttled", HEALTH_WARN, "durable writes take 3.20 ms");
	assert_disk(DISK("\"n\": 900, \"mean\": 0.5, \"p50\": 0.5, \"p99\": 2",
			    "\"n\": 90000, \"mean\": 0.002, \"p50\": 0.0021, \"p99\": 0.02"),
		"SSD-class", HEALTH_OK, "durable writes take 0.50 ms");
}

/* On both sides of each bound. */
static void test_bounds(void **state)
{
	static const struct {
		const char *sync, *read, *verdict;
		enum health_state state;
	} cases[] = {
		{"0.019", "0.06", "no durability", HEALTH_WARN},
		{"0.021", "0.06", "NVMe-class", HEALTH_OK},
		{"0.5", "0.149", "NVMe-class", HEALTH_OK},
		{"0.5", "0.151", "SSD-class", HEALTH_OK},
		{"0.5", "0.99", "SSD-class", HEALTH_OK},
		{"0.5", "1.01", "throttled", HEALTH_WARN},
		{"0.5", "4.9", "throttled", HEALTH_WARN},
		{"0.5", "5.1", "disk-class", HEALTH_OK},
		{"19.9", "4.9", "throttled", HEALTH_WARN},
		{"20.1", "4.9", "disk-class", HEALTH_OK},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		const double read = strtod(cases[i].read, NULL), sync = strtod(cases[i].sync, NULL);

		buf_addf(&text,
			DISK("\"n\": 900, \"mean\": %f, \"p50\": %f, \"p99\": %f",
				"\"n\": 900, \"mean\": %f, \"p50\": %f, \"p99\": %f"),
			sync, sync, 2 * sync, read, read, 2 * read);
		assert_disk(buf_str(&text), cases[i].verdict, cases[i].state, "");
	}
}

static void test_no_durability(void **state)
{
	/* R: tmpfs. */
	assert_disk(DISK("\"n\": 818231, \"mean\": 0.0002, \"p50\": 0.0001, \"p99\": 0.0002",
			    "\"n\": 519562, \"mean\": 0.0009, \"p50\": 0.0008, \"p99\": 0.0012"),
		"no durability", HEALTH_WARN, "it reaches no disk");
}

static void test_throttled(void **state)
{
	/* R: a control group's limit of 100 reads and 50 writes a second. */
	assert_disk(DISK("\"n\": 53, \"mean\": 77.0905, \"p50\": 100.139, \"p99\": 104.0135",
			    "\"n\": 101, \"mean\": 9.9198, \"p50\": 0.0479, \"p99\": 101.1876"),
		"throttled", HEALTH_WARN, "101 reads a second");
	/* R: of writes alone. */
	assert_disk(DISK("\"n\": 53, \"mean\": 77.0905, \"p50\": 100.139, \"p99\": 104.0135",
			    "\"n\": 9000, \"mean\": 0.06, \"p50\": 0.05, \"p99\": 0.3"),
		"throttled", HEALTH_WARN, "every durable write takes the same 100.1 ms");
	/* Tokens let most reads through, and make one of a hundred wait for the next. */
	assert_disk(DISK("\"n\": 300, \"mean\": 0.6, \"p50\": 0.5, \"p99\": 2",
			    "\"n\": 200, \"mean\": 1.1, \"p50\": 0.9, \"p99\": 9.9"),
		"throttled", HEALTH_WARN, "909 reads a second");
	assert_disk(DISK("\"n\": 300, \"mean\": 0.6, \"p50\": 0.5, \"p99\": 2",
			    "\"n\": 200, \"mean\": 1.1, \"p50\": 0.9, \"p99\": 8.1"),
		"SSD-class", HEALTH_OK, "");
	/* A volume that paces all reads alike. */
	assert_disk(DISK("\"n\": 300, \"mean\": 6, \"p50\": 6, \"p99\": 9",
			    "\"n\": 200, \"mean\": 10, \"p50\": 10, \"p99\": 10.2"),
		"throttled", HEALTH_WARN, "100 reads a second");
	assert_disk(DISK("\"n\": 300, \"mean\": 6, \"p50\": 6, \"p99\": 9",
			    "\"n\": 400, \"mean\": 2.5, \"p50\": 2.4, \"p99\": 5"),
		"throttled", HEALTH_WARN, "limits make");
}

static void assert_windows(
	const char *windows, const char *verdict, enum health_state state, const char *reason)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_addf(&text,
		"{\"fdatasync_ms\": {\"n\": 9000, \"mean\": 0.3, \"p50\": 0.2, \"p99\": 3}, "
		"\"read_ms\": {\"n\": 9000, \"mean\": 0.1, \"p50\": 0.1, \"p99\": 0.3}, "
		"\"windows\": [%s]}",
		windows);
	assert_disk(buf_str(&text), verdict, state, reason);
}

static void test_credits(void **state)
{
	assert_windows("{\"n\": 3000}, {\"n\": 2900}, {\"n\": 3000}, {\"n\": 1500}, {\"n\": 100}, "
		       "{\"n\": 100}, {\"n\": 100}",
		"throttled", HEALTH_WARN, "at first 2950 durable writes a second, in the end 100");
	assert_windows("{\"n\": 100}, {\"n\": 100}, {\"n\": 100}, {\"n\": 100}, {\"n\": 49}, "
		       "{\"n\": 49}",
		"throttled", HEALTH_WARN, "in the end 49");
	assert_windows("{\"n\": 100}, {\"n\": 100}, {\"n\": 100}, {\"n\": 100}, {\"n\": 51}, "
		       "{\"n\": 51}",
		"NVMe-class", HEALTH_OK, "");
	/* One bad second is none. */
	assert_windows("{\"n\": 3000}, {\"n\": 2900}, {\"n\": 3000}, {\"n\": 2900}, {\"n\": 100}, "
		       "{\"n\": 3000}, {\"n\": 3100}, {\"n\": 10}, {\"n\": 2900}",
		"NVMe-class", HEALTH_OK, "");
	/* Too short to say. */
	assert_windows("{\"n\": 3000}, {\"n\": 3000}, {\"n\": 100}", "NVMe-class", HEALTH_OK, "");
	assert_windows("1, {}, [], {\"n\": \"x\"}, null, {\"n\": 1}, {\"n\": 2}", "NVMe-class",
		HEALTH_OK, "");
}

static void test_slow_writes(void **state)
{
	assert_disk(DISK("\"n\": 900, \"mean\": 5, \"p50\": 0.8, \"p99\": 150",
			    "\"n\": 5000, \"mean\": 0.2, \"p50\": 0.19, \"p99\": 0.9"),
		"SSD-class", HEALTH_WARN, "takes 150 ms or more");
	assert_disk(DISK("\"n\": 90, \"mean\": 50, \"p50\": 0.8, \"p99\": 1500",
			    "\"n\": 5000, \"mean\": 0.2, \"p50\": 0.19, \"p99\": 0.9"),
		"SSD-class", HEALTH_FAIL, "takes 1500 ms or more");
}

/* Whatever a node says, there is a verdict or none, and a reason. */
static void test_hostile(void **state)
{
	static const char *const texts[] = {"{}", "{\"fdatasync_ms\": 1, \"steal\": \"x\"}",
		"{\"fdatasync_ms\": {\"n\": -1}}", "{\"fdatasync_ms\": {\"n\": 5}}",
		"{\"fdatasync_ms\": {\"n\": 1e300, \"p50\": \"1\"}}", "{\"steal\": null}"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_json_ json_t *seen = parse(texts[i]);
		_cleanup_(arena_done) struct arena a = ARENA_INIT;
		struct node_verdict v;

		judge_disk(seen, &a, &v);
		assert_null(v.verdict);
		assert_int_equal(v.state, HEALTH_FAIL);
		assert_non_null(v.reason);
		judge_cpu(seen, &a, &v);
		assert_null(v.verdict);
		assert_int_equal(v.state, HEALTH_FAIL);
		assert_non_null(v.reason);
	}
}

static void assert_cpu(
	const char *text, const char *verdict, enum health_state state, const char *reason)
{
	_cleanup_json_ json_t *seen = parse(text);
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct node_verdict v;

	judge_cpu(seen, &a, &v);
	assert_verdict(&v, verdict, state, reason);
}

static void test_cpu(void **state)
{
	/* R: a machine on which others work as well. */
	assert_cpu("{\"steal\": 0, \"idle\": 0.5, \"got\": 24.7, \"slowdown\": 3.39, \"periods\": "
		   "0, \"throttled\": 0}",
		"ok", HEALTH_OK, "slowdown 3 %");
	assert_cpu("{\"steal\": 0.1, \"idle\": 0, \"got\": 1, \"slowdown\": null}", "ok", HEALTH_OK,
		"too busy to say");
	assert_cpu("{\"steal\": 4.9, \"idle\": 0, \"got\": 95, \"slowdown\": 24}", "ok", HEALTH_OK,
		"steal 4.9 %");
	assert_cpu("{\"steal\": 5.1, \"idle\": 0, \"got\": 95, \"slowdown\": 3}", "stolen",
		HEALTH_WARN, "5.1 % of the processors' time went to others");
	assert_cpu("{\"steal\": 10, \"idle\": 0, \"got\": 90, \"slowdown\": 60}", "stolen",
		HEALTH_FAIL, "10.0 %");
	assert_cpu("{\"steal\": 0, \"idle\": 0, \"got\": 99, \"slowdown\": 30}", "throttled",
		HEALTH_WARN, "30 % longer");
	assert_cpu("{\"steal\": 0, \"idle\": 0, \"got\": 99, \"slowdown\": 400}", "throttled",
		HEALTH_FAIL, "400 % longer");
	assert_cpu("{\"steal\": 0, \"idle\": 0, \"got\": 99, \"slowdown\": 49}", "throttled",
		HEALTH_WARN, "49 % longer");
	assert_cpu("{\"steal\": 0, \"idle\": 0, \"got\": 99, \"slowdown\": 50}", "throttled",
		HEALTH_FAIL, "50 % longer");
	/* Cut short, with others that used what was left. */
	assert_cpu("{\"steal\": 0, \"idle\": 0, \"got\": 85, \"slowdown\": 1, \"periods\": 100, "
		   "\"throttled\": 5}",
		"throttled", HEALTH_WARN, "it got 85 %");
	/* R: a control group's quota of a fifth of a processor of two. */
	assert_cpu("{\"steal\": 0, \"idle\": 55.137, \"got\": 10.194, \"slowdown\": 0.56, "
		   "\"periods\": 31, \"throttled\": 31}",
		"throttled", HEALTH_FAIL, "it got 10 % of the processors' time with 55 % idle");
	/* One that cannot be read. */
	assert_cpu("{\"steal\": 0, \"idle\": 40, \"got\": 60, \"slowdown\": 1}", "throttled",
		HEALTH_WARN, "it got 60 %");
	/* A few short periods are nothing. */
	assert_cpu("{\"steal\": 0, \"idle\": 1, \"got\": 99, \"slowdown\": 1, \"periods\": 100, "
		   "\"throttled\": 4}",
		"ok", HEALTH_OK, "");
}

static void test_same_kernel(void **state)
{
	const unsigned long long a[2] = {1000, 1040}, b[2] = {1010, 1050}, none[2] = {0, 0};
	const unsigned long long before[2] = {900, 940}, after[2] = {5000, 5050};
	const unsigned long long rebooted[2] = {1010, 1020};

	assert_true(node_same_kernel(a, b));
	assert_false(node_same_kernel(a, before));
	assert_false(node_same_kernel(a, after));
	assert_false(node_same_kernel(a, rebooted));
	assert_false(node_same_kernel(none, none));
	assert_false(node_same_kernel(a, none));
}

/* What people see of a document that is not ours. */
static void test_print(void **state)
{
	static const char *const texts[] = {"{}", "{\"detail\": 1}", "{\"detail\": {\"nodes\": 1}}",
		"{\"detail\": {\"nodes\": []}}"};
	static const char hostile[] =
		"{\"detail\": {\"nodes\": [1, null, {}, {\"node\": \"\\u001b[2Jx\", \"verdict\": "
		"7, "
		"\"reason\": \"a\\nb\\u0007\", \"cores\": \"x\", \"fdatasync_ms\": {\"p50\": 1}}, "
		"{\"node\": \"n\", \"error\": \"\\u001b]0;x\"}]}}";
	const struct section *const sections[] = {&section_disk, &section_cpu};

	for (size_t s = 0; s < ARRAY_SIZE(sections); s++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		_cleanup_json_ json_t *bad = parse(hostile);

		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			_cleanup_json_ json_t *o = parse(texts[i]);

			sections[s]->print(o, &out);
			assert_int_equal(out.len, 0);
		}
		sections[s]->print(bad, &out);
		assert_null(strchr(buf_str(&out), '\033'));
		assert_null(strchr(buf_str(&out), '\a'));
		assert_non_null(strstr(buf_str(&out), "\\x1b[2Jx"));
		assert_non_null(strstr(buf_str(&out), "a\\nb"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_no_durability),
		cmocka_unit_test(test_throttled),
		cmocka_unit_test(test_credits),
		cmocka_unit_test(test_slow_writes),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_same_kernel),
		cmocka_unit_test(test_print),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
