/* The fake link: other tests stand on it, so it must fail exactly when told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/node/link_fake.h"

static const struct link_fake_answer answers[] = {
	{.match = "hello", .out = "world\n", .err = "warning", .status = 3},
	{.match = "fallback"},
};

/* Input in two pieces with a promise between them. */
struct source {
	int step;
	bool abort;
};

static enum link_input input(void *arg, const char **data, size_t *len, struct err *err)
{
	struct source *s = arg;

	switch (s->step++) {
	case 0:
		*data = "ab";
		*len = 2;
		return LINK_INPUT_DATA;
	case 1: return LINK_INPUT_WAIT;
	case 2:
		*data = "\0c";
		*len = 2;
		return LINK_INPUT_DATA;
	}
	if (!s->abort)
		return LINK_INPUT_EOF;
	err_set(err, ERR_PROMISE, "the leader failed");
	return LINK_INPUT_ABORT;
}

static int run(struct link *l, const char *script, struct link_result *res, struct err *err)
{
	const struct link_exec e = {.script = script};

	link_result_done(res);
	*res = (struct link_result){0};
	return link_exec(l, &e, res, err);
}

static void test_answers(void **state)
{
	struct link_fake f = {.answers = answers, .n_answers = ARRAY_SIZE(answers)};
	_cleanup_(link_freep) struct link *l = link_fake_open(&f, NULL);
	_cleanup_(link_result_done) struct link_result res = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	struct source source = {0};
	const struct link_exec e = {.script = "say hello", .input = input, .arg = &source};

	assert_int_equal(link_exec(l, &e, &res, &err), 0);
	assert_string_equal(buf_str(&res.out), "world\n");
	assert_string_equal(buf_str(&res.err), "warning");
	assert_int_equal(res.status, 3);
	assert_int_equal(f.n_ops, 1);
	assert_string_equal(f.ops[0].script, "say hello");
	assert_int_equal(f.ops[0].input.len, 4);
	assert_memory_equal(f.ops[0].input.data, "ab\0c", 4);

	assert_int_equal(run(l, "fallback", &res, &err), 0);
	assert_int_equal(res.status, 0);
	assert_int_equal(run(l, "unheard of", &res, &err), -EINVAL);
	assert_int_equal(f.n_ops, 3);
	link_fake_done(&f);
}

static void test_abort_and_cancel(void **state)
{
	struct link_fake f = {.answers = answers, .n_answers = ARRAY_SIZE(answers)};
	_cleanup_(link_freep) struct link *l = link_fake_open(&f, NULL);
	_cleanup_(link_result_done) struct link_result res = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	struct source source = {.abort = true};
	const bool cancelled = true;
	struct link_exec e = {.script = "hello", .input = input, .arg = &source};

	assert_int_equal(link_exec(l, &e, &res, &err), ERR_PROMISE);
	assert_string_equal(err_msg(&err), "the leader failed");
	assert_int_equal(res.status, -1);
	e.cancel = &cancelled;
	assert_int_equal(link_exec(l, &e, &res, &err), ERR_INTR);
	link_fake_done(&f);
}

/* A node with a state: counts its commands. */
static int count(void *arg, const char *script, const struct buf *input, struct link_result *ret,
	struct err *err)
{
	buf_addf(&ret->out, "%d", ++*(int *)arg);
	ret->status = 0;
	return 1;
}

static void test_failures(void **state)
{
	for (int lost = 0; lost < 2; lost++) {
		int counter = 0;
		struct link_fake f = {.handle = count,
			.arg = &counter,
			.fail_at = 2,
			.failure = lost ? LINK_FAKE_LOST : LINK_FAKE_REFUSED};
		_cleanup_(link_freep) struct link *l = link_fake_open(&f, NULL);
		_cleanup_(link_freep) struct link *again = NULL;
		_cleanup_(link_result_done) struct link_result res = {0};
		_cleanup_err_ struct err err = ERR_INIT;

		assert_int_equal(run(l, "one", &res, &err), 0);
		assert_string_equal(buf_str(&res.out), "1");
		assert_int_equal(run(l, "two", &res, &err), -ECONNRESET);
		assert_int_equal(res.status, -1);
		assert_string_equal(buf_str(&res.out), "");
		assert_int_equal(counter, lost ? 2 : 1);
		/* A dead link stays dead; a new one works. */
		assert_int_equal(run(l, "three", &res, &err), -ECONNRESET);
		assert_int_equal(counter, lost ? 2 : 1);
		again = link_fake_open(&f, NULL);
		assert_int_equal(run(again, "three", &res, &err), 0);
		assert_string_equal(buf_str(&res.out), lost ? "3" : "2");
		link_fake_done(&f);
	}
}

static int gather(void *arg, const char *data, size_t len, struct err *err)
{
	struct buf *b = arg;

	buf_add(b, data, len);
	buf_addc(b, '|');
	return b->len > 8 ? err_set(err, -EFBIG, "enough") : 0;
}

static void test_output(void **state)
{
	struct link_fake f = {.answers = answers, .n_answers = ARRAY_SIZE(answers), .chunk = 4};
	_cleanup_(link_freep) struct link *l = link_fake_open(&f, NULL);
	_cleanup_(link_result_done) struct link_result res = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct link_exec e = {.script = "hello", .output = gather, .arg = &got};

	assert_int_equal(link_exec(l, &e, &res, &err), 0);
	assert_string_equal(buf_str(&got), "worl|d\n|");
	assert_int_equal(res.out.len, 0);
	assert_int_equal(link_exec(l, &e, &res, &err), -EFBIG);
	link_fake_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_abort_and_cancel),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_output),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
