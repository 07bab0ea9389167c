/* The command line parser: every way to write an option, and every way to get it wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/options.c"

struct values {
	bool json, dry;
	int level, parallel, watch;
	const char *events;
	struct option_list nodes;
};

#define AT(member) .offset = offsetof(struct values, member)

static const struct option table[] = {
	{0, "json", OPTION_FLAG, NULL, "answer in JSON", AT(json), .bit = 1},
	{'v', "verbose", OPTION_MORE, NULL, "more", AT(level), .bit = 1},
	{'q', "quiet", OPTION_LESS, NULL, "less", AT(level), .bit = 1},
	{'j', "parallel", OPTION_NUMBER, "N", "at once", AT(parallel), .min = 1, .max = 64,
		.bit = 1},
	{0, "watch", OPTION_NUMBER, "SECONDS", "again and again", AT(watch), .min = 1, .max = 60,
		.bit = 1, .alone = 10},
	{'e', "events", OPTION_STRING, "FILE", "events", AT(events), .bit = 1},
	{'n', "node", OPTION_LIST, "NAME", "only that", AT(nodes), .bit = 1},
	{0, "dry-run", OPTION_FLAG, NULL, "not for everybody", AT(dry), .bit = 2},
	{0},
};

enum { MAX_ARGS = 8 };

struct outcome {
	struct values v;
	char *argv[MAX_ARGS];
	int n_args;
	struct err err;
};

/* Parse the @words (NULL at the end of eight) by the rows with bit 1. */
static int parse(struct outcome *o, const char *const words[MAX_ARGS], bool stop)
{
	struct option_set set = {.options = table, .values = &o->v, .bits = 1};
	int argc = 0;

	for (; argc < MAX_ARGS && words[argc]; argc++)
		o->argv[argc] = (char *)words[argc];
	return options_parse(&set, 1, argc, o->argv, stop, &o->n_args, &o->err);
}

static void outcome_done(struct outcome *o)
{
	option_list_done(&o->v.nodes);
	err_done(&o->err);
}
#define _cleanup_outcome_ _cleanup_(outcome_done)

#define WORDS(...) ((const char *const[MAX_ARGS]){__VA_ARGS__})

/* A number that need not be given: the next word is none of its own. */
static void test_alone(void **state)
{
	_cleanup_outcome_ struct outcome o = {.err = ERR_INIT}, with = {.err = ERR_INIT},
					 bad = {.err = ERR_INIT};

	assert_int_equal(parse(&o, WORDS("--watch", "5"), false), 0);
	assert_int_equal(o.v.watch, 10);
	assert_int_equal(o.n_args, 1);
	assert_int_equal(parse(&with, WORDS("--watch=5", "file"), false), 0);
	assert_int_equal(with.v.watch, 5);
	assert_int_equal(parse(&bad, WORDS("--watch=0"), false), -EINVAL);
}

static void test_all_forms(void **state)
{
	_cleanup_outcome_ struct outcome o = {0};

	assert_int_equal(parse(&o,
				 WORDS("a", "--json", "-vvq", "--parallel=4", "-e", "x.json",
					 "-nfoo", "--node=bar"),
				 false),
		0);
	assert_true(o.v.json);
	assert_int_equal(o.v.level, 1);
	assert_int_equal(o.v.parallel, 4);
	assert_string_equal(o.v.events, "x.json");
	assert_int_equal(o.v.nodes.n, 2);
	assert_string_equal(o.v.nodes.items[0], "foo");
	assert_string_equal(o.v.nodes.items[1], "bar");
	assert_int_equal(o.n_args, 1);
	assert_string_equal(o.argv[0], "a");
}

static void test_arguments(void **state)
{
	_cleanup_outcome_ struct outcome o = {0};

	assert_int_equal(parse(&o, WORDS("a", "-", "--json", "b", "--", "--json", "-x"), false), 0);
	assert_int_equal(o.n_args, 5);
	assert_string_equal(o.argv[1], "-");
	assert_string_equal(o.argv[3], "--json");
	assert_string_equal(o.argv[4], "-x");
}

static void test_value_like_option(void **state)
{
	_cleanup_outcome_ struct outcome o = {0};

	assert_int_equal(parse(&o, WORDS("--events", "--json"), false), 0);
	assert_string_equal(o.v.events, "--json");
	assert_false(o.v.json);
}

static void test_stop(void **state)
{
	_cleanup_outcome_ struct outcome o = {0};

	assert_int_equal(parse(&o, WORDS("-v", "up", "--bogus"), true), 0);
	assert_int_equal(o.n_args, 1);
	assert_int_equal(o.v.level, 1);
}

static void test_stop_without_argument(void **state)
{
	_cleanup_outcome_ struct outcome o = {0};

	assert_int_equal(parse(&o, WORDS("-v", "--json"), true), 0);
	assert_int_equal(o.n_args, 2);
}

static void test_errors(void **state)
{
	static const struct {
		const char *words[MAX_ARGS];
		const char *expect;
	} cases[] = {
		{{"--jsno"}, "unknown option '--jsno'; did you mean '--json'?"},
		{{"--jsno=1"}, "unknown option '--jsno'; did you mean '--json'?"},
		{{"--zebra"}, "unknown option '--zebra'"},
		{{"--dry-run"}, "unknown option '--dry-run'"}, /* another command's */
		{{"--js"}, "unknown option '--js'"},           /* no abbreviations */
		{{"-x"}, "unknown option '-x'"},
		{{"-vx"}, "unknown option '-x'"},
		{{"-json"}, "unknown option '-json'; did you mean '--json'?"},
		{{"-node=a"}, "unknown option '-node=a'; did you mean '--node'?"},
		{{"--json=yes"}, "option '--json' takes no value"},
		{{"--events"}, "option '--events' needs a value: --events FILE"},
		{{"--events="}, "option '--events' has an empty value"},
		{{"-e"}, "option '-e' needs a value: -e FILE"},
		{{"-j", "0"}, "option '--parallel' wants a number from 1 to 64, not '0'"},
		{{"-j65"}, "option '--parallel' wants a number from 1 to 64, not '65'"},
		{{"-j", "4x"}, "option '--parallel' wants a number from 1 to 64, not '4x'"},
		{{"-j", "99999999999999999999"},
			"option '--parallel' wants a number from 1 to 64, not "
			"'99999999999999999999'"},
		{{"--a\033[31m"}, "unknown option '--a\\x1b[31m'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_outcome_ struct outcome o = {0};
		int r = parse(&o, cases[i].words, false);

		assert_string_equal(err_msg(&o.err), cases[i].expect);
		assert_int_equal(r, -EINVAL);
	}
}

static void test_help(void **state)
{
	struct option_set set = {.options = table, .bits = 1};
	_cleanup_buf_ struct buf out = BUF_INIT;

	options_help(&set, &out);
	assert_string_equal(out.data, "      --json                answer in JSON\n"
				      "  -v, --verbose             more\n"
				      "  -q, --quiet               less\n"
				      "  -j, --parallel N          at once\n"
				      "      --watch[=SECONDS]     again and again\n"
				      "  -e, --events FILE         events\n"
				      "  -n, --node NAME           only that\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_all_forms),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_value_like_option),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_without_argument),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_help),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
