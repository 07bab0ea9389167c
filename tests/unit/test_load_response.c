/* The load generator's parser of answers: what is whole, what is broken, what may be used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/buf.h"
#include "probe/load/response.h"

#define OK "HTTP/1.1 200 OK\r\n"

struct sample {
	const char *text;
	enum response_state state;
	int status;
	bool keep;
	uint64_t body;
	const char *rest; /* what must be left over */
};

static const struct sample samples[] = {
	/* whole */
	{OK "Content-Length: 5\r\n\r\nhello", RESPONSE_DONE, 200, true, 5, ""},
	{OK "content-length:5  \r\n\r\nhello", RESPONSE_DONE, 200, true, 5, ""},
	{OK "Content-Length: 0\r\n\r\n", RESPONSE_DONE, 200, true, 0, ""},
	{OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", RESPONSE_DONE, 200, true, 2, ""},
	{OK "Content-Length: 2\r\n\r\nhiHTTP", RESPONSE_DONE, 200, true, 2, "HTTP"},
	{"HTTP/1.1 200\nContent-Length: 1\n\nx", RESPONSE_DONE, 200, true, 1, ""},
	{"HTTP/1.1 204 No Content\r\n\r\n", RESPONSE_DONE, 204, true, 0, ""},
	{"HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n", RESPONSE_DONE, 304, true, 0, ""},
	{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE, 503, true, 0, ""},
	{"HTTP/1.1 100 Go on\r\nContent-Length: 7\r\n\r\n" OK "Content-Length: 1\r\n\r\n1",
		RESPONSE_DONE, 200, true, 1, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
		RESPONSE_DONE, 200, true, 13, ""},
	{OK "Transfer-Encoding: gzip, Chunked\r\n\r\n0\r\nTrailer: x\r\nAnother: y\r\n\r\n",
		RESPONSE_DONE, 200, true, 0, ""},
	/* the connection afterwards */
	{OK "Connection: close\r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE, 200, false, 0, ""},
	{OK "Connection: x, Close\r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE, 200, false, 0, ""},
	{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE, 200, false, 0, ""},
	{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE,
		200, true, 0, ""},
	{OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", RESPONSE_DONE, 200,
		false, 0, ""},
	/* not whole yet */
	{"", RESPONSE_STATUS, 0, false, 0, ""},
	{"HTTP/1.1 2", RESPONSE_STATUS, 0, false, 0, ""},
	{OK "Content-Length: 5\r\n", RESPONSE_HEADERS, 200, true, 0, ""},
	{OK "Content-Length: 10000000000\r\n\r\n0123", RESPONSE_SIZED, 200, true, 4, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n5\r\nab", RESPONSE_CHUNK, 200, true, 2, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", RESPONSE_TRAILERS, 200, true, 0, ""},
	{OK "\r\nuntil it hangs up", RESPONSE_UNTIL_CLOSE, 200, false, 17, ""},
	{OK "Transfer-Encoding: gzip\r\n\r\nxy", RESPONSE_UNTIL_CLOSE, 200, false, 2, ""},
	{OK "Transfer-Encoding: chunked, gzip\r\n\r\nx", RESPONSE_UNTIL_CLOSE, 200, false, 1, ""},
	/* broken */
	{"SSH-2.0-OpenSSH_9.2\r\n", RESPONSE_BROKEN, 0, false, 0, ""},
	{"\r\n", RESPONSE_BROKEN, 0, false, 0, ""},
	{"HTTP/2.0 200 OK\r\n", RESPONSE_BROKEN, 0, false, 0, ""},
	{"HTTP/1.1 2000 OK\r\n", RESPONSE_BROKEN, 0, false, 0, ""},
	{"HTTP/1.1 099 OK\r\n", RESPONSE_BROKEN, 99, true, 0, ""},
	{"HTTP/1.1 600 OK\r\n", RESPONSE_BROKEN, 600, true, 0, ""},
	{"HTTP/1.1 101 Switching\r\n", RESPONSE_BROKEN, 101, true, 0, ""},
	{OK "no colon\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK ": no name\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Name : blank\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK " Folded: line\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Content-Length: -1\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Content-Length: 0x10\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Content-Length:\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Content-Length: 18446744073709551616\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Content-Length: 1\r\nContent-Length: 2\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n1x\r\n", RESPONSE_BROKEN, 200, true, 0, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", RESPONSE_BROKEN, 200, true,
		0, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", RESPONSE_BROKEN, 200, true, 1, ""},
};

static void assert_sample(const struct sample *s, const struct response *r)
{
	if (r->state != s->state || r->status != s->status || r->body != s->body)
		fail_msg("state %d status %d body %llu of: %s", r->state, r->status,
			(unsigned long long)r->body, s->text);
	if (r->state != RESPONSE_BROKEN && r->keep != s->keep)
		fail_msg("keep %d of: %s", r->keep, s->text);
}

static void test_whole(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		size_t len = strlen(s->text), used;
		struct response r;

		response_begin(&r, false);
		used = response_feed(&r, s->text, len);
		assert_sample(s, &r);
		assert_string_equal(s->text + used, s->rest);
	}
}

/* The outcome does not depend on how it is cut: at every place once, and byte by byte. */
static void test_cut(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		size_t len = strlen(s->text);
		struct response r;

		for (size_t at = 0; at <= len; at++) {
			size_t used;

			response_begin(&r, false);
			used = response_feed(&r, s->text, at);
			if (used == at)
				response_feed(&r, s->text + at, len - at);
			assert_sample(s, &r);
		}
		response_begin(&r, false);
		for (size_t at = 0; at < len; at++)
			response_feed(&r, s->text + at, 1);
		assert_sample(s, &r);
	}
}

static void test_end(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct response r;

		response_begin(&r, false);
		response_feed(&r, s->text, strlen(s->text));
		assert_int_equal(response_end(&r),
			s->state == RESPONSE_UNTIL_CLOSE || s->state == RESPONSE_DONE);
		assert_int_equal(response_begun(&r), s->text[0] != '\0');
	}
}

static void test_head(void **state)
{
	static const char text[] = OK "Content-Length: 1000\r\n\r\n";
	struct response r;

	response_begin(&r, true);
	assert_int_equal(response_feed(&r, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(r.state, RESPONSE_DONE);
	assert_true(r.keep);
}

/* A header as long as @len, then the rest of a head; fed in pieces of @piece bytes. */
static enum response_state feed_long(const char *name, size_t len, size_t piece)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct response r;

	buf_addf(&text, OK "%s", name);
	while (text.len < len)
		buf_addc(&text, '1');
	buf_adds(&text, "\r\n\r\n");
	response_begin(&r, false);
	for (size_t at = 0; at < text.len && r.state < RESPONSE_DONE; at += piece)
		response_feed(&r, text.data + at, MIN_OF(piece, text.len - at));
	return r.state;
}

static void test_long_lines(void **state)
{
	static const size_t pieces[] = {1, 7, 511, 512, 513, 100000};

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		assert_int_equal(feed_long("Set-Cookie: ", 8000, pieces[i]), RESPONSE_UNTIL_CLOSE);
		assert_int_equal(feed_long("Content-Length: ", 8000, pieces[i]), RESPONSE_BROKEN);
		assert_int_equal(feed_long("X", 8000, pieces[i]), RESPONSE_UNTIL_CLOSE);
		assert_int_equal(feed_long("X: ", RESPONSE_HEAD_MAX, pieces[i]), RESPONSE_BROKEN);
	}
}

/* Neither interim answers nor lines without an end go on for ever. */
static void test_endless(void **state)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	static const char *const starts[] = {"", OK, OK "Transfer-Encoding: chunked\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx",
		OK "Transfer-Encoding: chunked\r\n\r\n0\r\n"};
	struct response r;
	size_t fed = 0;

	response_begin(&r, false);
	for (; r.state < RESPONSE_DONE && fed < 1000000; fed += sizeof(interim) - 1)
		response_feed(&r, interim, sizeof(interim) - 1);
	assert_int_equal(r.state, RESPONSE_BROKEN);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		response_begin(&r, false);
		response_feed(&r, starts[i], strlen(starts[i]));
		for (fed = 0; r.state < RESPONSE_DONE && fed < 1000000; fed++)
			response_feed(&r, "1", 1);
		assert_int_equal(r.state, RESPONSE_BROKEN);
	}
}

/* 10 GB are counted, not kept. */
static void test_huge(void **state)
{
	static const char head[] = OK "Content-Length: 10000000000\r\n\r\n";
	static char piece[1000000];
	struct response r;

	response_begin(&r, false);
	response_feed(&r, head, sizeof(head) - 1);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(r.state, RESPONSE_SIZED);
		assert_int_equal(response_feed(&r, piece, sizeof(piece)), sizeof(piece));
	}
	assert_int_equal(r.state, RESPONSE_DONE);
	assert_true(r.body == 10000000000ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_huge),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
