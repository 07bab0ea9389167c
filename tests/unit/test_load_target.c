/* URLs, and the request that is made of them once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <strings.h>

#include "lib/base/buf.h"
#include "probe/load/target.h"

static void assert_parts(const char *url, const char *host, const char *port, const char *path)
{
	_cleanup_buf_ struct buf h = BUF_INIT, p = BUF_INIT, q = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	bool tls;

	if (target_parse_url(url, &tls, &h, &p, &q, &err) < 0)
		fail_msg("%s: %s", url, err_msg(&err));
	assert_string_equal(h.data, host);
	assert_string_equal(p.data, port);
	assert_string_equal(q.data, path);
	assert_int_equal(tls, strncasecmp(url, "https:", 6) == 0);
}

static void test_urls(void **state)
{
	assert_parts("http://a", "a", "80", "/");
	assert_parts("HTTP://10.0.0.1:8080", "10.0.0.1", "8080", "/");
	assert_parts("http://a/", "a", "80", "/");
	assert_parts("http://a:81/b/c?d=e:f@g", "a", "81", "/b/c?d=e:f@g");
	assert_parts("http://a?x=1", "a", "80", "/?x=1");
	assert_parts("http://a/b#c", "a", "80", "/b");
	assert_parts("http://a:/b", "a", "80", "/b");
	assert_parts("http://[::1]", "::1", "80", "/");
	assert_parts("https://a", "a", "443", "/");
	assert_parts("HTTPS://[::1]:80/x", "::1", "80", "/x");
	assert_parts("http://[fd00::1]:65535/x", "fd00::1", "65535", "/x");
}

static void test_bad_urls(void **state)
{
	static const char *const urls[] = {"", "a", "ftp://a", "https:", "https:/a", "https://",
		"http:/a", "http://", "http:///x", "http://:80", "http://a:0", "http://a:65536",
		"http://a:8o", "http://[::1", "http://[]", "http://[::1]x", "http://u:p@a/",
		"http://a/b c", "http://a/\r\nX: y", "http://a:99999999999999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		_cleanup_buf_ struct buf h = BUF_INIT, p = BUF_INIT, q = BUF_INIT;
		_cleanup_err_ struct err err = ERR_INIT;

		bool tls;

		if (target_parse_url(urls[i], &tls, &h, &p, &q, &err) != -EINVAL)
			fail_msg("taken: '%s'", urls[i]);
		assert_true(*err_msg(&err));
	}
}

static void assert_request(const char *url, const struct target_request *rq, const char *want)
{
	struct target t = {0};
	_cleanup_err_ struct err err = ERR_INIT;

	if (target_make(url, rq, &t, &err) < 0)
		fail_msg("%s: %s", url, err_msg(&err));
	assert_string_equal(t.request.data, want);
	assert_true(t.address_len > 0);
	target_done(&t);
}

static void test_requests(void **state)
{
	static const char *const headers[] = {"X-A: b", "Host: other"};

	assert_request("http://127.0.0.1/x", &(struct target_request){0},
		"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	assert_request("http://[::1]:81", &(struct target_request){.method = "HEAD", .fresh = true},
		"HEAD / HTTP/1.1\r\nHost: [::1]:81\r\nConnection: close\r\n\r\n");
	assert_request("http://127.0.0.1",
		&(struct target_request){
			.headers = headers, .n_headers = 2, .body = "hi", .body_len = 2},
		"POST / HTTP/1.1\r\nX-A: b\r\nHost: other\r\nContent-Length: 2\r\n\r\nhi");
	assert_request("https://127.0.0.1", &(struct target_request){0},
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	assert_request("https://127.0.0.1:80", &(struct target_request){0},
		"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
	assert_request("http://127.0.0.1", &(struct target_request){.method = "PUT"},
		"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
}

static void test_bad_requests(void **state)
{
	static const char *const headers[] = {"", "x", ": y", "X: a\r\nY: b", "X Y: z", "X: \x01",
		"content-length: 7", "Transfer-Encoding: chunked"};
	static const char *const methods[] = {"", "get", "GET /x HTTP/1.1\r\n", "G T"};

	for (size_t i = 0; i < ARRAY_SIZE(headers) + ARRAY_SIZE(methods); i++) {
		bool header = i < ARRAY_SIZE(headers);
		struct target_request rq = {
			.method = header ? NULL : methods[i - ARRAY_SIZE(headers)],
			.headers = header ? &headers[i] : NULL,
			.n_headers = header};
		struct target t = {0};
		_cleanup_err_ struct err err = ERR_INIT;

		assert_int_equal(target_make("http://127.0.0.1", &rq, &t, &err), -EINVAL);
		target_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_bad_urls),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_bad_requests),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
