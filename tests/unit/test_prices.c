/* Price lists: what is compiled in, what is refused, and where a mistake is said to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "probe/prices.h"

static const char good[] =
	"providers:\n"
	"  - name: acme\n"
	"    title: Acme Calls\n"
	"    currency: EUR\n"
	"    duration: {step_ms: 10, min_ms: 20, max_ms: 1000}\n"
	"    memory: {step_mb: 64, max_mb: 512}\n"
	"    prices:\n"
	"      - {meter: egress_gb, above: 100, price: 0.01, date: 2026-01, source: page}\n"
	"      - {meter: egress_gb, price: 0.02, free: 5, date: 2026-01-31, source: page}\n"
	"      - {meter: requests, price: 0.5, per: 1000000, date: 2026, source: page}\n"
	"      - {meter: gb_seconds, price: 0.00001, date: 2026, source: page}\n";

static struct prices *parse(const char *text)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct prices *p = NULL;

	if (prices_parse("p.yaml", text, strlen(text), &p, &err) < 0)
		fail_msg("%s", err_msg(&err));
	return p;
}

static void test_good(void **state)
{
	_cleanup_(prices_freep) struct prices *p = parse(good);
	const struct price_provider *a = &p->providers[0];

	assert_int_equal(p->n_providers, 1);
	assert_string_equal(a->name, "acme");
	assert_string_equal(a->currency, "EUR");
	assert_null(a->front);
	assert_true(a->step_ms == 10 && a->min_ms == 20 && a->max_ms == 1000);
	assert_true(a->step_mb == 64 && a->min_mb == 0 && a->max_mb == 512);
	/* By meter, then by where they begin, whatever the order in the file. */
	assert_int_equal(a->n_rows, 4);
	assert_int_equal(a->rows[0].meter, METER_REQUESTS);
	assert_true(a->rows[0].per == 1e6 && a->rows[0].above == 0);
	assert_int_equal(a->rows[1].meter, METER_GB_SECONDS);
	assert_true(a->rows[2].free == 5 && a->rows[2].price == 0.02);
	assert_true(a->rows[3].above == 100);
	assert_string_equal(a->rows[2].date, "2026-01-31");
	assert_int_equal(a->rows[3].line, 8);
	assert_null(p->servers.currency);
	assert_int_equal(p->n_rates, 0);
}

/* The list that is compiled in: each row dated and with a source, and the prices we are sure of. */
static void test_builtin(void **state)
{
	_cleanup_(prices_freep) struct prices *p = NULL;
	_cleanup_err_ struct err err = ERR_INIT;

	assert_int_equal(prices_load(NULL, &p, &err), 0);
	assert_int_equal(p->n_providers, 2);
	assert_string_equal(p->providers[0].name, "lambda");
	assert_true(p->providers[0].rows[0].price == 0.20 && p->providers[0].rows[0].per == 1e6);
	assert_true(p->providers[0].rows[1].price == 0.0000166667);
	assert_string_equal(p->providers[1].name, "azure");
	assert_true(p->providers[1].min_ms == 100 && p->providers[1].step_mb == 128);
	assert_true(p->servers.example);
	assert_int_equal(p->n_rates, 0); /* no hidden rate of exchange */
}

static void test_json_is_yaml(void **state)
{
	static const char text[] =
		"{\"providers\": [{\"name\": \"a\", \"title\": \"A \\u00e9\", \"currency\": "
		"\"USD\",\n"
		" \"prices\": [{\"meter\": \"requests\", \"price\": 1, \"date\": \"2026\", "
		"\"source\": \"s\"},\n"
		"  {\"meter\": \"gb_seconds\", \"price\": 2, \"date\": \"2026\", \"source\": "
		"\"s\"}]}],\n"
		" \"rates\": [{\"of\": \"EUR\", \"in\": \"NOK\", \"rate\": 11.6, \"date\": "
		"\"2026-01-02\", \"source\": \"bank\"}]}\n";
	_cleanup_(prices_freep) struct prices *p = parse(text);

	assert_string_equal(p->providers[0].title, "A é");
	assert_true(p->rates[0].rate == 11.6);
}

/* ---- mistakes ---- */

struct mistake {
	const char *from, *to; /* `from` of the good list becomes `to` */
	const char *message;   /* must be in the error, with its place */
};

