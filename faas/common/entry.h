/*
 * One accepted call in the queue: how it is written into the Redis stream, and read back.  The
 * fields of the stream entry are
 *   id, fn, path, qs, method, headers (JSON: [["Name","value"], …]), body (raw bytes), t
 * and, only where they say something,
 *   cb (callback), q (queue), ra rmin rmax rc (retry.h: attempts, pauses in ms, codes),
 *   n (attempts that a worker made before it gave the call back)
 * Unknown fields are ignored, so that versions may differ during an update.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "faas/common/retry.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ext/redis.h"

enum {
	ENTRY_MAX_BODY = 10 << 20,
	ENTRY_MAX_HEADERS = 100,
	ENTRY_MAX_URL = 32 << 10,
	ENTRY_MAX_HEADER_BYTES = 64 << 10,
	ENTRY_MAX_TRIED = 1000000,
};

struct entry_header {
	const char *name, *value;
};

struct entry {
	const char *call_id;
	const char *fn;
	const char *path;  /* as sent, begins with '/' */
	const char *query; /* as sent, without '?' */
	const char *method;
	const char *callback; /* NULL: none */
	struct entry_header *headers;
	size_t headers_n;
	const void *body;
	size_t body_len;
	uint64_t enqueued_ns; /* wall clock */
	const char *queue;    /* NULL: the common one */
	struct retry retry;
	unsigned tried; /* attempts made before */
};

/* The XADD command for @e.  The vectors are heap memory of the caller; what they point to is partly
 * borrowed from @e, partly in @a. */
struct entry_command {
	int argc;
	const char *argv[48];
	size_t lens[48];
	const char *queue; /* of the entry, borrowed; NULL: the common one */
};
void entry_encode(
	const struct entry *e, const char *stream, struct arena *a, struct entry_command *ret);

/* Append one more field; @value is borrowed. */
void entry_command_add(struct entry_command *c, const char *name, const char *value);

/* True when @s can stand in a request line as part of a path or query. */
bool entry_is_url_text(const char *s);

/* Decode the field list of a stream entry (an array of name, value, …).  Everything in @ret is
 * copied into @a.  -EBADMSG when a field is missing, malformed or over its cap. */
int entry_decode(const redisReply *fields, struct arena *a, struct entry *ret, struct err *err)
	_must_check_;
