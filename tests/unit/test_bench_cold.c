/* Where the time of a first call went: from times that may be missing, out of order or made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "probe/bench/cold_split.h"

#define NEAR                      0.001
#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

static struct cold_times usual(void)
{
	return (struct cold_times){.begin = 1000,
		.seconds = 0.7,
		.warm = 0.005,
		.created = 1000.2,
		.made = 1000.25,
		.started = 1000.6};
}

static void the_parts_add_up(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;

	cold_split(&t, &p);
	assert_null(p.missing);
	assert_false(p.awake);
	assert_near(p.total, 700, NEAR);
	assert_near(p.schedule, 200, NEAR);
	assert_near(p.create, 50, NEAR);
	assert_near(p.start, 350, NEAR);
	assert_near(p.ready, 95, NEAR);
	assert_near(p.answer, 5, NEAR);
}

static void another_clock(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;

	t.ahead = -33.5;
	t.created += t.ahead;
	t.made += t.ahead;
	t.started += t.ahead;
	cold_split(&t, &p);
	assert_null(p.missing);
	assert_near(p.schedule, 200, NEAR);
	assert_near(p.ready, 95, NEAR);
	t.ahead = 0; /* not noticed: it looks as if it had been awake, and is no figure */
	cold_split(&t, &p);
	assert_true(isnan(p.schedule));
	assert_non_null(p.missing);
}

/* Clocks that differ by less than anybody can measure. */
static void a_little_out_of_order(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;

	t.created = 999.99;
	t.made = 1000.2;
	t.started = 1000.19;
	cold_split(&t, &p);
	assert_null(p.missing);
	assert_near(p.schedule, 0, NEAR);
	assert_near(p.create, 200, NEAR);
	assert_near(p.start, 0, NEAR);
	assert_near(p.ready + p.answer, 500, NEAR);
	t = usual();
	t.started = 1000.71;
	cold_split(&t, &p);
	assert_null(p.missing);
	assert_near(p.ready + p.answer, 0, NEAR);
}

static void out_of_order(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;

	t.made = 1000.1; /* before it was created */
	cold_split(&t, &p);
	assert_non_null(p.missing);
	assert_false(p.awake);
	assert_near(p.total, 700, NEAR);
	assert_true(isnan(p.schedule) && isnan(p.create) && isnan(p.start) && isnan(p.ready));
	t = usual();
	t.started = 1002; /* after it answered */
	cold_split(&t, &p);
	assert_non_null(p.missing);
}

static void it_was_awake(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;

	t.created = 900;
	t.made = 900.1;
	t.started = 900.4;
	cold_split(&t, &p);
	assert_true(p.awake);
}

static void something_is_missing(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;

	t.made = NAN;
	cold_split(&t, &p);
	assert_non_null(p.missing);
	assert_near(p.schedule, 200, NEAR);
	assert_true(isnan(p.create) && isnan(p.start));
	assert_near(p.ready, 95, NEAR);
	t = usual();
	t.started = NAN;
	cold_split(&t, &p);
	assert_non_null(p.missing);
	assert_near(p.total, 700, NEAR);
	assert_true(isnan(p.ready));
	t = usual();
	t.warm = NAN;
	cold_split(&t, &p);
	assert_non_null(p.missing);
	t = usual();
	t.seconds = NAN;
	cold_split(&t, &p);
	assert_non_null(p.missing);
	assert_true(isnan(p.total));
}

static void only_what_is_known_is_written(void **state)
{
	struct cold_times t = usual();
	struct cold_parts p;
	_cleanup_json_ json_t *o = NULL;

	t.made = NAN;
	cold_split(&t, &p);
	o = cold_parts_json(&p);
	assert_int_equal(json_object_size(o), 4);
	assert_near(json_real_value(json_object_get(o, "ready")), 95, NEAR);
	assert_null(json_object_get(o, "create"));
}

static void times_as_docker_writes_them(void **state)
{
	static const char *const wrong[] = {"", "yesterday", "0001-01-01T00:00:00Z",
		"2026-11-25T16:38:32", "2026-13-25T16:38:32Z", "2026-11-25T16:38:32.5Zulu",
		"2026-11-25T16:38:32+1", "2026-11-25T16:38:32+01:00x", "2026-11-25 16:38:32Z",
		"2026-11-25T16:38:32.", "-026-11-25T16:38:32Z"};

	assert_near(cold_time("1970-01-01T00:00:01.5Z"), 1.5, 1e-9);
	assert_near(cold_time("2026-11-25T16:38:32.180933098Z"), 1795624712.180933, 1e-5);
	assert_near(cold_time("2026-11-25T18:08:32.5+01:30"), 1795624712.5, 1e-5);
	assert_near(cold_time("2026-11-25T11:38:32-05:00"), 1795624712, 1e-5);
	assert_true(isnan(cold_time(NULL)));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(isnan(cold_time(wrong[i])));
}

static void events(void **state)
{
	static const char text[] =
		"{\"Action\":\"kill\",\"Actor\":{\"ID\":\"a\"},\"timeNano\":1000000000}\n"
		"not JSON\n"
		"{\"Action\":\"create\",\"Actor\":{\"ID\":\"b\"},\"timeNano\":2000000000}\n"
		"{\"Action\":\"create\",\"Actor\":7,\"timeNano\":2000000000}\n"
		"{\"Action\":\"create\",\"Actor\":{\"ID\":\"c\"},\"timeNano\":\"soon\"}\n"
		"{\"Action\":\"create\",\"Actor\":{\"ID\":\"a\"},\"timeNano\":3500000000}";

	assert_near(cold_event_created(text, "a"), 3.5, 1e-9);
	assert_near(cold_event_created(text, "b"), 2, 1e-9);
	assert_true(isnan(cold_event_created(text, "c")));
	assert_true(isnan(cold_event_created("", "a")));
}

static void a_container(void **state)
{
	_cleanup_json_ json_t *good = NULL, *odd = NULL;
	struct cold_times t = usual();
	const char *text = "{\"Created\":\"1970-01-01T00:00:01Z\",\"State\":{\"StartedAt\":"
			   "\"1970-01-01T00:00:02.25Z\"}}";

	assert_int_equal(json_parse(text, strlen(text), 1000, &good, NULL), 0);
	cold_container(good, &t);
	assert_near(t.created, 1, 1e-9);
	assert_near(t.started, 2.25, 1e-9);
	assert_int_equal(json_parse("{\"Created\":5,\"State\":[]}", 24, 1000, &odd, NULL), 0);
	cold_container(odd, &t);
	assert_true(isnan(t.created) && isnan(t.started));
	cold_container(NULL, &t);
	assert_true(isnan(t.created));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_add_up),
		cmocka_unit_test(another_clock),
		cmocka_unit_test(a_little_out_of_order),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(it_was_awake),
		cmocka_unit_test(something_is_missing),
		cmocka_unit_test(only_what_is_known_is_written),
		cmocka_unit_test(times_as_docker_writes_them),
		cmocka_unit_test(events),
		cmocka_unit_test(a_container),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
