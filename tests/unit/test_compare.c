/* Comparing runs: noise is no news, a shift out of the band is; drawn from known distributions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "lib/base/macro.h"
#include "probe/bench/compare.h"
#include "probe/bench/document.h"
#include "probe/bench/section.h"

/* The same numbers in every run: splitmix64, and a normal distribution by Box and Muller. */
static uint64_t seed;

static double uniform(void)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(double mean, double sigma)
{
	return mean + sigma * sqrt(-2 * log(uniform())) * cos(2 * 3.14159265358979 * uniform());
}

/* Rare slow rounds, as of a machine where something else happens now and then. */
static double skewed(double mean, double sigma)
{
	return mean + sigma * (-log(uniform()) - 1);
}

static json_t *document(const double *rounds, size_t n, const char *better)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_real(rounds[i]));
	return json_pack("{s:s, s:{s:{s:{s:{s:f, s:s, s:s, s:o}}}}}", "format", DOCUMENT_FORMAT,
		"sections", "http", "figures", "p99", "value", median_of(rounds, n), "unit", "ms",
		"better", better, "rounds", list);
}

static const char *verdict(const double *before, size_t n_before, const double *after,
	size_t n_after, const char *better)
{
	static const char *const words[] = {"worse", "better", "same", "unjudged"};
	_cleanup_json_ json_t *old = document(before, n_before, better);
	_cleanup_json_ json_t *new = document(after, n_after, better);
	const json_t *f;

	compare_documents(new, old);
	f = json_array_get(json_at(new, "comparison", "figures", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(json_str(f, "verdict"), words[i]))
			return words[i];
	return "?";
}

static void test_noise_is_no_news(void **state)
{
	enum { DRAWS = 4000 };
	static const size_t rounds[] = {3, 4, 5, 8, 10};
	static const double sigmas[] = {1, 5, 20};

	for (size_t r = 0; r < ARRAY_SIZE(rounds); r++)
		for (size_t s = 0; s < ARRAY_SIZE(sigmas); s++) {
			int normals = 0, skews = 0;

			seed = 42;
			for (int i = 0; i < DRAWS; i++) {
				double a[10], b[10], c[10], d[10];

				for (size_t k = 0; k < rounds[r]; k++) {
					a[k] = normal(100, sigmas[s]);
					b[k] = normal(100, sigmas[s]);
					c[k] = skewed(100, sigmas[s]);
					d[k] = skewed(100, sigmas[s]);
				}
				normals += fabs(median_of(a, rounds[r]) - median_of(b, rounds[r])) >
					   compare_band(a, rounds[r], b, rounds[r]);
				skews += fabs(median_of(c, rounds[r]) - median_of(d, rounds[r])) >
					 compare_band(c, rounds[r], d, rounds[r]);
			}
			if (normals > DRAWS * 5 / 1000 || skews > DRAWS * 10 / 1000)
				fail_msg("%zu rounds, sigma %g: %d and %d of %d", rounds[r],
					sigmas[s], normals, skews, DRAWS);
		}
}

static void test_a_shift_is(void **state)
{
	seed = 7;
	for (int i = 0; i < 1000; i++) {
		double a[3], b[3], shift;

		for (size_t k = 0; k < 3; k++) {
			a[k] = normal(100, 4);
			b[k] = normal(100, 4);
		}
		shift = median_of(a, 3) - median_of(b, 3) + 3 * compare_band(a, 3, b, 3);
		/* As much noise as chance gave them, the medians three bands apart. */
		for (size_t k = 0; k < 3; k++)
			b[k] += shift;
		assert_string_equal(verdict(a, 3, b, 3, "lower"), "worse");
		assert_string_equal(verdict(a, 3, b, 3, "higher"), "better");
		assert_string_equal(verdict(b, 3, a, 3, "lower"), "better");
		assert_string_equal(verdict(b, 3, a, 3, "higher"), "worse");
	}
}

static void test_edges(void **state)
{
	static const double quiet[] = {10, 10, 10}, near[] = {10.4, 10.4, 10.4},
			    far[] = {10.6, 10.6, 10.6}, zero[] = {0, 0, 0}, one[] = {1, 1, 1},
			    wild[] = {5, 10, 15};

	assert_string_equal(verdict(quiet, 3, quiet, 3, "lower"), "same");
	assert_string_equal(verdict(quiet, 3, near, 3, "lower"), "same"); /* within 5 % */
	assert_string_equal(verdict(quiet, 3, far, 3, "lower"), "worse");
	assert_string_equal(verdict(quiet, 2, far, 3, "lower"), "unjudged");
	assert_string_equal(verdict(quiet, 3, far, 2, "lower"), "unjudged");
	assert_string_equal(verdict(quiet, 3, far, 3, "none"), "unjudged");
	assert_string_equal(verdict(quiet, 3, far, 3, "nonsense"), "unjudged");
	assert_string_equal(verdict(zero, 3, zero, 3, "lower"), "same");
	assert_string_equal(verdict(zero, 3, one, 3, "lower"), "worse"); /* the first lost call */
	assert_string_equal(verdict(quiet, 3, wild, 3, "lower"), "same");
	assert_true(compare_band(quiet, 3, wild, 3) == 15);
	assert_true(compare_band(quiet, 3, quiet, 3) == 0.5);
}

static json_t *machine(const char *cluster, const char *cpu, double connections)
{
	return json_pack("{s:s, s:s, s:{s:s, s:i}, s:{s:f, s:[s]}}", "format", DOCUMENT_FORMAT,
		"cluster", cluster, "client", "cpu", cpu, "cores", 2, "options", "connections",
		connections, "sections", cpu);
}

static void differs(json_t *a, json_t *b, size_t n, const char *first)
{
	const json_t *list;

	compare_documents(b, a);
	list = json_at(b, "comparison", "differs", NULL);
	assert_int_equal(json_array_size(list), n);
	if (n)
		assert_string_equal(json_string_value(json_array_get(list, 0)), first);
	json_decref(a);
	json_decref(b);
}

static void test_what_is_not_the_same(void **state)
{
	differs(machine("a", "x", 64), machine("a", "x", 64), 0, NULL);
	differs(machine("a", "x", 64), machine("b", "x", 64), 1, "cluster: a before, b now");
	differs(machine("a", "x", 64), machine("a", "y\033", 64), 1,
		"client, cpu: x before, y\\x1b now");
	differs(machine("a", "x", 64), machine("a", "x", 1), 1,
		"connections: 64.0 before, 1.0 now");
	differs(machine("a", "x", 64), machine("b", "y", 1), 3, "cluster: a before, b now");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise_is_no_news),
		cmocka_unit_test(test_a_shift_is),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_what_is_not_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
