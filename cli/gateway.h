/*
 * Talking to the gateway's API without a way to reach it: over the SSH link to the leader, where
 * templates/gateway.sh asks it and adds the password that is kept there.
 */
#pragma once

#include "cli/cmd.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/node/link.h"

enum { GATEWAY_MAX_ANSWER = 16 * 1024 * 1024 };

/* A link to the leader; zeroed before gateway_open(), gateway_close() also after a failure. */
struct gateway {
	const struct cli *cli;
	struct link *link; /* owned */
	const struct spec_node *leader;
};

int gateway_open(const struct cli *cli, const struct cluster *c, struct gateway *ret,
	struct err *err) _must_check_;
void gateway_close(struct gateway *g);

struct gateway_request {
	const char *method, *path;  /* path with its query, as it goes over the wire */
	bool system;                /* of the API: the password goes with it */
	const char *const *headers; /* more of them, "Name: value", checked already */
	size_t n_headers;
	const char *body;
	size_t len;
	usec_t deadline; /* 0: none, and the connection may be silent for ever */
};

struct gateway_answer {
	int status;
	struct buf head;  /* status line and headers, hostile */
	struct buf body;  /* unless @body_fn took it; hostile */
	long long length; /* Content-Length; -1: none */
	long long got;    /* bytes of the body that came */
};

/* Each piece of a body as it comes; negative ends it. */
typedef int gateway_body_fn(
	void *arg, const struct gateway_answer *a, const char *data, size_t len, struct err *err);

/*
 * Send @rq and read the answer, whatever its status.  Without @fn the body is gathered, up to
 * GATEWAY_MAX_ANSWER.  ERR_REMOTE when there is no answer or it came short.  @ret must be zeroed;
 * owned by the caller (gateway_answer_done), also on failure.
 */
int gateway_ask(struct gateway *g, const struct gateway_request *rq, gateway_body_fn *fn, void *arg,
	struct gateway_answer *ret, struct err *err) _must_check_;
void gateway_answer_done(struct gateway_answer *a);
/* A header's value, borrowed and cut at the line's end: *ret_len bytes; NULL when it has none. */
const char *gateway_header(const struct gateway_answer *a, const char *name, size_t *ret_len);
/* What an answer that is no success means: an error that names @what. */
int gateway_refused(const struct gateway_answer *a, const char *what, struct err *err);

/* Run `svarm-gateway queue` with @words in the leader's gateway; what it printed is appended to
 * @out, also when it ended with status 1. */
int gateway_queue(struct gateway *g, const char *const *words, size_t n, struct buf *out,
	struct err *err) _must_check_;
