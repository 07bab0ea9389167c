/*
 * What only the gateway's container can check: calls through its own nginx, synchronous and
 * asynchronous.  For the latter this process waits for the callback itself, on its own address in
 * the overlay network: so the whole way is tested, gateway, Redis, worker, function and back.
 */
#include "faas/gateway/probes.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faas/common/env.h"
#include "faas/common/net.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

enum { CALL_MS = 10000, CALLBACK_MS = 10000, MAX_REQUEST = 1 << 20 };

static void random_hex(char *out, size_t n)
{
	unsigned char b;

	for (size_t i = 0; i + 1 < n; i++) {
		if (getrandom(&b, 1, 0) != 1)
			abort();
		out[i] = "0123456789abcdef"[b & 15];
	}
	out[n - 1] = '\0';
}

static int gateway_call(const char *kind, const char *name, const char *const *headers,
	const char *body, struct http_response *rs, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *http = http_client_new();
	_cleanup_free_ char *url = NULL;
	struct http_request rq = {.method = "POST",
		.headers = headers,
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = CALL_MS};
	long port;
	int r = env_num("SVARM_PORT", 8080, 1, 65535, &port, err);

	if (r < 0)
		return r;
	url = xasprintf("http://127.0.0.1:%ld/%s/%s", port, kind, name);
	rq.url = url;
	return http_call(http, &rq, rs, err);
}

/* probe function NAME: a call through nginx answers 2xx. */
static int probe_function(char **argv, json_t *out, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	char body[33];
	int r;

	random_hex(body, sizeof(body));
	r = gateway_call("function", argv[0], NULL, body, &rs, err);
	json_object_set_new(out, "function", json_string(argv[0]));
	json_object_set_new(out, "status", json_integer(rs.status));
	if (r < 0)
		return err_wrap(err, "calling '%s'", argv[0]);
	json_object_set_new(out, "ms", json_real((double)rs.duration / 1000));
	json_object_set_new(out, "echoed", json_boolean(!strcmp(buf_str(&rs.body), body)));
	if (rs.status / 100 != 2)
		return err_set(err, -EIO, "'%s' answered HTTP status %d", argv[0], rs.status);
	return 0;
}

/* A request that came in on the callback listener. */
struct callback {
	struct buf head, body;
};

static void callback_done(struct callback *c)
{
	buf_done(&c->head);
	buf_done(&c->body);
}

/* Value of header @name in @head, appended to @out. */
static bool head_value(const struct buf *head, const char *name, struct buf *out)
{
	size_t n = strlen(name);

	for (const char *p = strstr(buf_str(head), "\r\n"); p; p = strstr(p + 2, "\r\n")) {
		const char *line = p + 2, *end = strstr(line, "\r\n");

		if (!end || strncasecmp(line, name, n) || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " \t");
		buf_add(out, line, (size_t)(end - line));
		return true;
	}
	return false;
}

static size_t content_length(const struct buf *head)
{
	_cleanup_buf_ struct buf v = BUF_INIT;

	return head_value(head, "Content-Length", &v) ? strtoull(buf_str(&v), NULL, 10) : 0;
}

/* Split @in into head and body when all of it is there. */
static bool complete(struct buf *in, struct callback *ret)
{
	const char *end = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;
	size_t head, want;

	if (!end)
		return false;
	head = (size_t)(end - in->data) + 4;
	buf_clear(&ret->head);
	buf_add(&ret->head, in->data, head);
	want = content_length(&ret->head);
	if (in->len - head < want)
		return false;
	buf_add(&ret->body, in->data + head, want);
	return true;
}

static int wait_readable(int fd, usec_t deadline, struct err *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	usec_t now = clock_now();

	if (now >= deadline || poll(&p, 1, (int)((deadline - now) / 1000) + 1) <= 0)
		return err_set(err, -ETIMEDOUT, "no callback within %d s", CALLBACK_MS / 1000);
	return 0;
}

/* Take one connection's request; 0 with an empty head when it was none. */
static int take_request(int fd, usec_t deadline, struct callback *ret, struct err *err)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
				     "Connection: close\r\n\r\n";
	_cleanup_buf_ struct buf in = BUF_INIT;
	char chunk[4096];
	ssize_t n;

	while (in.len < MAX_REQUEST) {
		if (wait_readable(fd, deadline, err) < 0)
			return -ETIMEDOUT;
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		buf_add(&in, chunk, (size_t)n);
		if (!complete(&in, ret))
			continue;
		if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
			return err_errno(err, -errno, "answering the callback");
		return 0;
	}
	buf_clear(&ret->head);
	return 0;
}

