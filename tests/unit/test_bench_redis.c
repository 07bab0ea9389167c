/* The redis section without a cluster: what a node printed, be it garbage, and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/redis.h"

enum { ROUNDS = 3, RUNS = 2 * ROUNDS };

#define CONNECT                                                                              \
	"{\"n\": 9, \"min\": 0.1, \"mean\": 0.3, \"p50\": 0.3, \"p90\": 0.5, \"p99\": 0.9, " \
	"\"p999\": 1, \"max\": 2}"
#define RUN(reuse, rate, cpu, more)                                                  \
	"{\"tw_reuse\": " reuse ", \"port_range\": [32768, 60999], \"seconds\": 6, " \
	"\"connections\": 30000, \"rate\": " rate ", \"connect_ms\": " CONNECT       \
	", \"connect_cpu_us\": " cpu ", \"time_wait\": 14000, " more "}"
#define NO_FAULT "\"refused\": 0, \"failed\": 0, \"retried\": 0, \"errors\": {}"

struct scene {
	struct section_result r;
	struct redis_runs all;
	struct redis_run runs[RUNS];
};

static void read_into(struct redis_run *r, const char *text)
{
	_cleanup_json_ json_t *o = NULL;

	assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o, NULL), 0);
	redis_read(o, r);
}

static struct scene *scene_new(bool ab)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->r.detail = json_object();
	s->all = (struct redis_runs){.node = "lab-2",
		.target = "10.201.0.5:6379",
		.own_service = "svarm_queue-worker",
		.own_reuse = 1,
		.ab = ab,
		.runs = s->runs};
	for (unsigned round = 1; round <= ROUNDS; round++)
		for (int k = 0; k < (ab ? 2 : 1); k++) {
			struct redis_run *r = &s->runs[s->all.n++];

			r->round = round;
			r->tuned = k == 0;
			read_into(r, k ? RUN("2", "982", "851", NO_FAULT)
				       : RUN("1", "6974", "58", NO_FAULT));
		}
	return s;
}

static void expect(struct scene *s, enum health_state state, const char *text, const char *remedy)
{
	redis_judge(&s->all, &s->r);
	if (s->r.state != state || strcmp(s->r.text, text))
		print_message("# state %d: %s\n", s->r.state, s->r.text);
	assert_int_equal(s->r.state, state);
	assert_string_equal(s->r.text, text);
	if (remedy)
		assert_non_null(strstr(s->r.remedy, remedy));
	else
		assert_null(s->r.remedy);
}

static void scene_free(struct scene *s)
{
	json_decref(s->r.detail);
	free(s->r.figures);
	arena_done(&s->r.arena);
	free(s);
}

static void test_alone(void **state)
{
	struct scene *s = scene_new(false);

	expect(s, HEALTH_OK, "6974 connections a second, 58 us of processor each", NULL);
	assert_int_equal(s->r.n_figures, 4);
	assert_int_equal(s->r.figures[0].n, ROUNDS);
	assert_null(json_object_get(s->r.detail, "text"));
	scene_free(s);
}

static void test_compared(void **state)
{
	struct scene *s = scene_new(true);
	const json_t *run;

	expect(s, HEALTH_OK,
		"6974 connections a second, 58 us of processor each; without tcp_tw_reuse 982 and "
		"851 us",
		NULL);
	assert_true(fabs(section_median(&s->r, "cpu_gain") - 851.0 / 58) < 1e-9);
	assert_true(fabs(section_median(&s->r, "rate_gain") - 6974.0 / 982) < 1e-9);
	assert_true(section_median(&s->r, "rate") == 6974);
	assert_true(section_median(&s->r, "connect_p99") == 0.9);
	assert_string_equal(json_str(s->r.detail, "text"),
		"tcp_tw_reuse makes new connections 14.7 times cheaper");
	run = json_array_get(json_arr(s->r.detail, "runs"), 1);
	assert_int_equal(json_int(run, "tw_reuse", -1), 2);
	assert_false(json_bool(run, "tuned"));
	assert_int_equal(json_int(run, "time_wait", -1), 14000);
	assert_int_equal(json_array_size(json_arr(run, "port_range")), 2);
	scene_free(s);

	s = scene_new(true);
	for (size_t i = 1; i < RUNS; i += 2)
		read_into(&s->runs[i], RUN("2", "6800", "59", NO_FAULT));
	redis_judge(&s->all, &s->r);
	assert_string_equal(json_str(s->r.detail, "text"), "no effect of tcp_tw_reuse here");
	scene_free(s);

	/* Too few connections to need a port twice: a difference is noise. */
	s = scene_new(true);
	for (size_t i = 1; i < RUNS; i += 2)
		s->runs[i].connections = 14000;
	expect(s, HEALTH_OK,
		"6974 connections a second, 58 us of processor each; the ports did not run short "
		"without tcp_tw_reuse",
		NULL);
	assert_true(isnan(section_median(&s->r, "rate_gain")));
	scene_free(s);

	/* More than every second port, which is all that outgoing connections take at first; or
	 * none was free. */
	s = scene_new(true);
	for (size_t i = 1; i < RUNS; i += 2)
		s->runs[i].connections = 14117;
	redis_judge(&s->all, &s->r);
	assert_false(isnan(section_median(&s->r, "rate_gain")));
	scene_free(s);
	s = scene_new(true);
	for (size_t i = 1; i < RUNS; i += 2) {
		s->runs[i].connections = 100;
		s->runs[i].no_port = 1;
	}
	redis_judge(&s->all, &s->r);
	assert_false(isnan(section_median(&s->r, "rate_gain")));
	scene_free(s);

	/* A fifth is an effect. */
	s = scene_new(true);
	for (size_t i = 1; i < RUNS; i += 2)
		read_into(&s->runs[i], RUN("2", "6800", "70", NO_FAULT));
	redis_judge(&s->all, &s->r);
	assert_string_equal(json_str(s->r.detail, "text"),
		"tcp_tw_reuse makes new connections 1.2 times cheaper");
	scene_free(s);

	/* A round of which one half is missing compares nothing. */
	s = scene_new(true);
	s->runs[1].error = "docker made no container";
	redis_judge(&s->all, &s->r);
	assert_int_equal(s->r.figures[s->r.n_figures - 1].n, ROUNDS - 1);
	scene_free(s);
}

