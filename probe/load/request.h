/*
 * A whole request as text, so that a password in it need not stand on a command line, where every
 * user of the machine sees it:
 *
 *	POST http://127.0.0.1:8080/function/echo
 *	Authorization: Basic …
 *
 *	the body, up to the end
 *
 * Lines end with LF or CRLF.  Without a body the empty line may be missing.
 */
#pragma once

#include "probe/load/target.h"

struct request {
	struct buf text; /* owned; what the rest points into */
	const char *url;
	const char **headers;     /* owned */
	struct target_request rq; /* what target_make() takes */
};

/* Take @r->text apart, in place.  @r is owned by the caller (request_done), also on failure.
 * -EINVAL never quotes what may be secret. */
int request_parse(struct request *r, struct err *err) _must_check_;
void request_done(struct request *r);
