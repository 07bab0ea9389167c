/* When rounds agree, how far a ramp was kept up with, and a request as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "probe/load/request.h"
#include "probe/load/rounds.h"

static void test_agree(void **state)
{
	static const double values[] = {10, 200, 100, 101, 104};

	assert_false(load_agree(values, 2, 3, 0.05));
	assert_false(load_agree(values, 3, 3, 0.05));
	assert_false(load_agree(values, 4, 3, 0.05));
	assert_true(load_agree(values, 5, 3, 0.05)); /* what was before does not count */
	assert_false(load_agree(values, 5, 3, 0.03));
	assert_false(load_agree(values, 5, 0, 0.03));
}

static void test_kept_up(void **state)
{
	struct load_step steps[] = {
		{.rate = 10, .kept_up = true},
		{.rate = 20, .kept_up = true},
		{.rate = 30},
		{.rate = 40, .kept_up = true},
	};
	struct load_result r = {.steps = steps, .n_steps = 4};

	assert_true(load_kept_up_to(&r) == 20);
	steps[0].kept_up = false;
	assert_true(load_kept_up_to(&r) == 0);
	r.n_steps = 0;
	assert_true(load_kept_up_to(&r) == 0);
}

static int parse(struct request *r, const char *text, size_t len)
{
	memset(r, 0, sizeof(*r));
	buf_add(&r->text, text, len);
	return request_parse(r, NULL);
}

static void test_request(void **state)
{
	static const char whole[] = "POST http://a/b\nX-A: b c\r\nX-D:\n\nbody\n\0more";
	struct request r;

	assert_int_equal(parse(&r, whole, sizeof(whole) - 1), 0);
	assert_string_equal(r.rq.method, "POST");
	assert_string_equal(r.url, "http://a/b");
	assert_int_equal(r.rq.n_headers, 2);
	assert_string_equal(r.rq.headers[0], "X-A: b c");
	assert_string_equal(r.rq.headers[1], "X-D:");
	assert_int_equal(r.rq.body_len, 10);
	assert_memory_equal(r.rq.body, "body\n\0more", 10);
	request_done(&r);

	assert_int_equal(parse(&r, "GET http://a", 12), 0);
	assert_string_equal(r.url, "http://a");
	assert_int_equal(r.rq.n_headers, 0);
	assert_null(r.rq.body);
	request_done(&r);
}

static void test_bad_request(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {{"", 0}, {"\n", 1}, {"GET\n", 4}, {" http://a", 9}, {"GE\0T a", 6},
		{"GET a\nX: \0y\n", 12}};
	struct request r;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(&r, bad[i].text, bad[i].len), -EINVAL);
		request_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_kept_up),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_bad_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
