/* Which containers belong to a function, and what they use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/gateway/usage.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define TASK(state, id)                                                                     \
	"{\"ServiceID\":\"s1\",\"DesiredState\":\"running\",\"Status\":{\"State\":\"" state \
	"\",\"ContainerStatus\":{\"ContainerID\":\"" id "\"}}}"

static struct model *model_of(const char *tasks)
{
	static const char services[] =
		"[{\"ID\":\"s1\",\"Spec\":{\"Labels\":{\"com.openfaas.function\":\"busy\"},"
		"\"Mode\":{\"Replicated\":{\"Replicas\":2}}}}]";
	_cleanup_json_ json_t *s = NULL, *t = NULL;
	struct model *m = NULL;

	assert_int_equal(json_parse(services, strlen(services), 65536, &s, NULL), 0);
	assert_int_equal(json_parse(tasks, strlen(tasks), 65536, &t, NULL), 0);
	assert_int_equal(model_build(s, t, "svarm", &m, NULL), 0);
	return m;
}

static void containers(void **state)
{
	_cleanup_(model_unrefp) struct model *m = model_of(
		"[" TASK("running", ID_A) "," TASK("running", ID_B) "," TASK("starting",
			ID_A) "," TASK("running", "../../etc") "," TASK("running", "") "]");
	const struct function *f = model_find(m, "busy");

	assert_int_equal(f->containers_n, 2);
	assert_string_equal(f->containers[0], ID_A);
	assert_string_equal(f->containers[1], ID_B);
	assert_int_equal(f->running, 4);
	assert_int_equal(f->addresses_n, 0);
}

/* A hash as hiredis gives it: names and values in turn, ended by NULL. */
struct report {
	redisReply hash;
	redisReply words[16], *pointers[16];
};

static redisReply *report_of(struct report *r, const char *const *words)
{
	*r = (struct report){.hash = {.type = REDIS_REPLY_ARRAY}};
	for (; words[r->hash.elements]; r->hash.elements++) {
		size_t i = r->hash.elements;

		r->words[i] = (redisReply){.type = REDIS_REPLY_STRING,
			.str = (char *)words[i],
			.len = strlen(words[i])};
		r->pointers[i] = &r->words[i];
	}
	r->hash.element = r->pointers;
	return &r->hash;
}

static void take(struct usage *u, const char *const *one, const char *const *other)
{
	struct report a, b;

	usage_begin(u);
	usage_add(u, report_of(&a, one));
	if (other)
		usage_add(u, report_of(&b, other));
	usage_end(u);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void use(void **state)
{
	_cleanup_(model_unrefp) struct model *m = model_of(
		"[" TASK("running", ID_A) "," TASK("running", ID_B) "]");
	struct usage *u = usage_new();
	uint64_t bytes = 7;
	double cpu = 7;

	assert_false(usage_get(u, m, "busy", &cpu, &bytes));
	take(u, WORDS("at", "1000", ID_A, "5000000000 100"), WORDS("at", "90000", ID_B, "77 50"));
	assert_false(usage_get(u, m, "busy", &cpu, &bytes)); /* one report has no rate */
	assert_int_equal(bytes, 7);
	take(u, WORDS("at", "3000", ID_A, "6000000000 200"),
		WORDS("at", "92000", ID_B, "500000077 60"));
	assert_true(usage_get(u, m, "busy", &cpu, &bytes));
	assert_true(cpu == 0.75);
	assert_int_equal(bytes, 260);
	/* The same report once more, and one node that fell silent. */
	take(u, WORDS(ID_A, "6000000000 200", "at", "3000"), NULL);
	assert_true(usage_get(u, m, "busy", &cpu, &bytes));
	assert_true(cpu == 0.5);
	assert_int_equal(bytes, 200);
	assert_false(usage_get(u, m, "nobody", &cpu, &bytes));
	/* The node was booted: its clock and counters began again. */
	take(u, WORDS("at", "10", ID_A, "7 8"), NULL);
	assert_false(usage_get(u, m, "busy", &cpu, &bytes));
	usage_free(u);
}

static void hostile_reports(void **state)
{
	static const char *const values[] = {"", "1", "1 ", " 1 2", "1 2 3", "-1 2", "1 2x",
		"99999999999999999999 1", "1  2", "\xff 1"};
	_cleanup_(model_unrefp) struct model *m = model_of("[" TASK("running", ID_A) "]");
	struct usage *u = usage_new();
	uint64_t bytes;
	double cpu;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		take(u, WORDS("at", "1000", ID_A, values[i]), NULL);
		take(u, WORDS("at", "2000", ID_A, values[i]), NULL);
		assert_false(usage_get(u, m, "busy", &cpu, &bytes));
	}
	take(u, WORDS("at", "1x", ID_A, "1 2"), WORDS("short", "1 2", "at"));
	take(u, WORDS("at", "2x", ID_A, "1 2"), NULL);
	assert_false(usage_get(u, m, "busy", &cpu, &bytes));
	usage_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers),
		cmocka_unit_test(use),
		cmocka_unit_test(hostile_reports),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
