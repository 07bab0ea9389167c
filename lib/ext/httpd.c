/*
 * The boundary to libmicrohttpd: see httpd.h.  A request object is made when the request line has
 * been read (that callback is the only one that sees the raw URI) and freed by the completion
 * callback.
 */
#include "lib/ext/httpd.h"

#include <microhttpd.h>
#include <stdarg.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"
#include "lib/ext/httpd_stream.h"

enum { MAX_HEADER_BYTES = 64 << 10 };

/* libmicrohttpd changed its callbacks' result from int to an enum in 0.9.71. */
#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result mhd_result;
#else
typedef int mhd_result;
#endif

struct httpd {
	struct MHD_Daemon *mhd;
	struct httpd_options o;
};

struct httpd_request {
	struct MHD_Connection *conn; /* borrowed */
	char *path;                  /* owned; as sent */
	char *query;                 /* inside path, or "" */
	const char *method;          /* borrowed from libmicrohttpd */
	char *body;                  /* owned; NUL-terminated once there is any */
	size_t body_len, body_cap, max_body;
	bool begun, handled, deferred;
	struct MHD_Response *response; /* owned until queued */
	struct {
		char *name, *value;
	} pending[16];
	size_t pending_n;
	unsigned status;
	void *user;
	struct httpd_stream *stream; /* a share of it, or NULL */
};

static struct httpd_request *request_new(const char *uri)
{
	struct httpd_request *rq = xcalloc(1, sizeof(*rq));
	char *q;

	rq->path = xstrdup(uri);
	q = strchr(rq->path, '?');
	if (q)
		*q++ = '\0';
	rq->query = q ? q : rq->path + strlen(rq->path);
	return rq;
}

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn)
{
	struct httpd_request *rq = request_new(uri);

	rq->conn = conn;
	return rq;
}

static void on_completed(
	void *arg, struct MHD_Connection *conn, void **cls, enum MHD_RequestTerminationCode why)
{
	struct httpd *d = arg;
	struct httpd_request *rq = *cls;

	if (!rq)
		return;
	*cls = NULL;
	if (rq->stream)
		stream_lost(rq->stream);
	if (d->o.finished)
		d->o.finished(d->o.arg, rq);
	if (rq->response)
		MHD_destroy_response(rq->response);
	for (size_t i = 0; i < rq->pending_n; i++) {
		free(rq->pending[i].name);
		free(rq->pending[i].value);
	}
	free(rq->body);
	free(rq->path);
	free(rq);
}

static mhd_result send_response(struct httpd_request *rq)
{
	mhd_result r = MHD_queue_response(rq->conn, rq->status, rq->response);

	MHD_destroy_response(rq->response);
	rq->response = NULL;
	return r;
}

static void reply_too_large(struct httpd_request *rq)
{
	httpd_reply_text(rq, 413, "request body is larger than %zu bytes\n", rq->max_body);
}

/* Room for @want bytes of body: at once what the client announced, which spares large bodies the
 * doubling. */
static void reserve_body(struct httpd_request *rq, size_t want)
{
	const char *cl = rq->body ? NULL : httpd_header(rq, "Content-Length");
	size_t announced = cl ? strtoull(cl, NULL, 10) : 0;

	if (want <= rq->body_cap)
		return;
	rq->body_cap = announced >= want && announced <= rq->max_body
			       ? announced
			       : MAX_OF(want, 2 * rq->body_cap);
	rq->body = xrealloc(rq->body, rq->body_cap + 1);
}

/* A body whose answer is already known is read and dropped: closing with unread data would lose
 * the answer on the way. */
static void take_body(struct httpd_request *rq, const char *data, size_t len)
{
	if (rq->handled)
		return;
	if (len > rq->max_body - rq->body_len) {
		reply_too_large(rq);
		rq->handled = true;
		return;
	}
	reserve_body(rq, rq->body_len + len);
	memcpy(rq->body + rq->body_len, data, len);
	rq->body_len += len;
	rq->body[rq->body_len] = '\0';
}

/* A body that says it is too long is refused before it is read. */
static bool announced_too_large(struct httpd_request *rq)
{
	const char *cl = httpd_header(rq, "Content-Length");

	return cl && strtoull(cl, NULL, 10) > rq->max_body;
}

