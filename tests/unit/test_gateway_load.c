/* Calls of several gateways become one load, whatever comes, goes or begins again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/load.h"

#define SECOND USEC_PER_SEC

struct world {
	struct load *load;
	usec_t now;
};

static void begin(struct world *w)
{
	w->now += 2 * SECOND;
	load_begin(w->load, w->now);
}

static void say(struct world *w, const char *gateway, const char *function, uint64_t started,
	uint64_t inflight)
{
	struct load_counts c = {
		.started = started, .finished = started - inflight, .last_ms = 1000 + started};

	load_add(w->load, gateway, function, &c);
}

static struct load_view view(struct world *w, const char *function)
{
	struct load_view v;

	load_view(w->load, function, &v);
	return v;
}

static struct world world(void)
{
	return (struct world){load_new(11 * SECOND), 1000 * SECOND};
}

static void one_gateway(void **state)
{
	struct world w = world();

	assert_false(view(&w, "f").known);
	for (unsigned i = 0; i < 20; i++) {
		begin(&w);
		say(&w, "a", "f", 5000 + i * 100, 7);
		load_end(w.load);
		assert_int_equal(view(&w, "f").known, i >= 3);
	}
	assert_true(view(&w, "f").per_second == 50);
	assert_true(view(&w, "F").underway == 7);
	assert_int_equal(view(&w, "f").inflight, 7);
	assert_int_equal(view(&w, "f").last_ms, 1000 + 5000 + 1900);
	assert_true(view(&w, "other").known);
	assert_true(view(&w, "other").per_second == 0);
	load_free(w.load);
}

/* Two gateways are added up; one that goes takes its calls under way along, not its past. */
static void comes_and_goes(void **state)
{
	struct world w = world();
	uint64_t a = 100, b = 9000;

	for (unsigned i = 0; i < 60; i++) {
		begin(&w);
		say(&w, "a", "f", a += 20, 1);
		if (i >= 20 && i < 40)
			say(&w, "b", "f", b += 40, 4);
		load_end(w.load);
		if (i == 19 || i == 59)
			assert_true(view(&w, "f").per_second == 10);
		if (i == 39) {
			assert_true(view(&w, "f").per_second == 30);
			assert_int_equal(view(&w, "f").inflight, 5);
			assert_true(view(&w, "f").underway == 5);
		}
		assert_true(view(&w, "f").per_second <= 30);
	}
	assert_int_equal(view(&w, "f").inflight, 1);
	assert_int_equal(view(&w, "f").last_ms, 1000 + b);
	load_free(w.load);
}

/* nginx was started anew: its counters begin at zero. */
static void begins_again(void **state)
{
	struct world w = world();

	for (unsigned i = 0; i < 30; i++) {
		begin(&w);
		say(&w, "a", "f", i < 15 ? 5000 + 20 * i : 20 * (i - 14), 0);
		load_end(w.load);
		if (i >= 5)
			assert_true(view(&w, "f").per_second == 10);
	}
	load_free(w.load);
}

/* Silence for a while (Redis was away) is not a burst afterwards. */
static void silence(void **state)
{
	struct world w = world();

	for (unsigned i = 0; i < 40; i++) {
		begin(&w);
		if (i < 10 || i >= 30)
			say(&w, "a", "f", 5000 + 20 * i, 0);
		load_end(w.load);
		assert_true(view(&w, "f").per_second <= 10);
	}
	assert_true(view(&w, "f").per_second == 10);
	load_free(w.load);
}

/* The first calls of a function count, if the gateway was watched before them. */
static void first_calls(void **state)
{
	struct world w = world();

	for (unsigned i = 0; i < 6; i++) {
		begin(&w);
		load_add_gateway(w.load, "a");
		if (i == 5)
			say(&w, "a", "f", 100, 0);
		load_end(w.load);
	}
	assert_true(view(&w, "f").per_second == 10);
	load_free(w.load);
}

static void twice_in_a_round(void **state)
{
	struct world w = world();

	for (unsigned i = 0; i < 10; i++) {
		begin(&w);
		say(&w, "a", "f", 20 * i + 20, 3);
		say(&w, "a", "f", 20 * i + 25, 3);
		load_end(w.load);
	}
	assert_int_equal(view(&w, "f").inflight, 3);
	assert_true(view(&w, "f").per_second == 10);
	load_free(w.load);
}

/* What is not heard of any more is forgotten. */
static void forgets(void **state)
{
	struct world w = world();
	char name[32];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		begin(&w);
		say(&w, "a", name, 10, 0);
		load_end(w.load);
	}
	assert_int_equal(view(&w, "f1").last_ms, 0);
	assert_int_equal(view(&w, "f990").last_ms, 1010);
	load_free(w.load);
}

static void counts_text(void **state)
{
	static const char *const bad[] = {"", "1", "1 2 3", "1 2 3 4 5", "1 2 3 ", " 1 2 3 4",
		"1  2 3 4", "1 2 3 -4", "1 2 3 4x", "1 2 3 99999999999999999999", "a b c d"};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct load_counts c = {1, 20, UINT64_MAX / 10, 1764000000000}, back = {0};

	load_counts_print(&c, &out);
	assert_true(load_counts_parse(out.data, out.len, &back));
	assert_memory_equal(&c, &back, sizeof(c));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(load_counts_parse(bad[i], strlen(bad[i]), &back));
	assert_false(load_counts_parse("1 2 3 4\0", 8, &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_gateway),
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(begins_again),
		cmocka_unit_test(silence),
		cmocka_unit_test(first_calls),
		cmocka_unit_test(twice_in_a_round),
		cmocka_unit_test(forgets),
		cmocka_unit_test(counts_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
