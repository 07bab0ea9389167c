/*
 * HTTP server, by libmicrohttpd: a few epoll threads that gather each request under a size cap and
 * hand it whole to one handler.  The handler answers at once, or defers: it then passes the request
 * to a thread of its own, which answers and resumes it, or begins an answer in pieces and goes on
 * writing it.  An event thread never waits for a backend.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/macro.h"

struct httpd;
struct httpd_request;

struct httpd_options {
	int listen_fd;            /* bound and listening, TCP or unix; taken over */
	unsigned threads;         /* at least 1 */
	unsigned idle_timeout_s;  /* of a connection */
	unsigned max_connections; /* 0: 4096 */

	/* How many bytes of body @rq may bring (its headers are readable).  A longer one is
	 * answered 413.  May call httpd_reply() to answer early: the body is then read and dropped
	 * and `handle` is not called.  Called on an event thread. */
	size_t (*max_body)(void *arg, const struct httpd_request *rq);
	/* A whole request.  Called on an event thread: must not block.  Must call httpd_reply(), or
	 * httpd_defer() first and let another thread reply and resume. */
	void (*handle)(void *arg, struct httpd_request *rq);
	/* The request is over (answered or lost); for what httpd_set_user() hung on it. */
	void (*finished)(void *arg, struct httpd_request *rq);
	void *arg;
};

int httpd_start(const struct httpd_options *o, struct httpd **ret, struct err *err) _must_check_;
/* No deferred request may be left. */
void httpd_stop(struct httpd *d);

/* Everything below is borrowed until the request is over. */
const char *httpd_method(const struct httpd_request *rq);
/* Path as sent (not decoded), without the query. */
const char *httpd_path(const struct httpd_request *rq);
/* Query as sent, without '?'; "" when there is none. */
const char *httpd_query(const struct httpd_request *rq);
const char *httpd_header(const struct httpd_request *rq, const char *name);
void httpd_each_header(const struct httpd_request *rq,
	void (*each)(void *arg, const char *name, const char *value), void *arg);
const char *httpd_body(const struct httpd_request *rq, size_t *ret_len);
/* Overwrite the body: it held a secret. */
void httpd_wipe_body(struct httpd_request *rq);
void httpd_set_user(struct httpd_request *rq, void *user);
void *httpd_user(const struct httpd_request *rq);

/* A header of the answer; call before httpd_reply().  @name and @value are copied. */
void httpd_add_header(struct httpd_request *rq, const char *name, const char *value);
/* The answer; @body is copied; @type may be NULL for an empty one.  Once per request. */
void httpd_reply(
	struct httpd_request *rq, unsigned status, const char *type, const void *body, size_t len);
void httpd_reply_text(struct httpd_request *rq, unsigned status, const char *fmt, ...)
	_printf_(3, 4);

/* Set the request aside.  From now on it belongs to whoever gets it, who calls httpd_reply() and
 * then, as the last thing, httpd_resume(). */
void httpd_defer(struct httpd_request *rq);
void httpd_resume(struct httpd_request *rq);

/*
 * An answer in pieces, from a thread that may wait.  httpd_stream_begin() takes the place of both
 * httpd_reply() and httpd_resume() for a deferred request: @rq is no longer the caller's, the
 * stream is, until httpd_stream_end().  All three calls after it belong to one thread.
 */
struct httpd_stream;
struct httpd_stream *httpd_stream_begin(
	struct httpd_request *rq, unsigned status, const char *type);
/* Send @len bytes.  Waits while the client has not taken what came before (64 KiB of it), but no
 * longer than the idle time-out without any progress.  False when the client is gone. */
bool httpd_stream_write(struct httpd_stream *s, const void *data, size_t len);
/* True when the client is gone, which nobody else notices while there is nothing to send.  A client
 * that shuts down its sending side counts as gone. */
bool httpd_stream_gone(struct httpd_stream *s);
/* The answer is complete (or given up, when the client is gone).  @s is freed. */
void httpd_stream_end(struct httpd_stream *s);

/* The status that was answered; 0 before. */
unsigned httpd_status(const struct httpd_request *rq);
