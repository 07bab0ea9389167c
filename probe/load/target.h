/*
 * What is called: a URL taken apart, the address behind its name, and the request's bytes, made
 * once and sent again and again.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct target {
	struct sockaddr_storage address;
	socklen_t address_len;
	struct buf request; /* head and body */
	bool head;          /* a HEAD: its answer has no body */
	bool tls;
	struct buf host; /* as in the URL, for the certificate */
};

/* How the request is to look; all borrowed during target_make() only. */
struct target_request {
	const char *method;         /* NULL: GET, or POST with a body */
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	const void *body;
	size_t body_len;
	bool fresh; /* ask for a new connection each time */
};

/* The parts of "http[s]://HOST[:PORT][/PATH]": -EINVAL says what is wrong with it.  @host without
 * the brackets of an IPv6 address; @ret_path begins with '/', without the fragment. */
int target_parse_url(const char *url, bool *ret_tls, struct buf *ret_host, struct buf *ret_port,
	struct buf *ret_path, struct err *err) _must_check_;

/* @ret must be zeroed; owned by the caller (target_done), also on failure.  Of a name with several
 * addresses the first one that takes a connection is used.  -EINVAL: a header or method that would
 * break the request. */
int target_make(const char *url, const struct target_request *rq, struct target *ret,
	struct err *err) _must_check_;
void target_done(struct target *t);
