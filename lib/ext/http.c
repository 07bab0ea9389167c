/*
 * The boundary to libcurl: see http.h.  Both kinds of call share one `struct transfer` that gathers
 * the response under its caps.
 */
#include "lib/ext/http.h"

#include <curl/curl.h>

#include "lib/base/xalloc.h"

enum {
	DEFAULT_MAX_BODY = 16 << 20,
	MAX_HEADER_BYTES = 256 << 10,
	DEFAULT_CONNECT_MS = 5000,
	MAX_FDS = 4,
};

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	struct http_request rq;
	struct http_response *rs;
	int code; /* set by a callback that ended the transfer */
	usec_t started;
	char errbuf[CURL_ERROR_SIZE];

	/* http_multi only */
	struct http_response own;
	http_done_fn done;
	void *done_arg;
	bool held; /* by rq.room */
	struct transfer *next, **prev;
};

struct http_client {
	CURL *easy;
};

struct http_multi {
	CURLM *multi;
	CURL *idle[64]; /* handles to use again */
	size_t idle_n;
	struct transfer *live;
};

void http_global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void http_response_done(struct http_response *r)
{
	for (size_t i = 0; i < r->headers_n; i++) {
		free(r->headers[i].name);
		free(r->headers[i].value);
	}
	free(r->headers);
	buf_done(&r->body);
	*r = HTTP_RESPONSE_INIT;
}

const char *http_response_header(const struct http_response *r, const char *name)
{
	for (size_t i = 0; i < r->headers_n; i++)
		if (!strcasecmp(r->headers[i].name, name))
			return r->headers[i].value;
	return NULL;
}

bool http_is_hop_by_hop(const char *name)
{
	static const char *const names[] = {"connection", "keep-alive", "proxy-authenticate",
		"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
		"upgrade"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return false;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	size_t max = t->rq.max_body ? t->rq.max_body : DEFAULT_MAX_BODY;

	if (t->rq.discard)
		return len;
	if (t->rq.on_data) {
		t->code = t->rq.on_data(t->rq.arg, data, len);
		return t->code < 0 ? 0 : len;
	}
	if (t->rq.room && !t->rq.room(t->rq.arg, len)) {
		t->held = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (len > max - t->rs->body.len) {
		t->code = -EFBIG;
		return 0;
	}
	buf_add(&t->rs->body, data, len);
	return len;
}

static void headers_clear(struct http_response *r)
{
	struct buf body = r->body;

	r->body = BUF_INIT;
	http_response_done(r);
	r->body = body;
}

/* The empty line behind the headers; a 1xx has one too. */
static size_t headers_end(struct transfer *t, size_t len)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->rq.on_begin && status >= 200)
		t->code = t->rq.on_begin(t->rq.arg, (int)status);
	return t->code < 0 ? 0 : len;
}

static size_t on_header(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	struct http_response *r = t->rs;
	const char *end = data + len, *colon, *v;

	if (len > 5 && !memcmp(data, "HTTP/", 5)) { /* a new response: forget a 1xx before it */
		headers_clear(r);
		return len;
	}
	while (end > data && strchr("\r\n \t", end[-1]))
		end--;
	if (end == data)
		return headers_end(t, len);
	colon = memchr(data, ':', (size_t)(end - data));
	if (!colon || colon == data)
		return len;
	r->headers_bytes += len;
	if (r->headers_bytes > MAX_HEADER_BYTES) {
		t->code = -EFBIG;
		return 0;
	}
	for (v = colon + 1; v < end && (*v == ' ' || *v == '\t'); v++)
		;
	xgrow(r->headers, r->headers_n, r->headers_cap);
	r->headers[r->headers_n].name = xstrndup(data, (size_t)(colon - data));
	r->headers[r->headers_n++].value = xstrndup(v, (size_t)(end - v));
	return len;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct transfer *t = arg;

	if (!t->rq.cancelled || !t->rq.cancelled(t->rq.arg))
		return 0;
	t->code = -ECANCELED;
	return 1;
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_method(struct transfer *t)
{
	const char *m = t->rq.method ? t->rq.method : "GET";

	if (!strcmp(m, "HEAD")) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (t->rq.body_len || !strcmp(m, "POST") || !strcmp(m, "PUT") || !strcmp(m, "PATCH")) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->rq.body_len);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->rq.body ? t->rq.body : "");
	}
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, m);
}

static void set_headers(struct transfer *t)
{
	t->headers = curl_slist_append(NULL, "Expect:");
	for (const char *const *h = t->rq.headers; h && *h; h++)
		t->headers = curl_slist_append(t->headers, *h);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

/* Give t->easy everything t->rq asks for; curl copies all strings but the body. */
static void transfer_setup(struct transfer *t)
{
	const struct http_request *rq = &t->rq;
	unsigned connect_ms = rq->connect_timeout_ms ? rq->connect_timeout_ms : DEFAULT_CONNECT_MS;

	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->errbuf);
	curl_easy_setopt(t->easy, CURLOPT_URL, rq->url);
	if (rq->unix_socket)
		curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, rq->unix_socket);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)rq->timeout_ms);
	curl_easy_setopt(t->easy, CURLOPT_DNS_CACHE_TIMEOUT, 5L);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	if (rq->cancelled) {
		curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	}
	set_protocols(t->easy);
	set_method(t);
	set_headers(t);
	t->started = clock_now();
}

