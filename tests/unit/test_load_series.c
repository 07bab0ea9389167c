/* A run second by second: threads that are not equally far, what comes after the end, lengths, and
 * runs that are put one after the other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/xalloc.h"
#include "probe/load/series.h"

/* @thread saw @n answers of @value, and @errors, in @second, and goes on with @next. */
static void hand_in(struct series *s, unsigned thread, uint64_t second, unsigned n, uint64_t value,
	uint64_t errors, uint64_t next)
{
	struct window *w = xcalloc(1, sizeof(*w));

	w->second = second;
	w->errors = errors;
	for (unsigned i = 0; i < n; i++)
		hist_add(&w->latency, value);
	series_hand_in(s, thread, w, next);
	assert_int_equal(w->latency.n, 0);
	assert_int_equal(w->latency.max, 0);
	assert_int_equal(w->errors, 0);
	free(w);
}

static struct load_result *give(struct series *s, double seconds)
{
	struct load_result *r = xcalloc(1, sizeof(*r));

	r->seconds = seconds;
	series_give(s, r);
	series_done(s);
	return r;
}

static void result_free(struct load_result *r)
{
	load_result_done(r);
	free(r);
}

/* A second is a point when the slowest thread is through with it. */
static void test_threads(void **state)
{
	struct series s;
	struct load_result *r;
	struct load_progress p;
	size_t seen = 0;

	series_init(&s, 2, 3);
	hand_in(&s, 0, 0, 10, 100, 1, 1);
	assert_int_equal(s.n_points, 0);
	hand_in(&s, 0, 1, 20, 100, 0, 2);
	hand_in(&s, 1, 0, 5, 50, 0, 3); /* was not scheduled for two seconds */
	assert_int_equal(s.n_points, 2);
	assert_true(series_wait(&s, 0));
	p = series_progress(&s, &seen);
	assert_int_equal(seen, 2);
	assert_true(p.elapsed == 2);
	assert_int_equal(p.answers, 35);
	assert_int_equal(p.errors, 1);
	assert_int_equal(p.p50, 100);
	assert_int_equal(p.latest.answers, 20);
	hand_in(&s, 0, 2, 1, 7, 0, 3);
	hand_in(&s, 0, WINDOW_AFTER, 2, 1000, 3, UINT64_MAX);
	hand_in(&s, 1, WINDOW_AFTER, 0, 0, 0, UINT64_MAX);
	assert_false(series_wait(&s, 3));
	r = give(&s, 3);
	assert_int_equal(r->n_series, 3);
	assert_int_equal(r->series[0].answers, 15);
	assert_int_equal(r->series[0].errors, 1);
	assert_int_equal(r->series[0].p50, 100);
	assert_int_equal(r->series[2].p99, 7);
	assert_true(r->series[2].t == 2 && r->series[2].seconds == 1);
	assert_int_equal(r->latency.n, 38); /* those after the end too */
	assert_int_equal(r->latency.max, 1000);
	result_free(r);
}

/* The last second is as long as the run was; a run of half a second has one. */
static void test_lengths(void **state)
{
	struct series s;
	struct load_result *r;

	series_init(&s, 1, 2.25);
	hand_in(&s, 0, 0, 1, 1, 0, 2);
	hand_in(&s, 0, 2, 1, 1, 0, 3);
	assert_true(s.points[2].seconds == 0.25);
	hand_in(&s, 0, WINDOW_AFTER, 1, 1, 0, UINT64_MAX);
	r = give(&s, 2.25);
	assert_int_equal(r->n_series, 3);
	assert_int_equal(r->series[1].answers, 0);
	assert_int_equal(r->series[1].p99, 0);
	assert_true(r->series[2].seconds == 0.25);
	result_free(r);

	series_init(&s, 1, INFINITY);
	hand_in(&s, 0, 0, 1, 1, 0, UINT64_MAX);
	r = give(&s, 0.5);
	assert_int_equal(r->n_series, 1);
	assert_true(r->series[0].seconds == 0.5);
	result_free(r);
}

/* A thread that has nothing to do any more ends earlier; empty seconds at the end are none. */
static void test_count(void **state)
{
	struct series s;
	struct load_result *r;

	series_init(&s, 2, INFINITY);
	hand_in(&s, 0, 0, 3, 1, 0, UINT64_MAX);
	hand_in(&s, 1, 0, 1, 1, 0, 1);
	hand_in(&s, 1, 1, 4, 1, 0, 2);
	assert_int_equal(s.n_points, 2);
	hand_in(&s, 1, 2, 0, 0, 0, UINT64_MAX);
	r = give(&s, 1.75);
	assert_int_equal(r->n_series, 2);
	assert_int_equal(r->series[0].answers, 4);
	assert_true(r->series[1].seconds == 0.75);
	result_free(r);
}

static void test_merge(void **state)
{
	struct load_result *sum = xcalloc(1, sizeof(*sum));

	for (int i = 0; i < 2; i++) {
		struct series s;
		struct load_result *r;

		series_init(&s, 1, INFINITY);
		hand_in(&s, 0, 0, 2, 10 + 10 * (unsigned)i, 1, UINT64_MAX);
		r = give(&s, 0.5);
		r->statuses[200] = r->in_time = 2;
		r->errors[LOAD_RESET] = 1;
		r->cpu_busiest = 0.5 - 0.25 * i;
		load_merge(sum, r);
		result_free(r);
	}
	assert_true(sum->seconds == 1);
	assert_true(sum->cpu_busiest == 0.5);
	assert_int_equal(load_answers(sum), 4);
	assert_int_equal(load_failed(sum), 2);
	assert_true(load_rps(sum) == 4);
	assert_int_equal(sum->latency.min, 10);
	assert_int_equal(sum->latency.max, 20);
	assert_int_equal(sum->n_series, 2);
	assert_true(sum->series[1].t == 0.5);
	assert_int_equal(sum->series[1].p50, 20);
	result_free(sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_merge),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
