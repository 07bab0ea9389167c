/* How many tasks a function gets: situations and what follows from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "faas/gateway/scale_rule.h"

#define SECOND USEC_PER_SEC
#define SETTLE (60 * SECOND)

static struct settings with(unsigned min, unsigned max, unsigned factor, bool zero)
{
	return (struct settings){.min = min,
		.max = max,
		.factor = factor,
		.target = 50,
		.zero = zero,
		.zero_after_ms = 60000};
}

struct situation {
	const char *what;
	struct settings settings;
	struct scale_facts facts;
	enum scale_verdict verdict;
	unsigned n;
};

/* Judged after a minute in which nothing was needed. */
static void situations(void **state)
{
	const struct situation after_a_calm[] = {
		{"no load, one task", with(1, 20, 20, false),
			{.replicas = 1, .ready = 1, .load_known = true}, SCALE_KEEP, 0},
		{"within the tolerance", with(1, 20, 20, false),
			{.replicas = 1, .ready = 1, .load_known = true, .load = 54}, SCALE_KEEP, 0},
		{"above it", with(1, 20, 20, false),
			{.replicas = 1, .ready = 1, .load_known = true, .load = 56}, SCALE_UP, 2},
		{"a step upwards is a factor of the most", with(1, 20, 20, false),
			{.replicas = 1, .ready = 1, .load_known = true, .load = 1e6}, SCALE_UP, 5},
		{"a step is rounded up", with(1, 9, 20, false),
			{.replicas = 1, .ready = 1, .load_known = true, .load = 1e6}, SCALE_UP, 3},
		{"a factor of 100 goes all the way", with(1, 20, 100, false),
			{.replicas = 1, .ready = 1, .load_known = true, .load = 1e6}, SCALE_UP, 20},
		{"never above the most", with(1, 20, 20, false),
			{.replicas = 19, .ready = 19, .load_known = true, .load = 1e300}, SCALE_UP,
			20},
		{"at the most", with(1, 20, 20, false),
			{.replicas = 20, .ready = 20, .load_known = true, .load = 1e6}, SCALE_KEEP,
			0},
		{"not while a task is still coming", with(1, 20, 20, false),
			{.replicas = 2, .ready = 1, .load_known = true, .load = 1000}, SCALE_KEEP,
			0},
		{"factor 0: never by load", with(1, 20, 0, false),
			{.replicas = 1, .ready = 1, .load_known = true, .load = 1000}, SCALE_KEEP,
			0},
		{"min = max never moves up", with(2, 2, 20, false),
			{.replicas = 2, .ready = 2, .load_known = true, .load = 1000}, SCALE_KEEP,
			0},
		{"nor down", with(2, 2, 20, false),
			{.replicas = 5, .ready = 5, .load_known = true, .load = 0}, SCALE_KEEP, 0},
		{"a load that is not known", with(1, 20, 20, false),
			{.replicas = 5, .ready = 5, .load = 1000}, SCALE_KEEP, 0},
		{"load does not wake", with(1, 20, 20, false),
			{.replicas = 0, .load_known = true, .load = 1000}, SCALE_KEEP, 0},
		{"down at once, to the least", with(1, 20, 20, false),
			{.replicas = 9, .ready = 9, .load_known = true}, SCALE_DOWN, 1},
		{"down to what is needed", with(1, 20, 20, false),
			{.replicas = 9, .ready = 9, .load_known = true, .load = 120}, SCALE_DOWN,
			3},
		{"down although one task never comes", with(1, 20, 20, false),
			{.replicas = 9, .ready = 8, .load_known = true, .load = 120}, SCALE_DOWN,
			3},
		{"not below the minimum", with(4, 20, 20, false),
			{.replicas = 9, .ready = 9, .load_known = true}, SCALE_DOWN, 4},
		{"not below what an operator has set", with(1, 20, 20, false),
			{.replicas = 9, .ready = 9, .floor = 6, .load_known = true}, SCALE_DOWN, 6},
		{"nor when that is where it is", with(1, 20, 20, false),
			{.replicas = 9, .ready = 9, .floor = 9, .load_known = true}, SCALE_KEEP, 0},
		{"fewer than the minimum are an operator's", with(4, 20, 20, false),
			{.replicas = 2, .ready = 2, .floor = 2, .load_known = true}, SCALE_UP, 4},
		{"more than the most are, too", with(1, 5, 20, false),
			{.replicas = 8, .ready = 8, .floor = 8, .load_known = true, .load = 1000},
			SCALE_KEEP, 0},
		{"idle, but not to sleep", with(1, 20, 20, false),
			{.replicas = 1, .ready = 1, .quiet = true, .quiet_for = 3600 * SECOND},
			SCALE_KEEP, 0},
		{"to sleep", with(1, 20, 20, true),
			{.replicas = 3, .ready = 3, .quiet = true, .quiet_for = 60 * SECOND},
			SCALE_ZERO, 0},
		{"to sleep although min = max", with(3, 3, 20, true),
			{.replicas = 3, .ready = 3, .quiet = true, .quiet_for = 60 * SECOND},
			SCALE_ZERO, 0},
		{"to sleep although load never scales it", with(1, 20, 0, true),
			{.replicas = 1, .ready = 1, .quiet = true, .quiet_for = 60 * SECOND},
			SCALE_ZERO, 0},
		{"not idle for long enough", with(1, 20, 20, true),
			{.replicas = 1, .ready = 1, .quiet = true, .quiet_for = 60 * SECOND - 1},
			SCALE_KEEP, 0},
		{"perhaps somebody waits", with(1, 20, 20, true),
			{.replicas = 1, .ready = 1, .quiet_for = 3600 * SECOND}, SCALE_KEEP, 0},
		{"asleep already", with(1, 20, 20, true),
			{.replicas = 0, .quiet = true, .quiet_for = 3600 * SECOND}, SCALE_KEEP, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(after_a_calm); i++) {
		const struct situation *s = &after_a_calm[i];
		struct scale_memory m = {.since = SECOND, .at = SECOND};
		unsigned n = 77;
		enum scale_verdict v = scale_rule(
			&s->settings, &s->facts, &m, 62 * SECOND, SETTLE, &n);

		if (v != s->verdict || (v != SCALE_KEEP && n != s->n))
			fail_msg("%s: verdict %d, %u tasks", s->what, v, n);
		if (v == SCALE_KEEP && n != 77)
			fail_msg("%s: touched its output", s->what);
	}
}

static enum scale_verdict ask(
	struct scale_memory *m, unsigned second, unsigned replicas, double load, unsigned *ret_n)
{
	struct settings s = with(1, 20, 20, false);
	struct scale_facts f = {
		.replicas = replicas, .ready = replicas, .load_known = true, .load = load};

	return scale_rule(&s, &f, m, (1000 + second) * SECOND, SETTLE, ret_n);
}

/* Nobody is taken away before the memory goes back far enough. */
static void not_before_it_knows(void **state)
{
	struct scale_memory m = {0};
	unsigned n = 0;

	for (unsigned t = 0; t < 60; t++)
		assert_int_equal(ask(&m, t, 5, 0, &n), SCALE_KEEP);
	assert_int_equal(ask(&m, 60, 5, 0, &n), SCALE_DOWN);
	assert_int_equal(n, 1);
}

/* What was needed within the last minute stays, and no more. */
static void settles(void **state)
{
	struct scale_memory m = {0};
	unsigned n = 0, t;

	for (t = 0; t < 100; t++)
		assert_int_equal(ask(&m, t, 5, 250, &n), SCALE_KEEP);
	for (; t < 120; t++) /* a dip */
		assert_int_equal(ask(&m, t, 5, 0, &n), SCALE_KEEP);
	for (; t < 125; t++) /* less than before */
		assert_int_equal(ask(&m, t, 5, 150, &n), SCALE_KEEP);
	for (; ask(&m, t, 5, 0, &n) == SCALE_KEEP; t++)
		;
	assert_in_range(t, 99 + 60, 99 + 66);
	assert_int_equal(n, 3);
	for (; ask(&m, t, 3, 0, &n) == SCALE_KEEP; t++)
		;
	assert_in_range(t, 124 + 60, 124 + 66);
	assert_int_equal(n, 1);
}

/* A load that swings does not move the number of tasks up and down. */
static void does_not_swing(void **state)
{
	struct scale_memory m = {0};
	unsigned n = 0, replicas = 1, moves = 0;

	for (unsigned t = 0; t < 1800; t += 2) {
		enum scale_verdict v = ask(&m, t, replicas, t / 20 % 2 ? 60 : 240, &n);

		if (v == SCALE_KEEP)
			continue;
		replicas = n;
		moves++;
	}
	assert_int_equal(replicas, 5);
	assert_int_equal(moves, 1);
}

static void long_pause(void **state)
{
	struct scale_memory m = {0};
	unsigned n = 0;

	assert_int_equal(ask(&m, 0, 5, 250, &n), SCALE_KEEP);
	assert_int_equal(ask(&m, 1000000, 5, 0, &n), SCALE_DOWN); /* the peak is forgotten */
	assert_int_equal(n, 1);
}

/* Sleep forgets: who wakes up does not start with an old peak, or without a minute's grace. */
static void sleep_forgets(void **state)
{
	struct scale_memory m = {0};
	unsigned n = 0;

	for (unsigned t = 0; t < 100; t++)
		ask(&m, t, 5, 250, &n);
	assert_int_equal(ask(&m, 100, 0, 0, &n), SCALE_KEEP);
	assert_int_equal(m.since, 0);
	assert_int_equal(ask(&m, 101, 5, 0, &n), SCALE_KEEP);
}

static void floors(void **state)
{
	struct scale_gift g = {0};

	assert_int_equal(scale_floor(&g, 2), 2); /* somebody's */
	g.set = 6;                               /* ours */
	assert_int_equal(scale_floor(&g, 6), 2);
	assert_int_equal(scale_floor(&g, 6), 2);
	assert_int_equal(scale_floor(&g, 4), 4); /* somebody's again */
	g.set = 5;
	assert_int_equal(scale_floor(&g, 5), 4);
	assert_int_equal(scale_floor(&g, 0), 0);
	assert_int_equal(scale_floor(&g, 1), 1); /* woken */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(situations),
		cmocka_unit_test(not_before_it_knows),
		cmocka_unit_test(settles),
		cmocka_unit_test(does_not_swing),
		cmocka_unit_test(long_pause),
		cmocka_unit_test(sleep_forgets),
		cmocka_unit_test(floors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