static int code_of(CURLcode c)
{
	switch (c) {
	case CURLE_OK: return 0;
	case CURLE_COULDNT_CONNECT: return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST: return -ENOENT;
	case CURLE_OPERATION_TIMEDOUT: return -ETIMEDOUT;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: return -EINVAL;
	case CURLE_ABORTED_BY_CALLBACK: return -ECANCELED;
	default: return -EIO;
	}
}

/* A connect phase that ran out of time sent nothing: that is "could not connect". */
static bool never_connected(CURL *easy)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	return connected == 0;
}

static int transfer_finish(struct transfer *t, CURLcode c, const char **ret_msg)
{
	long status = 0;
	int code = code_of(c);

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->rs->status = (int)status;
	t->rs->duration = clock_now() - t->started;
	*ret_msg = t->errbuf[0] ? t->errbuf : curl_easy_strerror(c);
	if (code == -ETIMEDOUT && never_connected(t->easy))
		code = -ECONNREFUSED;
	if (c != CURLE_OK && t->code < 0)
		code = t->code;
	if (code == -EFBIG)
		*ret_msg = "response is too large";
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	return code;
}

struct http_client *http_client_new(void)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	c->easy = curl_easy_init();
	if (!c->easy)
		abort();
	return c;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->easy);
	free(c);
}

int http_call(struct http_client *c, const struct http_request *rq, struct http_response *ret,
	struct err *err)
{
	struct transfer t = {.easy = c->easy, .rq = *rq, .rs = ret};
	const char *msg;
	int r;

	http_response_done(ret);
	transfer_setup(&t);
	r = transfer_finish(&t, curl_easy_perform(c->easy), &msg);
	if (r < 0)
		err_set(err, r, "%s", msg);
	curl_easy_reset(c->easy);
	return r;
}

struct http_multi *http_multi_new(unsigned max_connections)
{
	struct http_multi *m = xcalloc(1, sizeof(*m));

	m->multi = curl_multi_init();
	if (!m->multi)
		abort();
	curl_multi_setopt(m->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
	return m;
}

static void transfer_unlink(struct transfer *t)
{
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
}

static void transfer_free(struct http_multi *m, struct transfer *t)
{
	curl_multi_remove_handle(m->multi, t->easy);
	curl_slist_free_all(t->headers);
	if (m->idle_n < ARRAY_SIZE(m->idle)) {
		curl_easy_reset(t->easy);
		m->idle[m->idle_n++] = t->easy;
	} else {
		curl_easy_cleanup(t->easy);
	}
	http_response_done(&t->own);
	free(t);
}

void http_multi_free(struct http_multi *m)
{
	if (!m)
		return;
	for (struct transfer *t = m->live, *next; t; t = next) {
		next = t->next;
		transfer_free(m, t);
	}
	while (m->idle_n)
		curl_easy_cleanup(m->idle[--m->idle_n]);
	curl_multi_cleanup(m->multi);
	free(m);
}

int http_multi_start(struct http_multi *m, const struct http_request *rq, http_done_fn done,
	void *arg, struct err *err)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	CURLMcode c;

	t->easy = m->idle_n ? m->idle[--m->idle_n] : curl_easy_init();
	if (!t->easy)
		abort();
	t->rq = *rq;
	t->rs = &t->own;
	t->done = done;
	t->done_arg = arg;
	transfer_setup(t);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	t->rq.headers = NULL; /* borrowed only during this call */
	c = curl_multi_add_handle(m->multi, t->easy);
	if (c != CURLM_OK) {
		transfer_free(m, t);
		return err_set(err, -EIO, "%s", curl_multi_strerror(c));
	}
	t->next = m->live;
	t->prev = &m->live;
	if (t->next)
		t->next->prev = &t->next;
	m->live = t;
	return 0;
}

/* True when a transfer has ended. */
static bool finish_done(struct http_multi *m)
{
	bool any = false;
	struct transfer *t = NULL;
	const char *text;
	CURLMsg *msg;
	int left, code;

	while ((msg = curl_multi_info_read(m->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		code = transfer_finish(t, msg->data.result, &text);
		transfer_unlink(t);
		t->done(t->done_arg, t->rs, code, text);
		transfer_free(m, t);
		any = true;
	}
	return any;
}

int http_multi_wait(
	struct http_multi *m, int timeout_ms, struct http_fd *fds, size_t n, struct err *err)
{
	struct curl_waitfd extra[MAX_FDS] = {{0}};
	struct http_fd *of[MAX_FDS];
	unsigned used = 0;
	int running;
	CURLMcode c;

	for (size_t i = 0; i < n; i++) {
		fds[i].readable = false;
		if (fds[i].fd < 0 || used == MAX_FDS)
			continue;
		of[used] = &fds[i];
		extra[used++] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
	}
	c = curl_multi_perform(m->multi, &running);
	if (c == CURLM_OK) {
		if (finish_done(m))
			timeout_ms = 0; /* its callback has seen to something new */
		c = curl_multi_poll(m->multi, extra, used, timeout_ms, NULL);
	}
	if (c == CURLM_OK)
		c = curl_multi_perform(m->multi, &running);
	if (c != CURLM_OK)
		return err_set(err, -EIO, "%s", curl_multi_strerror(c));
	finish_done(m);
	while (used--)
		of[used]->readable = extra[used].revents != 0;
	return 0;
}

void http_multi_go_on(struct http_multi *m)
{
	for (struct transfer *t = m->live; t; t = t->next) {
		if (!t->held)
			continue;
		t->held = false;
		curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
}

void http_multi_wakeup(struct http_multi *m)
{
	curl_multi_wakeup(m->multi);
}
