/*
 * A notice board in Redis: each program pins up a hash of its own under PREFIX + its name, which
 * falls off when it is not renewed, and anybody reads them all.
 */
#pragma once

#include "lib/ext/redis.h"

struct board_note {
	const char *name, *value;
};

/* Replace the hash at @key in one step; gone after @expire_ms unless renewed. */
int board_pin(struct redis *r, const char *key, const struct board_note *notes, size_t n,
	long expire_ms, struct err *err) _must_check_;

/* A hash: names and values in turn, borrowed.  @who: its key behind the prefix. */
typedef void (*board_fn)(void *arg, const char *who, const redisReply *hash);

/* All hashes below @prefix, in any order; one may come twice.  What is no hash is passed over. */
int board_read(struct redis *r, const char *prefix, board_fn each, void *arg, struct err *err)
	_must_check_;
/* Pair @i of a hash: false behind the last one.  Values that are no strings end it too. */
bool board_note_at(const redisReply *hash, size_t i, struct board_note *ret, size_t *ret_len);
