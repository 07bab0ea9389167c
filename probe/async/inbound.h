/*
 * Reads a callback's request as it comes, in pieces of any size, keeping what matters: the path,
 * the function's status, and the beginning of the body.  Pure: no I/O, no allocation.  Anything may
 * connect to where callbacks come: whatever it sends ends in INBOUND_DONE, INBOUND_BROKEN or a wait
 * for more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "probe/load/response.h"

enum {
	INBOUND_PATH = 128, /* a longer request line is none of ours: broken */
	INBOUND_BODY = 128,
	INBOUND_LINE = 64, /* of a header line */
};

enum inbound_state { INBOUND_MORE, INBOUND_DONE, INBOUND_BROKEN };

struct inbound {
	enum inbound_state state;
	char path[INBOUND_PATH];
	int function_status; /* X-Function-Status; 0: not given */
	char body[INBOUND_BODY];
	uint64_t body_len; /* all of it, also what was not kept */
	/* An answer differs from a request in its first line only, so its parser reads the rest. */
	struct response rest;
	bool line_read;
	char line[INBOUND_LINE];
	size_t line_len; /* may exceed what is kept */
};

void inbound_begin(struct inbound *in);
/* Take what belongs to the request from the front of @data; returns how much that was.  Less than
 * @len only when the state is DONE or BROKEN afterwards. */
size_t inbound_feed(struct inbound *in, const char *data, size_t len);
/* Once done: may the connection be used for another request? */
static inline bool inbound_keep(const struct inbound *in)
{
	return in->rest.keep;
}
