/*
 * Reads an HTTP/1.1 answer as it comes, in pieces of any size, without keeping it: what a load
 * generator needs is its status, where it ends, and whether the connection can be used again.
 * Pure: no I/O, no allocation.  The server may be broken or hostile; whatever it sends ends in
 * RESPONSE_DONE, RESPONSE_BROKEN or a wait for more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RESPONSE_LINE = 512,           /* of a longer header line only this much is looked at */
	RESPONSE_HEAD_MAX = 64 * 1024, /* status line, headers, interim answers and trailers */
};

enum response_state {
	RESPONSE_STATUS, /* waiting for a status line */
	RESPONSE_HEADERS,
	RESPONSE_SIZED, /* in a body of known length */
	RESPONSE_CHUNK_SIZE,
	RESPONSE_CHUNK,
	RESPONSE_CHUNK_END,
	RESPONSE_TRAILERS,
	RESPONSE_UNTIL_CLOSE, /* in a body that ends with the connection */
	RESPONSE_DONE,
	RESPONSE_BROKEN, /* this is not HTTP, or exceeds the limits above */
};

struct response {
	enum response_state state;
	int status;      /* 0: not known yet */
	bool keep;       /* once done: the connection may be used for another request */
	bool bodiless;   /* the request was a HEAD */
	bool sized;      /* Content-Length was seen */
	bool encoded;    /* Transfer-Encoding was seen … */
	bool chunked;    /* … and ends with "chunked" */
	uint64_t left;   /* bytes still to come: of the body, or of the chunk */
	uint64_t body;   /* bytes of the body so far, chunks' framing not counted */
	size_t head;     /* bytes of the head so far */
	size_t line_len; /* of the line that is being gathered; may exceed what is kept of it */
	char line[RESPONSE_LINE];
};

/* Begin an answer; @head: to a HEAD request. */
void response_begin(struct response *r, bool head);
/* Take what belongs to the answer from the front of @data; returns how much that was.  Less than
 * @len only when the state is DONE or BROKEN afterwards. */
size_t response_feed(struct response *r, const char *data, size_t len);
/* The connection has ended: true when the answer is whole because of it. */
bool response_end(struct response *r);
/* Did anything of the answer arrive? */
static inline bool response_begun(const struct response *r)
{
	return r->head > 0;
}
