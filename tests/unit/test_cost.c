/* Bills worked out by hand: tiers, rounding, minimums, what is given away, stairs of servers, the
 * points where they are even, and the corners: no load, huge loads, servers without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "probe/cost_curves.h"

/* Round prices, so that sums can be done in the head. */
static const char list[] =
	"providers:\n"
	"  - {name: flat, title: Flat, currency: USD, prices: [\n"
	"      {meter: requests, price: 1, per: 1000000, date: 2026, source: s},\n"
	"      {meter: gb_seconds, price: 0, date: 2026, source: s}]}\n"
	"  - name: tiers\n"
	"    title: Tiers\n"
	"    currency: USD\n"
	"    duration: {step_ms: 100, min_ms: 200, max_ms: 60000}\n"
	"    memory: {step_mb: 128, min_mb: 128, max_mb: 1024}\n"
	"    front: {title: Front, step_kb: 512}\n"
	"    prices:\n"
	"      - {meter: requests, price: 2, per: 1000, free: 500, date: 2026, source: s}\n"
	"      - {meter: requests, above: 10000, price: 1, per: 1000, date: 2026, source: s}\n"
	"      - {meter: requests, above: 20000, price: 0, per: 1000, date: 2026, source: s}\n"
	"      - {meter: gb_seconds, price: 0.5, date: 2026, source: s}\n"
	"      - {meter: front, price: 3, per: 1000, date: 2026, source: s}\n"
	"      - {meter: egress_gb, price: 0.1, free: 10, date: 2026, source: s}\n";

static struct prices *prices, *builtin;