static void test_faults(void **state)
{
	static const struct {
		const char *run;
		enum health_state state;
		const char *text, *remedy;
	} cases[] = {
		{RUN("1", "6974", "58", "\"refused\": 2000, \"failed\": 0"), HEALTH_FAIL,
			"6974 connections a second, 58 us of processor each; 2000 were refused",
			"maxclients"},
		{RUN("1", "6974", "58", "\"refused\": 2, \"failed\": 7"), HEALTH_WARN,
			"6974 connections a second, 58 us of processor each; 2 were refused",
			"backlog"},
		{RUN("1", "6974", "58",
			 "\"refused\": 0, \"failed\": 9, \"errors\": {\"EADDRNOTAVAIL\": 5}"),
			HEALTH_WARN,
			"6974 connections a second, 58 us of processor each; 5 found no free port",
			"tcp_tw_reuse: 1"},
		{RUN("1", "6974", "58", "\"failed\": 9, \"errors\": {\"ETIMEDOUT\": 9}"),
			HEALTH_WARN, "6974 connections a second, 58 us of processor each; 9 failed",
			"svarm bench network"},
		{RUN("1", "6974", "58", "\"retried\": 4"), HEALTH_WARN,
			"6974 connections a second, 58 us of processor each; 4 had to be asked for "
			"twice, a second later",
			"backlog"},
	};
	struct scene *s;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		s = scene_new(false);
		read_into(&s->runs[1], cases[i].run);
		expect(s, cases[i].state, cases[i].text, cases[i].remedy);
		scene_free(s);
	}
	s = scene_new(false);
	s->all.own_reuse = 2;
	expect(s, HEALTH_WARN,
		"6974 connections a second, 58 us of processor each; svarm_queue-worker on lab-2 "
		"has tcp_tw_reuse 2",
		"svarm up");
	scene_free(s);
	/* What the untuned runs meet is no fault of the cluster's. */
	s = scene_new(true);
	read_into(&s->runs[1],
		RUN("2", "982", "851", "\"failed\": 99, \"errors\": {\"EADDRNOTAVAIL\": 99}"));
	redis_judge(&s->all, &s->r);
	assert_int_equal(s->r.state, HEALTH_OK);
	scene_free(s);
}

static void test_nothing(void **state)
{
	struct scene *s = scene_new(false);

	for (size_t i = 0; i < ROUNDS; i++)
		s->runs[i].error = "making a container: \033no such network";
	expect(s, HEALTH_SKIP, "not measured from lab-2: making a container: \\x1bno such network",
		NULL);
	scene_free(s);
	s = scene_new(false);
	for (size_t i = 0; i < ROUNDS; i++)
		read_into(&s->runs[i], "{\"connections\": 0, \"rate\": 0, \"refused\": 5}");
	expect(s, HEALTH_FAIL, "no connection from lab-2 to 10.201.0.5:6379: refused", "redis");
	scene_free(s);
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"connections\": -1, \"rate\": 5}",
		"{\"connections\": 1e300, \"rate\": 5}",
		"{\"connections\": 5, \"rate\": \"5\"}",
	};
	struct redis_run r = {0};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		r = (struct redis_run){0};
		read_into(&r, texts[i]);
		assert_non_null(r.error);
	}
	r = (struct redis_run){0};
	read_into(&r,
		"{\"connections\": 5, \"rate\": 5, \"tw_reuse\": 1e9, \"port_range\": [5, 1], "
		"\"connect_cpu_us\": -1, \"connect_ms\": [], \"errors\": [], \"refused\": {}, "
		"\"time_wait\": -1}");
	assert_null(r.error);
	assert_int_equal(r.tw_reuse, -1);
	assert_int_equal(r.port_low, 0);
	assert_true(isnan(r.connect_cpu_us) && isnan(r.time_wait) && !r.connect_known);
	assert_true(r.refused == 0 && r.no_port == 0);
}

static void test_print(void **state)
{
	static const char wanted[] =
		"  tcp_tw_reuse   1/s  us each  p99 ms  refused or failed  TIME_WAIT\n"
		"  1             6974       58    0.90                  0      14000\n"
		"  2              982      851    0.90                  0      14000\n";
	static const char *const hostile[] = {"{}", "{\"detail\": {\"runs\": 5}}",
		"{\"detail\": {\"runs\": [1, [], {}, {\"rate\": 1e300}, {\"rate\": \"x\"}]}}"};
	_cleanup_json_ json_t *section = json_object();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct scene *s = scene_new(true);

	redis_judge(&s->all, &s->r);
	json_object_set(section, "detail", s->r.detail);
	redis_print(section, &out);
	assert_memory_equal(buf_str(&out), wanted, strlen(wanted));
	scene_free(s);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		_cleanup_json_ json_t *o = NULL;

		buf_clear(&out);
		assert_int_equal(json_parse(hostile[i], strlen(hostile[i]), 4096, &o, NULL), 0);
		redis_print(o, &out);
		assert_string_equal(buf_str(&out), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_compared),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_print),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
