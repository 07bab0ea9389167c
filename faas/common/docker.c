/* Client of the Docker Engine API: see docker.h. */
#include "faas/common/docker.h"

#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

enum {
	MAX_ANSWER = 64 << 20,
	CALL_TIMEOUT_MS = 15000,
	OURS_MIN = 40, /* minor of API 1.x */
	OURS_MAX = 44,
};

struct docker {
	char *socket;
	struct http_client *http;
	char version[16]; /* "" until negotiated */
};

int docker_new(const char *host, struct docker **ret, struct err *err)
{
	struct docker *d;

	if (!host)
		host = "unix:///var/run/docker.sock";
	if (strncmp(host, "unix://", 7) || !host[7])
		return err_set(err, -EINVAL, "DOCKER_HOST '%s' is not unix:///PATH", host);
	d = xcalloc(1, sizeof(*d));
	d->socket = xstrdup(host + 7);
	d->http = http_client_new();
	*ret = d;
	return 0;
}

void docker_free(struct docker *d)
{
	if (!d)
		return;
	http_client_free(d->http);
	free(d->socket);
	free(d);
}

/* Minor of "1.N"; -1 for anything else. */
static long minor_of(const char *version)
{
	char *end;
	long n;

	if (!version || strncmp(version, "1.", 2) || version[2] < '0' || version[2] > '9')
		return -1;
	n = strtol(version + 2, &end, 10);
	return *end || n > 9999 ? -1 : n;
}

int docker_pick_version(const char *engine_max, const char *engine_min, char *ret, struct err *err)
{
	long max = minor_of(engine_max), min = minor_of(engine_min), pick;

	if (max < 0)
		return err_set(err, -EBADMSG, "the engine names no API version");
	pick = MIN_OF(max, (long)OURS_MAX);
	if (min > pick)
		pick = min; /* newer than all we know: its oldest is the closest */
	if (pick < OURS_MIN)
		return err_set(err, -ENOTSUP, "the engine speaks API 1.%ld; 1.%d is needed", max,
			OURS_MIN);
	snprintf(ret, 16, "1.%u", (unsigned)pick % 10000);
	return 0;
}

static int transact(struct docker *d, const char *method, const char *url, const struct buf *body,
	const char *registry_auth, struct http_response *rs, struct err *err)
{
	_cleanup_free_ char *auth = NULL;
	const char *headers[3] = {NULL};
	struct http_request rq = {.method = method,
		.url = url,
		.unix_socket = d->socket,
		.headers = headers,
		.connect_timeout_ms = 3000,
		.timeout_ms = CALL_TIMEOUT_MS,
		.max_body = MAX_ANSWER};
	size_t n = 0;
	int r;

	if (body) {
		headers[n++] = "Content-Type: application/json";
		rq.body = body->data;
		rq.body_len = body->len;
	}
	if (registry_auth)
		headers[n++] = auth = xasprintf("X-Registry-Auth: %s", registry_auth);
	r = http_call(d->http, &rq, rs, err);
	if (r < 0) {
		d->version[0] = '\0'; /* another engine may answer next time */
		return err_wrap(err, "docker at '%s'", d->socket);
	}
	return 0;
}

static int parse_answer(const struct http_response *rs, json_t **ret, struct err *err)
{
	if (!rs->body.len) {
		*ret = json_null();
		return 0;
	}
	if (json_parse(rs->body.data, rs->body.len, MAX_ANSWER, ret, err) < 0)
		return err_wrap(err, "docker's answer");
	return 0;
}

static int negotiate(struct docker *d, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_json_ json_t *v = NULL;
	int r;

	if (d->version[0])
		return 0;
	r = transact(d, "GET", "http://docker/version", NULL, NULL, &rs, err);
	if (r == 0)
		r = parse_answer(&rs, &v, err);
	if (r < 0)
		return r;
	if (rs.status != 200)
		return err_set(err, -EIO, "docker: GET /version: HTTP status %d", rs.status);
	return docker_pick_version(
		json_str(v, "ApiVersion"), json_str(v, "MinAPIVersion"), d->version, err);
}

int docker_call(struct docker *d, const char *method, const char *path, const json_t *body,
	const char *registry_auth, int *ret_status, json_t **ret, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_free_ char *url = NULL;
	_cleanup_(buf_wipe) struct buf text = BUF_INIT;
	json_t *answer = NULL;
	int r;

	r = negotiate(d, err);
	if (r < 0)
		return r;
	url = xasprintf("http://docker/v%s%s", d->version, path);
	if (body)
		json_print(body, &text);
	r = transact(d, method, url, body ? &text : NULL, registry_auth, &rs, err);
	if (r == 0)
		r = parse_answer(&rs, &answer, err);
	if (r < 0)
		return r;
	*ret_status = rs.status;
	*ret = answer;
	return 0;
}

const char *docker_message(const json_t *answer, int status, char *scratch, size_t size)
{
	const char *m = json_str(answer, "message");

	if (m)
		return m;
	snprintf(scratch, size, "HTTP status %d", status);
	return scratch;
}

int docker_get(struct docker *d, const char *path, json_t **ret, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	char scratch[64];
	int r, status;

	r = docker_call(d, "GET", path, NULL, NULL, &status, &answer, err);
	if (r < 0)
		return r;
	if (status != 200)
		return err_set(err, -EIO, "docker: %s",
			docker_message(answer, status, scratch, sizeof(scratch)));
	*ret = TAKE_PTR(answer);
	return 0;
}

void docker_escape(struct buf *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= 'a' && *p <= 'z') || strchr("-_.~", *p))
			buf_addc(out, (char)*p);
		else
			buf_addf(out, "%%%02X", *p);
	}
}

int docker_stream(
	struct docker *d, const char *path, const struct docker_sink *sink, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_free_ char *url = NULL;
	struct http_request rq = {.unix_socket = d->socket,
		.connect_timeout_ms = 3000,
		.on_begin = sink->on_begin,
		.on_data = sink->on_data,
		.cancelled = sink->stop,
		.arg = sink->arg};
	int r;

	r = negotiate(d, err);
	if (r < 0)
		return r;
	url = xasprintf("http://docker/v%s%s", d->version, path);
	rq.url = url;
	r = http_call(d->http, &rq, &rs, err);
	if (r < 0 && r != -ECANCELED)
		d->version[0] = '\0';
	return r;
}

struct follow {
	void (*on_open)(void *arg);
	void (*on_event)(void *arg);
	bool (*stop)(void *arg);
	void *arg;
	int status;
};

static int follow_begin(void *arg, int status)
{
	struct follow *f = arg;

	f->status = status;
	f->on_open(f->arg);
	return 0;
}

static int follow_data(void *arg, const char *data, size_t len)
{
	struct follow *f = arg;

	if (memchr(data, '\n', len))
		f->on_event(f->arg);
	return 0;
}

static bool follow_stop(void *arg)
{
	struct follow *f = arg;

	return f->stop(f->arg);
}

int docker_follow(struct docker *d, const char *filters_json, void (*on_open)(void *arg),
	void (*on_event)(void *arg), bool (*stop)(void *arg), void *arg, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct follow f = {on_open, on_event, stop, arg, 0};
	const struct docker_sink sink = {follow_begin, follow_data, follow_stop, &f};
	int r;

	buf_adds(&path, "/events?filters=");
	docker_escape(&path, filters_json);
	r = docker_stream(d, buf_str(&path), &sink, err);
	if (r == 0)
		r = err_set(err, -ECONNRESET, "HTTP status %d, stream ended", f.status);
	return err_wrap(err, "docker events");
}
