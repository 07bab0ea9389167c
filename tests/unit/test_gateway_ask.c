/* The gateway by way of the leader: what is asked, and how answers of every kind are read, in
 * pieces of every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/gateway.h"
#include "lib/base/xalloc.h"
#include "lib/node/link_fake.h"

static const struct spec_node leader = {.name = "n1", .private = "10.0.0.1"};

struct asked {
	int r;
	struct gateway_answer a;
	struct err err;
	char *input; /* owned */
};

static void asked_done(struct asked *x)
{
	gateway_answer_done(&x->a);
	err_done(&x->err);
	free(x->input);
}
#define _asked_ _cleanup_(asked_done) struct asked

/* Ask, the leader answering @out in pieces of @chunk with exit @status and @complaint. */
static void ask(struct asked *x, const struct gateway_request *rq, const char *out, int status,
	const char *complaint, size_t chunk)
{
	const struct link_fake_answer answer = {NULL, out, complaint, status};
	_cleanup_(link_fake_done) struct link_fake f = {
		.answers = &answer, .n_answers = 1, .impatient = true, .chunk = chunk};
	const struct cli cli = {0};
	struct gateway g = {.cli = &cli, .link = link_fake_open(&f, &leader), .leader = &leader};

	*x = (struct asked){0};
	x->r = gateway_ask(&g, rq, NULL, NULL, &x->a, &x->err);
	assert_int_equal(f.n_ops, 1);
	x->input = xstrdup(buf_str(&f.ops[0].input));
	gateway_close(&g);
}

static const struct gateway_request get = {
	.method = "GET", .path = "/system/functions", .system = true};

static void test_question(void **state)
{
	static const char *const headers[] = {"X-A: b"};
	const struct gateway_request post = {.method = "POST",
		.path = "/function/f?x=1",
		.headers = headers,
		.n_headers = 1,
		.body = "body\n",
		.len = 5};
	static const char head[] = "POST /function/f?x=1 HTTP/1.0\r\nHost: n1\r\n"
				   "User-Agent: svarm\r\nContent-Length: 5\r\nX-A: b\r\n";
	_cleanup_free_ char *want = xasprintf(
		"http 10.0.0.1 8080 0 %zu 5\n%sbody\n", strlen(head), head);
	_asked_ x;
	_asked_ y;

	ask(&x, &post, "HTTP/1.1 200 OK\r\n\r\n", 0, NULL, 0);
	assert_int_equal(x.r, 0);
	assert_string_equal(x.input, want);
	ask(&y, &get, "HTTP/1.1 200 OK\r\n\r\n", 0, NULL, 0);
	assert_non_null(strstr(y.input, "http 10.0.0.1 8080 1 "));
	assert_null(strstr(y.input, "Content-Length"));
}

static void test_answer(void **state)
{
	static const char text[] = "HTTP/1.1 404 Not Found\r\nX-Call-Id: a b\r\n"
				   "content-length:  6\r\n\r\na\r\n\r\nb";

	for (size_t chunk = 1; chunk <= sizeof(text); chunk++) {
		const char *value;
		size_t len = 0;
		_asked_ x;

		ask(&x, &get, text, 0, NULL, chunk);
		assert_int_equal(x.r, 0);
		assert_int_equal(x.a.status, 404);
		assert_int_equal(x.a.length, 6);
		assert_int_equal(x.a.got, 6);
		assert_string_equal(buf_str(&x.a.body), "a\r\n\r\nb");
		value = gateway_header(&x.a, "x-call-id", &len);
		assert_int_equal(len, 3);
		assert_memory_equal(value, "a b", 3);
		assert_null(gateway_header(&x.a, "X-Call", &len));
		assert_null(gateway_header(&x.a, "HTTP/1.1 404 Not Found", &len));
	}
}

