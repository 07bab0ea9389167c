/*
 * The account of calls through the queue: what was sent, accepted and called back, and from that
 * what was lost, came twice or came back as something else.  Pure: whoever sends and listens tells
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "probe/load/hist.h"

enum {
	TALLY_NONCE = 32,
	TALLY_MAX = 1000000, /* calls of one run */
	TALLY_TEXT = 64,     /* longest body and path of a call, with its end */
};

/* Times are ns of one clock. */
struct tally_call {
	uint64_t sent;
	unsigned callbacks;
	bool accepted, same; /* same: the first callback brought our body back */
};

struct tally {
	char nonce[TALLY_NONCE + 1]; /* so that nobody else's callbacks count */
	uint32_t n;
	struct tally_call *calls;      /* owned */
	uint32_t sent, accepted;       /* accepted: answered 202 */
	uint32_t refused, unanswered;  /* another status; none */
	int refused_status;            /* the latest */
	uint32_t called_back;          /* calls with at least one callback */
	uint32_t accepted_called_back; /* of those accepted */
	uint32_t duplicated;           /* callbacks after a call's first */
	uint32_t same;                 /* first callbacks with our body */
	uint32_t failed;               /* first callbacks of calls that the function failed */
	int failed_status;             /* the latest */
	uint64_t first_sent, last_answer, first_back, last_back;
	struct hist end_to_end; /* of first callbacks, from sending */
};

/* @ret must be zeroed; @nonce has TALLY_NONCE hexadecimal digits.  Owned (tally_done). */
void tally_init(struct tally *ret, const char *nonce, uint32_t n);
void tally_done(struct tally *t);

/* What call @i sends, and the path its callback comes to. */
void tally_body(const struct tally *t, uint32_t i, char ret[TALLY_TEXT]);
void tally_path(const struct tally *t, uint32_t i, char ret[TALLY_TEXT]);
/* The call whose path this is; false: none of ours. */
bool tally_find(const struct tally *t, const char *path, uint32_t *ret);

void tally_sent(struct tally *t, uint32_t i, uint64_t now);
/* @status 0: no answer came. */
void tally_answered(struct tally *t, uint32_t i, int status, uint64_t now);
/* @status: of the function, as the callback says; 0: it does not. */
void tally_called_back(struct tally *t, uint32_t i, int status, bool same, uint64_t now);

/* Accepted and never called back. */
uint32_t tally_lost(const struct tally *t);
/* Most answers are what was sent, so the function is one that echoes, and others are wrong. */
bool tally_echoes(const struct tally *t);

/* Append one JSON object and a newline. */
void tally_json(const struct tally *t, struct buf *out);