static int wait_callback(int listen_fd, const char *call_id, struct callback *ret, struct err *err)
{
	usec_t deadline = clock_now() + (usec_t)CALLBACK_MS * 1000;
	int r, fd;

	for (;;) {
		_cleanup_buf_ struct buf id = BUF_INIT;

		r = wait_readable(listen_fd, deadline, err);
		if (r < 0)
			return r;
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		r = take_request(fd, deadline, ret, err);
		close(fd);
		if (r < 0)
			return r;
		if (head_value(&ret->head, "X-Call-Id", &id) && !strcmp(buf_str(&id), call_id))
			return 0;
		callback_done(ret); /* somebody else's */
		*ret = (struct callback){BUF_INIT, BUF_INIT};
	}
}

static int callback_url(int port, char *ret, size_t size, struct err *err)
{
	const char *own = env_str("SVARM_ADDR", NULL);
	struct redis_address a;
	char found[64];
	int r;

	if (!own) { /* the address towards Redis is the one in the overlay */
		r = redis_address_parse(env_str("SVARM_REDIS", "redis:6379"), &a, err);
		if (r == 0)
			r = net_local_address(a.host, a.port, found, sizeof(found), err);
		if (r < 0)
			return r;
		own = found;
	}
	snprintf(ret, size, "http://%s:%d/", own, port);
	return 0;
}

static int check_callback(const struct callback *cb, const char *body, json_t *out, struct err *err)
{
	_cleanup_buf_ struct buf status = BUF_INIT;
	bool same = cb->body.len == strlen(body) && !memcmp(buf_str(&cb->body), body, cb->body.len);

	head_value(&cb->head, "X-Function-Status", &status);
	json_set_text(out, "function_status", buf_str(&status), status.len);
	json_object_set_new(out, "echoed", json_boolean(same));
	if (buf_str(&status)[0] != '2')
		return err_set(
			err, -EIO, "the callback says function status '%s'", buf_str(&status));
	return 0;
}

/* probe async NAME: an asynchronous call is accepted and its callback arrives here. */
static int probe_async(char **argv, json_t *out, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_(callback_done) struct callback cb = {BUF_INIT, BUF_INIT};
	char body[33], id[33], url[128], id_header[64], url_header[160];
	const char *headers[] = {id_header, url_header, NULL};
	usec_t start;
	int r, fd = -1, port;

	random_hex(body, sizeof(body));
	random_hex(id, sizeof(id));
	json_object_set_new(out, "function", json_string(argv[0]));
	r = net_listen(0, 16, &fd, &port, err);
	if (r < 0)
		return r;
	r = callback_url(port, url, sizeof(url), err);
	if (r == 0) {
		snprintf(id_header, sizeof(id_header), "X-Call-Id: %s", id);
		snprintf(url_header, sizeof(url_header), "X-Callback-Url: %s", url);
		start = clock_now();
		r = gateway_call("async-function", argv[0], headers, body, &rs, err);
	}
	json_object_set_new(out, "status", json_integer(rs.status));
	if (r == 0 && rs.status != 202)
		r = err_set(err, -EIO, "not accepted: HTTP status %d", rs.status);
	if (r == 0)
		r = wait_callback(fd, id, &cb, err);
	if (r == 0) {
		json_object_set_new(out, "ms", json_real((double)(clock_now() - start) / 1000));
		r = check_callback(&cb, body, out, err);
	}
	close(fd);
	return r;
}

/* probe health: the gateway's own opinion, for the container's health check. */
static int probe_health(char **argv, json_t *out, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *http = http_client_new();
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_free_ char *url = NULL;
	struct http_request rq = {.timeout_ms = 3000};
	long port;
	int r;

	r = env_num("SVARM_PORT", 8080, 1, 65535, &port, err);
	if (r < 0)
		return r;
	url = xasprintf("http://127.0.0.1:%ld/healthz", port);
	rq.url = url;
	r = http_call(http, &rq, &rs, err);
	if (r < 0)
		return r;
	json_object_set_new(out, "status", json_integer(rs.status));
	if (rs.status != 200) {
		buf_rtrim(&rs.body);
		return err_set(err, -EIO, "%s", buf_str(&rs.body));
	}
	return 0;
}

const struct probe gateway_probes[] = {
	{"redis", "", 0, probe_redis},
	{"store", "", 0, probe_store},
	{"queue", "", 0, probe_queue},
	{"peer", "HOST:PORT", 1, probe_peer},
	{"function", "NAME", 1, probe_function},
	{"async", "NAME", 1, probe_async},
	{"health", "", 0, probe_health},
	{NULL, NULL, 0, NULL},
};
