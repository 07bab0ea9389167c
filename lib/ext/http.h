/*
 * HTTP client, by libcurl: over TCP or a unix socket, one call at a time (struct http_client) or
 * many at once (struct http_multi).  Only http and https are spoken, redirects are never followed,
 * proxies of the environment are ignored, no signals are used.  A client or multi belongs to one
 * thread and keeps its connections alive between calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

struct http_request {
	const char *method;         /* NULL: GET */
	const char *url;            /* "http://host/…"; with a unix socket any host */
	const char *unix_socket;    /* path, or NULL for TCP */
	const char *const *headers; /* "Name: value" lines ended by NULL; may be NULL.  Copied */
	const void *body;           /* borrowed until the call is over */
	size_t body_len;
	unsigned connect_timeout_ms; /* 0: 5000 */
	unsigned timeout_ms;         /* the whole call; 0: no limit */
	size_t max_body;             /* cap on a gathered response body; 0: 16 MiB */
	bool discard;                /* read the response body but do not keep it */

	/* The headers are there, the body is to come: told the status.  A negative return ends the
	 * call with that code.  May be NULL. */
	int (*on_begin)(void *arg, int status);
	/* Each piece of the response body as it comes, instead of gathering it.  A negative
	 * return ends the call with that code.  May be NULL. */
	int (*on_data)(void *arg, const char *data, size_t len);
	/* http_multi only: asked before @len more bytes of the response body are gathered; false
	 * holds the transfer until http_multi_go_on().  May be NULL. */
	bool (*room)(void *arg, size_t len);
	/* Asked about once a second and on every progress: true ends the call with -ECANCELED.
	 * May be NULL. */
	bool (*cancelled)(void *arg);
	void *arg;
};

struct http_header {
	char *name, *value; /* owned */
};

struct http_response {
	int status; /* 0: no response came */
	struct http_header *headers;
	size_t headers_n, headers_cap;
	size_t headers_bytes;
	struct buf body;
	usec_t duration;
};

#define HTTP_RESPONSE_INIT ((struct http_response){0})

void http_response_done(struct http_response *r);
/* First value of header @name (any case), or NULL.  Borrowed. */
const char *http_response_header(const struct http_response *r, const char *name);
/* True for headers that belong to one connection (RFC 9110 §7.6.1) and are never passed on. */
bool http_is_hop_by_hop(const char *name);

/* Call once, before any thread is started. */
void http_global_init(void);

struct http_client;
struct http_client *http_client_new(void);
void http_client_free(struct http_client *c);
static inline void http_client_freep(struct http_client **c)
{
	http_client_free(*c);
}

/* Do one call.  0 when a response came, whatever its status.  Errors: -ECONNREFUSED (could not
 * connect: nothing was sent), -ENOENT (no such host), -ETIMEDOUT, -EFBIG (body over max_body),
 * -ECANCELED, -EINVAL (bad URL), else -EIO.  @ret must be initialised and is owned by the
 * caller also on failure. */
int http_call(struct http_client *c, const struct http_request *rq, struct http_response *ret,
	struct err *err) _must_check_;

/* Many calls at once, driven by http_multi_wait(). */
struct http_multi;
/* @code: 0 or as http_call() returns, @msg says why.  @rs is borrowed until the return (take
 * rs->body with buf_steal if it is to live on). */
typedef void (*http_done_fn)(void *arg, struct http_response *rs, int code, const char *msg);

/* At most @max_connections are kept open. */
struct http_multi *http_multi_new(unsigned max_connections);
/* Calls under way end without their callback. */
void http_multi_free(struct http_multi *m);
/* Begin a call; @rq and what it points to may go away at once, except rq->body, which must live
 * until @done was called.  on_begin, on_data and cancelled are not supported here. */
int http_multi_start(struct http_multi *m, const struct http_request *rq, http_done_fn done,
	void *arg, struct err *err) _must_check_;
/* A descriptor to wait on as well. */
struct http_fd {
	int fd; /* -1: none */
	bool readable;
};
/* Wait at most @timeout_ms for progress or for something to read on one of the @n (at most 4) @fds,
 * then do what can be done and run callbacks. */
int http_multi_wait(struct http_multi *m, int timeout_ms, struct http_fd *fds, size_t n,
	struct err *err) _must_check_;
/* Ask the transfers that were told to hold again. */
void http_multi_go_on(struct http_multi *m);
/* End a wait early; the only function that may be called from another thread or a signal's. */
void http_multi_wakeup(struct http_multi *m);
