/* The histogram of durations: its error against sorted values, merging, and its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/xalloc.h"
#include "probe/load/hist.h"

enum { MANY = 20000 };

static struct hist *empty(void)
{
	return xcalloc(1, sizeof(struct hist));
}

/* xorshift: the same numbers on every machine. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Durations from nanoseconds to an hour, as many of each magnitude. */
static uint64_t some_duration(uint64_t *state)
{
	uint64_t magnitude = next_random(state) % 42;

	return next_random(state) & ((2ull << magnitude) - 1);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_empty(void **state)
{
	_cleanup_free_ struct hist *h = empty();

	assert_int_equal(hist_at(h, 0.5), 0);
	assert_int_equal(hist_at(h, 1), 0);
	assert_true(hist_mean(h) == 0);
}

static void test_within_one_per_cent(void **state)
{
	static const double qs[] = {0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	_cleanup_free_ uint64_t *values = xcalloc(MANY, sizeof(*values));
	_cleanup_free_ struct hist *h = empty();
	uint64_t seed = 42;

	for (size_t i = 0; i < MANY; i++) {
		values[i] = some_duration(&seed);
		hist_add(h, values[i]);
	}
	qsort(values, MANY, sizeof(*values), by_value);
	for (size_t i = 0; i < ARRAY_SIZE(qs); i++) {
		size_t rank = (size_t)(qs[i] * MANY);
		uint64_t exact = values[rank ? rank - 1 : 0], got = hist_at(h, qs[i]);

		assert_true(got >= exact);
		assert_true((double)(got - exact) <= (double)exact * 0.01);
	}
	assert_int_equal(hist_at(h, 1), values[MANY - 1]);
	assert_int_equal(h->min, values[0]);
	assert_int_equal(h->max, values[MANY - 1]);
}

/* Each value alone comes back, to better than 1 %. */
static void test_every_magnitude(void **state)
{
	for (unsigned bit = 0; bit < 44; bit++) {
		for (int off = -1; off <= 1; off++) {
			_cleanup_free_ struct hist *h = empty();
			uint64_t value = (1ull << bit) + (uint64_t)off, got;

			hist_add(h, value);
			hist_add(h, UINT64_MAX); /* so that max does not tell */
			got = hist_at(h, 0.5);
			assert_true(got >= value);
			assert_true((double)(got - value) <= (double)value * 0.01);
		}
	}
}

static void test_beyond_range(void **state)
{
	_cleanup_free_ struct hist *h = empty();

	hist_add(h, UINT64_MAX);
	hist_add(h, 1ull << 60);
	assert_int_equal(h->n, 2);
	assert_true(hist_at(h, 0.5) == UINT64_MAX);
	assert_true(h->max == UINT64_MAX);
}

/* Parts that are merged are the same as the whole, in any order, empty ones included. */
static void test_merge(void **state)
{
	_cleanup_free_ struct hist *whole = empty(), *sum = empty();
	struct hist *parts[3] = {empty(), empty(), empty()};
	uint64_t seed = 7;

	for (size_t i = 0; i < 3000; i++) {
		uint64_t value = some_duration(&seed);

		hist_add(whole, value);
		hist_add(parts[i % 2 * 2], value);
	}
	for (int i = 2; i >= 0; i--) {
		hist_merge(sum, parts[i]);
		free(parts[i]);
	}
	assert_int_equal(sum->n, whole->n);
	assert_int_equal(sum->min, whole->min);
	assert_int_equal(sum->max, whole->max);
	assert_memory_equal(sum->buckets, whole->buckets, sizeof(whole->buckets));
	assert_true(hist_mean(sum) > hist_mean(whole) * 0.999999);
	assert_true(hist_mean(sum) < hist_mean(whole) * 1.000001);
}

/* (a + b) + c is a + (b + c). */
static void test_merge_associative(void **state)
{
	struct hist *left = empty(), *right = empty(), *parts[3] = {empty(), empty(), empty()};
	uint64_t seed = 9;

	for (size_t i = 0; i < 3000; i++)
		hist_add(parts[i % 7 % 3], some_duration(&seed) & ~0xffull); /* sums are exact */
	hist_merge(left, parts[0]);
	hist_merge(left, parts[1]);
	hist_merge(left, parts[2]);
	hist_merge(right, parts[1]);
	hist_merge(right, parts[2]);
	hist_merge(parts[0], right);
	assert_memory_equal(left, parts[0], sizeof(*left));
	for (int i = 0; i < 3; i++)
		free(parts[i]);
	free(left);
	free(right);
}

/* A greater share is never a smaller value, and all of them lie between the least and the most. */
static void test_monotone(void **state)
{
	_cleanup_free_ struct hist *h = empty();
	uint64_t seed = 11, before;

	for (size_t i = 0; i < 1000; i++)
		hist_add(h, some_duration(&seed));
	before = h->min;
	for (unsigned i = 0; i <= 100000; i++) {
		uint64_t value = hist_at(h, i / 100000.0);

		assert_true(value >= before);
		before = value;
	}
	assert_int_equal(before, h->max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_within_one_per_cent),
		cmocka_unit_test(test_every_magnitude),
		cmocka_unit_test(test_beyond_range),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_associative),
		cmocka_unit_test(test_monotone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