static const struct mistake mistakes[] = {
	{"meter: requests", "meter: reqests",
		"p.yaml:10:17: providers[0].prices[2].meter: "
		"'reqests' is not known; did you mean 'requests'?"},
	{"price: 0.5", "price: -1", "'-1' is not an amount"},
	{"price: 0.5", "price: free", "'free' is not an amount"},
	{"price: 0.5", "price: 1e-6", "'1e-6' is not an amount"},
	{"price: 0.5", "prise: 0.5", "unknown key 'prise'; did you mean 'price'?"},
	{"per: 1000000", "per: 0", "'0' is out of range"},
	{"date: 2026-01-31", "date: 2026-13-31", "'2026-13-31' is not a date"},
	{"date: 2026-01-31", "date: yesterday", "'yesterday' is not a date"},
	{", source: page}\n      - {meter: egress_gb, price", "}\n      - {meter: egress_gb, price",
		"p.yaml:8:9: providers[0].prices[0]: 'source' is missing"},
	{"currency: EUR", "currency: euro",
		"p.yaml:4:15: providers[0].currency: 'euro' is not a "
		"currency"},
	{"    currency: EUR\n", "", "'currency' is missing"},
	{"min_ms: 20", "min_ms: 2000", "a maximum is below its minimum"},
	{"meter: egress_gb, price", "meter: egress_gb, above: 100, price",
		"two prices of 'egress_gb' begin at the same amount: lines 8 and 9"},
	{"meter: egress_gb, price", "meter: egress_gb, above: 50, price",
		"the first price of 'egress_gb' (line 9) must begin at 0"},
	{"above: 100, price: 0.01,", "above: 100, free: 7, price: 0.01,",
		"line 8: only the first price of 'egress_gb' can have 'free'"},
	{"meter: requests", "meter: gb_seconds, above: 9",
		"p.yaml:8:7: providers[0].prices: no price of 'requests'"},
	{"meter: requests", "meter: front", "has a price of 'front', but 'front' does not say"},
	{"    prices:\n", "    front: {title: F}\n    prices:\n", "no price of 'front'"},
	{"    prices:\n", "    front: {step_kb: 1}\n    prices:\n", "'title' is missing"},
	{"providers:\n", "providers:\n  - {name: b, title: B, currency: USD, prices: []}\n",
		"no price of 'requests'"},
	{"  - name: acme", "  - &a\n    name: acme", "anchor"},
	{"providers:\n",
		"rates: [{of: EUR, in: EUR, rate: 1, date: 2026, source: s}]\nproviders:\n",
		"p.yaml:1:9: rates[0]: 'of' and 'in' are the same currency"},
	{"providers:\n",
		"rates: [{of: EUR, in: NOK, rate: 0, date: 2026, source: s}]\nproviders:\n",
		"a rate of 0"},
	{"providers:\n",
		"rates: [{of: EUR, in: NOK, rate: 1, date: 2026, source: s}, "
		"{of: EUR, in: NOK, rate: 2, date: 2026, source: s}]\nproviders:\n",
		"EUR in NOK is given twice; first in line 1"},
	{"providers:\n", "servers: {price: 1}\nproviders:\n",
		"'currency', 'date', 'source' are missing"},
};

static void test_mistakes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		const char *at = strstr(good, m->from);
		_cleanup_(prices_freep) struct prices *p = NULL;
		_cleanup_err_ struct err err = ERR_INIT;
		_cleanup_buf_ struct buf text = BUF_INIT;

		assert_non_null(at);
		buf_add(&text, good, (size_t)(at - good));
		buf_adds(&text, m->to);
		buf_adds(&text, at + strlen(m->from));
		assert_int_equal(prices_parse("p.yaml", text.data, text.len, &p, &err), ERR_SPEC);
		assert_null(p);
		if (!strstr(err_msg(&err), m->message))
			fail_msg("'%s' is not in: %s", m->message, err_msg(&err));
	}
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {"", "~", "[]", "x", "providers: []", "providers: {}",
		"providers: [1]", "providers: [[]]", "{", "\xff\xfe", "a: b: c", "providers: ~"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_err_ struct err err = ERR_INIT;
		struct prices *p = NULL;

		assert_int_equal(prices_parse("p", texts[i], strlen(texts[i]), &p, &err), ERR_SPEC);
		assert_null(p);
		assert_true(*err_msg(&err));
	}
}

static void test_files(void **state)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct prices *p = NULL;

	assert_int_equal(prices_load("/nonexistent/p.yaml", &p, &err), ERR_SPEC);
	assert_non_null(strstr(err_msg(&err), "/nonexistent/p.yaml"));
	err_done(&err);
	assert_int_equal(prices_load("/", &p, &err), ERR_SPEC);
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_json_is_yaml),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("prices", tests, NULL, NULL);
}