/* Answers that are none. */
static void test_refused_answers(void **state)
{
	static const struct {
		const char *out;
		int status;
		const char *complaint, *message;
	} cases[] = {
		{"", 0, NULL, "hung up without an answer"},
		{"HTTP/1.1 200 OK\r\nX: y\r\n", 0, NULL, "hung up without an answer"},
		{"SSH-2.0-x\r\n\r\n", 0, NULL, "is not HTTP"},
		{"HTTP/1.1 2000 OK\r\n\r\n", 0, NULL, "is not HTTP"},
		{"HTTP/2 200\r\n\r\n", 0, NULL, "is not HTTP"},
		{"HTTP/1.1 -20\r\n\r\n", 0, NULL, "is not HTTP"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234", 0, NULL,
			"came short: 4 of 5 bytes"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, NULL,
			"unexpected form"},
		{"", 3, "the gateway does not answer on 10.0.0.1:8080\x1b[31m\n",
			"n1: the gateway does not answer on 10.0.0.1:8080\\x1b[31m"},
		{"", 3, "", "could not be asked"},
		{"", 127, NULL, "could not be asked"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_asked_ x;

		ask(&x, &get, cases[i].out, cases[i].status, cases[i].complaint, 7);
		assert_int_equal(x.r, ERR_REMOTE);
		assert_non_null(strstr(err_msg(&x.err), cases[i].message));
	}
}

static void test_endless_head(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_asked_ x;

	buf_adds(&text, "HTTP/1.1 200 OK\r\n");
	while (text.len < 200000)
		buf_adds(&text, "X: 1234567890123456789012345678901234567890\r\n");
	ask(&x, &get, buf_str(&text), 0, NULL, 1000);
	assert_int_equal(x.r, ERR_REMOTE);
	assert_non_null(strstr(err_msg(&x.err), "has no end"));
	assert_true(x.a.head.len < 100000);
}

static int stop(
	void *arg, const struct gateway_answer *a, const char *data, size_t len, struct err *err)
{
	buf_add(arg, data, len);
	return a->got >= 4 ? err_set(err, -EPIPE, "enough") : 0;
}

static void test_body_as_it_comes(void **state)
{
	const struct link_fake_answer answer = {NULL, "HTTP/1.0 200 OK\r\n\r\n123456789", NULL, 0};
	_cleanup_(link_fake_done) struct link_fake f = {
		.answers = &answer, .n_answers = 1, .impatient = true, .chunk = 2};
	_cleanup_(gateway_answer_done) struct gateway_answer a = {0};
	_cleanup_buf_ struct buf got = BUF_INIT;
	const struct cli cli = {0};
	struct gateway g = {.cli = &cli, .link = link_fake_open(&f, &leader), .leader = &leader};

	assert_int_equal(gateway_ask(&g, &get, stop, &got, &a, NULL), -EIO);
	assert_true(got.len == 4 || got.len == 5);
	assert_int_equal(a.body.len, 0);
	gateway_close(&g);
}

static void test_refusals(void **state)
{
	static const struct {
		int status;
		const char *body, *message;
	} cases[] = {
		{401, "invalid credentials", "does not take the password"},
		{404, "", "f: there is no such function"},
		{500, "all is\nlost\x1b[2J\n", "f: the gateway answers 500: all is\\nlost\\x1b[2J"},
		{503, "", "f: the gateway answers 503"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(gateway_answer_done) struct gateway_answer a = {
			.status = cases[i].status};
		_cleanup_err_ struct err err = ERR_INIT;

		buf_adds(&a.body, cases[i].body);
		assert_int_equal(gateway_refused(&a, "f", &err), ERR_REMOTE);
		assert_non_null(strstr(err_msg(&err), cases[i].message));
	}
}

static void test_queue(void **state)
{
	static const char *const words[] = {"replay", "--function", "f"};
	const struct link_fake_answer answer = {NULL, "{\"ok\":false}\n", "", 1};
	_cleanup_(link_fake_done) struct link_fake f = {
		.answers = &answer, .n_answers = 1, .impatient = true};
	_cleanup_buf_ struct buf out = BUF_INIT;
	const struct cli cli = {0};
	struct gateway g = {.cli = &cli, .link = link_fake_open(&f, &leader), .leader = &leader};

	assert_int_equal(gateway_queue(&g, words, 3, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "{\"ok\":false}\n");
	assert_string_equal(buf_str(&f.ops[0].input), "queue 3\nreplay\n--function\nf\n");
	gateway_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_refused_answers),
		cmocka_unit_test(test_endless_head),
		cmocka_unit_test(test_body_as_it_comes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_queue),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("asking the gateway", tests, NULL, NULL);
}
