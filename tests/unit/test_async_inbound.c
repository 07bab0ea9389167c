/* Callbacks as they come in: path, function's status, body, and where one ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/buf.h"
#include "probe/async/inbound.h"

struct sample {
	const char *text;
	enum inbound_state state;
	const char *path;
	int status;
	const char *body;
	bool keep;
	size_t rest; /* bytes left over */
};

static const struct sample samples[] = {
	{"POST /a/1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", INBOUND_DONE, "/a/1", 0, "hi", true,
		0},
	{"POST /a HTTP/1.1\r\nHost: x\r\nx-function-status:  503\r\nContent-Length: 0\r\n\r\nPOST",
		INBOUND_DONE, "/a", 503, "", true, 4},
	{"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", INBOUND_DONE, "/", 0,
		"x", false, 0},
	{"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
		INBOUND_DONE, "/c", 0, "abc", true, 0},
	{"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_DONE, "/none", 0, "", true, 0},
	{"POST /a HTTP/1.1\r\nX-Function-Status: many\r\nContent-Length: 0\r\n\r\n", INBOUND_DONE,
		"/a", 0, "", true, 0},
	{"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhi", INBOUND_MORE, "/a", 0, "hi", true, 0},
	{"POST /a HTT", INBOUND_MORE, NULL, 0, "", true, 0},
	{"nonsense\r\n", INBOUND_BROKEN, NULL, 0, "", true, 0},
	{"POST x HTTP/1.1\r\n", INBOUND_BROKEN, NULL, 0, "", true, 0},
	{" /x HTTP/1.1\r\n", INBOUND_BROKEN, NULL, 0, "", true, 0},
	{"POST /x SPDY\r\n", INBOUND_BROKEN, NULL, 0, "", true, 0},
	{"POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\n", INBOUND_BROKEN, "/a", 0, "", true, 2},
	{"POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", INBOUND_BROKEN, "/a", 0, "", true,
		0},
};

static void feed(struct inbound *in, const char *text, size_t len, size_t piece, size_t *ret_used)
{
	size_t at = 0;

	inbound_begin(in);
	while (at < len && in->state == INBOUND_MORE)
		at += inbound_feed(in, text + at, MIN_OF(piece, len - at));
	*ret_used = at;
}

static void each_sample(void **state)
{
	static const size_t pieces[] = {1, 3, 10000};
	struct inbound in;
	size_t used;

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];

		for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
			feed(&in, s->text, strlen(s->text), pieces[k], &used);
			assert_int_equal(in.state, s->state);
			if (s->path)
				assert_string_equal(in.path, s->path);
			assert_int_equal(in.function_status, s->status);
			assert_int_equal(in.body_len, strlen(s->body));
			assert_memory_equal(in.body, s->body, strlen(s->body));
			if (s->state == INBOUND_DONE)
				assert_int_equal(inbound_keep(&in), s->keep);
			assert_int_equal(strlen(s->text) - used, s->rest);
		}
	}
}

static void long_ones(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct inbound in;
	size_t used;

	buf_adds(&text, "POST /");
	for (int i = 0; i < 200; i++)
		buf_addc(&text, 'p');
	buf_adds(&text, " HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, 'b');
	feed(&in, text.data, text.len, 777, &used);
	assert_int_equal(in.state, INBOUND_BROKEN); /* none of our paths is as long as that */
	buf_clear(&text);
	buf_adds(&text, "POST /p HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, 'b');
	feed(&in, text.data, text.len, 777, &used);
	assert_int_equal(in.state, INBOUND_DONE);
	assert_int_equal(in.body_len, 100000);
	buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, 'x');
	feed(&in, text.data, text.len, 777, &used);
	assert_int_equal(in.state, INBOUND_BROKEN);
	assert_true(used < 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample),
		cmocka_unit_test(long_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