static mhd_result on_request(void *arg, struct MHD_Connection *conn, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **cls)
{
	struct httpd *d = arg;
	struct httpd_request *rq = *cls;

	if (!rq->begun) {
		rq->begun = true;
		rq->method = method;
		rq->max_body = d->o.max_body ? d->o.max_body(d->o.arg, rq) : 0;
		if (!rq->response && announced_too_large(rq))
			reply_too_large(rq);
		rq->handled = rq->response != NULL;
		return MHD_YES;
	}
	if (*len) {
		take_body(rq, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!rq->handled) {
		rq->handled = true;
		d->o.handle(d->o.arg, rq);
		if (rq->deferred) /* no longer ours; we come back after httpd_resume() */
			return MHD_YES;
	}
	return rq->response ? send_response(rq) : MHD_NO;
}

int httpd_start(const struct httpd_options *o, struct httpd **ret, struct err *err)
{
	struct httpd *d = xcalloc(1, sizeof(*d));
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	unsigned max = o->max_connections ? o->max_connections : 4096;

	d->o = *o;
	/* A pool of one is refused by some versions: no pool then. */
	d->mhd = MHD_start_daemon(flags, 0, NULL, NULL, on_request, d, MHD_OPTION_LISTEN_SOCKET,
		o->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, on_uri, d, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, d, MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_s,
		MHD_OPTION_CONNECTION_LIMIT, max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MAX_HEADER_BYTES,
		o->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, o->threads,
		MHD_OPTION_END);
	if (!d->mhd) {
		free(d);
		return err_errno(err, errno > 0 ? -errno : -EIO, "unable to start the HTTP server");
	}
	*ret = d;
	return 0;
}

void httpd_stop(struct httpd *d)
{
	if (!d)
		return;
	MHD_stop_daemon(d->mhd);
	free(d);
}

const char *httpd_method(const struct httpd_request *rq)
{
	return rq->method;
}

const char *httpd_path(const struct httpd_request *rq)
{
	return rq->path;
}

const char *httpd_query(const struct httpd_request *rq)
{
	return rq->query;
}

const char *httpd_header(const struct httpd_request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, name);
}

struct each {
	void (*fn)(void *arg, const char *name, const char *value);
	void *arg;
};

static mhd_result on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const struct each *e = arg;

	e->fn(e->arg, name, value ? value : "");
	return MHD_YES;
}

void httpd_each_header(const struct httpd_request *rq,
	void (*each)(void *arg, const char *name, const char *value), void *arg)
{
	struct each e = {each, arg};

	MHD_get_connection_values(rq->conn, MHD_HEADER_KIND, on_header, &e);
}

const char *httpd_body(const struct httpd_request *rq, size_t *ret_len)
{
	*ret_len = rq->body_len;
	return rq->body ? rq->body : "";
}

void httpd_wipe_body(struct httpd_request *rq)
{
	if (rq->body)
		explicit_bzero(rq->body, rq->body_cap);
}

void httpd_set_user(struct httpd_request *rq, void *user)
{
	rq->user = user;
}

void *httpd_user(const struct httpd_request *rq)
{
	return rq->user;
}

void httpd_add_header(struct httpd_request *rq, const char *name, const char *value)
{
	if (rq->pending_n == ARRAY_SIZE(rq->pending))
		abort();
	rq->pending[rq->pending_n].name = xstrdup(name);
	rq->pending[rq->pending_n++].value = xstrdup(value);
}

static void add_headers(struct httpd_request *rq, const char *type)
{
	if (type)
		MHD_add_response_header(rq->response, "Content-Type", type);
	for (size_t i = 0; i < rq->pending_n; i++)
		MHD_add_response_header(rq->response, rq->pending[i].name, rq->pending[i].value);
}

void httpd_reply(
	struct httpd_request *rq, unsigned status, const char *type, const void *body, size_t len)
{
	/* libmicrohttpd only reads it, in spite of the missing const. */
	rq->response = MHD_create_response_from_buffer(
		len, (void *)(len ? body : ""), MHD_RESPMEM_MUST_COPY);
	if (!rq->response)
		abort();
	rq->status = status;
	add_headers(rq, type);
}

void httpd_reply_text(struct httpd_request *rq, unsigned status, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	httpd_reply(rq, status, "text/plain; charset=utf-8", text.data, text.len);
}

void httpd_defer(struct httpd_request *rq)
{
	rq->deferred = true;
	MHD_suspend_connection(rq->conn);
}

void httpd_resume(struct httpd_request *rq)
{
	MHD_resume_connection(rq->conn);
}

struct httpd_stream *httpd_stream_begin(struct httpd_request *rq, unsigned status, const char *type)
{
	struct httpd_stream *s = stream_new(rq->conn);

	rq->response = stream_response(s);
	rq->status = status;
	add_headers(rq, type);
	rq->stream = s;
	MHD_resume_connection(rq->conn);
	return s;
}

unsigned httpd_status(const struct httpd_request *rq)
{
	return rq->status;
}