static int load(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (prices_parse("list", list, strlen(list), &prices, &err) < 0 ||
		prices_load(NULL, &builtin, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return 0;
}

static int unload(void **state)
{
	prices_free(prices);
	prices_free(builtin);
	return 0;
}

static void near_to(double a, double b)
{
	if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
		fail_msg("%.12g is not %.12g", a, b);
}

/* @calls in one hour, everything else harmless. */
static struct cost_case hour_of(double calls)
{
	return (struct cost_case){
		.load = {.rate = calls / 3600, .hours = 1, .ms = 1, .mb = 1},
		.fleet = {.count = 1, .price = 10, .peak = 1},
	};
}

#define FLAT  ((struct cost_offer){&prices->providers[0], 1})
#define TIERS ((struct cost_offer){&prices->providers[1], 1})

static void test_tiers(void **state)
{
	static const struct {
		double calls, price;
	} cases[] = {
		{0, 0},
		{1000, 2},
		{10000, 20},
		{10001, 20.001},
		{15000, 25},
		{20000, 30},
		{1e9, 30},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost_case c = hour_of(cases[i].calls);

		near_to(cost_by_use(&c, &TIERS).part[METER_REQUESTS], cases[i].price);
	}
}

static void test_given_away(void **state)
{
	struct cost_case c = hour_of(400);

	c.free_tier = true;
	near_to(cost_by_use(&c, &TIERS).part[METER_REQUESTS], 0);
	c = hour_of(1500);
	near_to(cost_by_use(&c, &TIERS).part[METER_REQUESTS], 3);
	c.free_tier = true; /* 500 of them at the first price */
	near_to(cost_by_use(&c, &TIERS).part[METER_REQUESTS], 2);
	c = hour_of(15000);
	c.free_tier = true;
	near_to(cost_by_use(&c, &TIERS).part[METER_REQUESTS], 24);
	c.load.kb = 1024; /* 15000 MB: 14.65 GB */
	near_to(cost_by_use(&c, &TIERS).part[METER_EGRESS], (15000 / 1024.0 - 10) * 0.1);
}

/* Duration in steps of 100 ms, 200 at least; memory in steps of 128 MB. */
static void test_rounding(void **state)
{
	static const struct {
		double ms, mb, gb_seconds; /* of one call */
	} cases[] = {
		{0, 0, 0.2 * 0.125},
		{1, 1, 0.2 * 0.125},
		{200, 128, 0.2 * 0.125},
		{200.001, 128, 0.3 * 0.125},
		{300, 129, 0.3 * 0.25},
		{1000, 1024, 1},
		{60000, 1000, 60},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost_case c = hour_of(1);

		c.load.ms = cases[i].ms;
		c.load.mb = cases[i].mb;
		near_to(cost_units(&c, &prices->providers[1], METER_GB_SECONDS),
			cases[i].gb_seconds);
		near_to(cost_by_use(&c, &TIERS).part[METER_GB_SECONDS], cases[i].gb_seconds / 2);
	}
}

/* 0.07 in steps of 0.01 are seven, whatever doubles make of it. */
static void test_last_bit(void **state)
{
	struct price_provider p = prices->providers[1];
	struct cost_case c = hour_of(1);

	c.front = true;
	p.front_step_kb = 0.01;
	c.load.kb = 0.07;
	near_to(cost_units(&c, &p, METER_FRONT), 7);
	c.load.kb = 0.0701;
	near_to(cost_units(&c, &p, METER_FRONT), 8);
}

static void test_refused(void **state)
{
	struct cost_case c = hour_of(100);

	c.load.ms = 60000.5;
	assert_int_equal(cost_by_use(&c, &TIERS).refusal, COST_TOO_LONG);
	assert_true(cost_by_use(&c, &TIERS).total == 0);
	assert_int_equal(cost_by_use(&c, &FLAT).refusal, COST_TAKEN); /* knows no limit */
	c.load.ms = 1;
	c.load.mb = 1025;
	assert_int_equal(cost_by_use(&c, &TIERS).refusal, COST_TOO_LARGE);
	near_to(cost_ratio(&c, (struct cost_offer[]){TIERS, FLAT}, 2), 1e-4 / 10);
	assert_true(isnan(cost_ratio(&c, &TIERS, 1)));
}

static void test_front(void **state)
{
	struct cost_case c = hour_of(1000);

	c.load.kb = 512;
	near_to(cost_by_use(&c, &TIERS).part[METER_FRONT], 0);
	c.front = true;
	near_to(cost_by_use(&c, &TIERS).part[METER_FRONT], 3);
	c.load.kb = 513; /* counts as two */
	near_to(cost_by_use(&c, &TIERS).part[METER_FRONT], 6);
	c.load.kb = 0;
	near_to(cost_by_use(&c, &TIERS).part[METER_FRONT], 3);
	near_to(cost_by_use(&c, &FLAT).part[METER_FRONT], 0);
}

static void test_exchange(void **state)
{
	struct cost_case c = hour_of(1e6);
	struct cost_offer dear = {&prices->providers[0], 10.5};

	near_to(cost_by_use(&c, &FLAT).total, 1);
	near_to(cost_by_use(&c, &dear).total, 10.5);
}

/* 3 million calls of 1 s with 512 MB: 1.5 million GB-seconds, an example that AWS itself gives;
 * and what Azure takes for 5 million of 40 ms with 200 MB: 100 ms of 256 MB. */
static void test_published(void **state)
{
	struct cost_offer lambda = {&builtin->providers[0], 1}, azure = {&builtin->providers[1], 1};
	struct cost_case c = hour_of(3e6);
	struct cost_bill b;

	c.free_tier = true;
	c.load.ms = 1000;
	c.load.mb = 512;
	b = cost_by_use(&c, &lambda);
	near_to(b.part[METER_REQUESTS], 0.40);
	near_to(b.part[METER_GB_SECONDS], 1.1e6 * 0.0000166667);
	near_to(b.total, 18.73337);
	c = hour_of(5e6);
	c.load.ms = 40;
	c.load.mb = 200;
	b = cost_by_use(&c, &azure);
	near_to(b.part[METER_REQUESTS], 1);
	near_to(b.part[METER_GB_SECONDS], 5e6 * 0.1 * 0.25 * 0.000016);
	/* 200 TB: tiers of 10, 40, 100 TB and the rest. */
	c = hour_of(200 * 1024);
	c.load.kb = 1048576;
	near_to(cost_by_use(&c, &lambda).part[METER_EGRESS],
		1024 * (10 * 0.09 + 40 * 0.085 + 100 * 0.07 + 50 * 0.05));
	c.free_tier = true;
	near_to(cost_by_use(&c, &lambda).part[METER_EGRESS],
		1024 * (10 * 0.09 + 40 * 0.085 + 100 * 0.07 + 50 * 0.05) - 9);
}

/* ---- servers ---- */

static void test_servers(void **state)
{
	static const struct {
		double rate, capacity, headroom, peak;
		uint64_t count, spare, needed;
	} cases[] = {
		{0, 0, 0, 1, 3, 1, 3},
		{1e9, 0, 0, 1, 3, 1, 3}, /* capacity not known */
		{0, 10, 0, 1, 1, 5, 1},
		{10, 10, 0, 1, 1, 0, 1},
		{10.001, 10, 0, 1, 1, 0, 2},
		{30, 10, 0, 1, 3, 0, 3},
		{30, 10, 0, 1, 3, 1, 4}, /* one may be lost */
		{20, 10, 0, 1, 3, 1, 3},
		{10, 10, 0.5, 1, 1, 0, 2},
		{10, 10, 0.5, 3, 1, 0, 6},
		{10, 10, 0.5, 3, 1, 2, 8},
		{1, 10, 0, 1, 1, 1, 2},
		{0.3, 0.1, 0, 1, 1, 0, 3}, /* not 4: the last bit of a double buys no server */
		{1e9, 0.001, 0.99, 1000, 1, 1000, UINT64_C(100000000000001000)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost_case c = {
			.load.rate = cases[i].rate,
			.fleet = {.count = cases[i].count,
				.price = 7,
				.capacity = cases[i].capacity,
				.headroom = cases[i].headroom,
				.peak = cases[i].peak,
				.spare = cases[i].spare},
		};
		double needed = (double)cases[i].needed;

		near_to((double)cost_servers(&c), needed);
		near_to(cost_on_servers(&c).fixed, needed * 7);
	}
}

static void test_operations(void **state)
{
	struct cost_case c = hour_of(1);
	struct cost_bill b;

	c.fleet.ops_hours = 4;
	c.fleet.ops_rate = 50;
	b = cost_on_servers(&c);
	near_to(b.operations, 200);
	near_to(b.total, 210);
}

static void test_carried(void **state)
{
	struct cost_fleet f = {.peak = 2, .headroom = 0.5, .spare = 1};

	assert_true(isinf(cost_carried(&f, 1)));
	f.capacity = 40;
	near_to(cost_carried(&f, 0), 0);
	near_to(cost_carried(&f, 1), 0);
	near_to(cost_carried(&f, 3), 20);
}

/* ---- break-even ---- */

static void test_even_flat(void **state)
{
	struct cost_case c = hour_of(0);
	struct cost_break_even b = cost_break_even(&c, &FLAT);

	/* 10 are 10 million calls in an hour. */
	near_to(b.first, 1e7 / 3600);
	near_to(b.for_good, 1e7 / 3600);
	near_to(b.reach, COST_MAX_RATE);
	c.fleet.price = 0;
	b = cost_break_even(&c, &FLAT);
	assert_true(b.first == 0 && b.for_good == 0);
	c.fleet.price = 1e12;
	assert_true(isinf(cost_break_even(&c, &FLAT).first));
	c = hour_of(0);
	c.load.hours = 0; /* nothing is ever called */
	assert_true(isinf(cost_break_even(&c, &FLAT).first));
	/* The price stops rising at 30: never beyond. */
	c = hour_of(0);
	c.load.ms = c.load.mb = 0;
	c.fleet.price = 1e9;
	assert_false(isinf(cost_break_even(&c, &TIERS).first)); /* GB-seconds go on */
}

/* Servers for 10 calls/s at 10 each; the offer takes @slope for each call/s. */
static struct cost_break_even stairs(double slope)
{
	struct cost_case c = hour_of(0);
	struct cost_offer o = {&prices->providers[0], slope / 0.0036};

	c.fleet.capacity = 10;
	return cost_break_even(&c, &o);
}

static void test_even_stairs(void **state)
{
	struct cost_break_even b = stairs(1.6);

	near_to(b.first, 6.25);    /* one server */
	near_to(b.for_good, 12.5); /* the second is paid for from 12.5 on; the third at once */
	assert_true(b.reach > 1000 && !isinf(b.reach));
	b = stairs(0.8); /* a server costs more than what it carries */
	assert_true(isinf(b.first) && isinf(b.for_good));
	b = stairs(2.5);
	near_to(b.first, 4);
	near_to(b.for_good, 4);
}

/* The bill and the point of balance agree, whatever the numbers. */
static void test_even_agrees(void **state)
{
	for (double ms = 1; ms < 100000; ms *= 7)
		for (double kb = 0.1; kb < 100000; kb *= 13) {
			struct cost_offer o = {&builtin->providers[0], 11};
			struct cost_case c = {
				.load = {.hours = 730, .ms = ms, .mb = 512, .kb = kb},
				.fleet = {.count = 3, .price = 450, .peak = 2},
				.free_tier = true,
			};
			double at = cost_break_even(&c, &o).first;

			c.load.rate = at;
			near_to(cost_by_use(&c, &o).total, cost_on_servers(&c).total);
		}
}

/* ---- the plot ---- */

static void test_curves(void **state)
{
	struct cost_offer offers[] = {{&prices->providers[0], 1.6 / 0.0036}, TIERS};
	struct cost_case c = hour_of(0);
	struct cost_curves v;
	const struct chart_point *p;

	c.fleet.capacity = 10;
	c.load.rate = 2500;
	c.load.ms = 60001; /* too long for the one with tiers */
	cost_curves_make(&c, offers, 2, 20, &v);
	assert_int_equal(v.n_lines, 2);
	assert_string_equal(v.lines[1].name, "Flat");
	/* Stairs at 10, 20, 30 calls/s, as high as a server costs, however few the samples. */
	p = v.lines[0].points;
	near_to(p[0].y, 10);
	for (size_t i = 1; i <= 40; i++) {
		near_to(p[2 * i - 1].x, 10. * (double)i);
		near_to(p[2 * i - 1].y, 10. * (double)i);
		near_to(p[2 * i].x, 10. * (double)i);
		near_to(p[2 * i].y, 10. * (double)(i + 1));
	}
	for (size_t i = 1; i < v.lines[0].n; i++)
		assert_true(p[i].x >= p[i - 1].x && p[i].y >= p[i - 1].y);
	near_to(p[v.lines[0].n - 1].x, v.x_max);
	assert_int_equal(v.n_marks, 2);
	assert_string_equal(v.marks[0].text, "even with Flat at 6.25/s");
	assert_int_equal(v.marks[0].line, 2);
	assert_string_equal(v.marks[1].text, "load: 2500/s");
	assert_int_equal(v.marks[1].line, 0);
	cost_curves_done(&v);

	c.fleet.capacity = 0; /* not known: flat, from end to end */
	cost_curves_make(&c, offers, 1, 2, &v);
	p = v.lines[0].points;
	assert_true(p[0].y == 10 && p[v.lines[0].n - 1].y == 10);
	near_to(p[0].x, v.x_min);
	near_to(p[v.lines[0].n - 1].x, v.x_max);
	cost_curves_done(&v);
}

/* ---- corners ---- */

static void test_huge(void **state)
{
	struct cost_offer offers[] = {FLAT, {&builtin->providers[0], 1e9}};
	struct cost_case c = {
		.load = {.rate = COST_MAX_RATE,
			.hours = COST_MAX_HOURS,
			.ms = 900000,
			.mb = 10240,
			.kb = 1048576},
		.fleet = {.count = 1000000,
			.price = 1e9,
			.capacity = 0.001,
			.headroom = 0.99,
			.peak = 1000,
			.spare = 1000,
			.ops_hours = 1e5,
			.ops_rate = 1e9},
		.front = true,
	};
	struct cost_swing swings[N_KNOBS];
	size_t n = cost_swings(&c, offers, 2, swings);

	assert_true(isfinite(cost_by_use(&c, &offers[0]).total));
	assert_true(isfinite(cost_by_use(&c, &offers[1]).total));
	assert_true(isfinite(cost_on_servers(&c).total));
	assert_true(cost_servers(&c) > c.fleet.count);
	for (size_t i = 0; i < n; i++)
		assert_true(swings[i].swing >= 1);
}

static void test_swings(void **state)
{
	struct cost_case c = hour_of(1e6);
	struct cost_swing s[N_KNOBS];
	size_t n;

	c.load.kb = 100; /* the flat offer takes nothing for it */
	n = cost_swings(&c, &FLAT, 1, s);
	near_to(cost_ratio(&c, &FLAT, 1), 0.1);
	assert_int_equal(n, 5); /* no operations, capacity, peak, exchange */
	assert_int_equal(s[0].knob, KNOB_RATE);
	near_to(s[0].half, 0.05);
	near_to(s[0].twice, 0.2);
	near_to(s[0].swing, 4);
	assert_int_equal(s[1].knob, KNOB_PRICE);
	near_to(s[1].half, 0.2);
	near_to(s[4].swing, 1);
	c.load.rate = 0;
	n = cost_swings(&c, &FLAT, 1, s);
	for (size_t i = 0; i < n; i++)
		near_to(s[i].swing, 1); /* nothing moves a ratio of 0 */
	c = hour_of(1e6);
	c.fleet.capacity = 1e6;
	c.fleet.ops_hours = 1;
	c.fleet.ops_rate = 10;
	n = cost_swings(&c, &(struct cost_offer){&prices->providers[0], 2}, 1, s);
	assert_int_equal(n, 8); /* all but the size of answers, which is 0 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tiers),
		cmocka_unit_test(test_given_away),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_last_bit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_front),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_carried),
		cmocka_unit_test(test_even_flat),
		cmocka_unit_test(test_even_stairs),
		cmocka_unit_test(test_even_agrees),
		cmocka_unit_test(test_curves),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_swings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cost", tests, load, unload);
}
