/*
 * The Redis side of the worker: entries come out of the stream's consumer group, and are
 * acknowledged, kept alive, claimed from dead workers, or moved to the dead-letter stream.
 *
 * Two connections: one waits in XREADGROUP, the other one does the rest at once.  When either
 * breaks, both are opened again; what was read but not acknowledged stays ours in Redis meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/common/entry.h"
#include "faas/worker/config.h"

struct feed;

enum { FEED_ID_MAX = 48 };

/* An entry has come.  @fields is as entry_decode() wants it, borrowed.  @deliveries: how often it
 * has been given to a worker, this time included. */
typedef void (*feed_entry_fn)(
	void *arg, const char *id, const redisReply *fields, unsigned deliveries);

struct feed *feed_new(const struct config *c, feed_entry_fn on_entry, void *arg);
void feed_free(struct feed *f);

/* Connect when not connected and the back-off allows. */
bool feed_ensure(struct feed *f);
/* Milliseconds until feed_ensure() will try again; 0 when connected. */
int feed_retry_in_ms(const struct feed *f);
/* Ask for up to @count entries, unless a question is under way. */
void feed_ask(struct feed *f, unsigned count);
/* To wait on; -1 when no question is under way. */
int feed_fd(const struct feed *f);
/* feed_fd() is readable: take what is there; entries go to the callback. */
void feed_take(struct feed *f);

/* Take over up to @count entries whose worker has not touched them for too long. */
void feed_claim(struct feed *f, unsigned count);
/* Say that the @n entries of @ids are still being worked on. */
void feed_keep(struct feed *f, const char *const *ids, size_t n);

/* The entry is done: remembered, and told to Redis by the next feed_flush() that succeeds. */
void feed_ack(struct feed *f, const char *id);
/* Put @cmd (an XADD to the dead-letter stream) in Redis at once, and keep that stream to its
 * length. Negative when that did not work. */
int feed_bury(struct feed *f, const struct entry_command *cmd, struct err *err) _must_check_;
void feed_flush(struct feed *f);
/* Acknowledgements not told yet. */
size_t feed_unflushed(const struct feed *f);

/* Stop asking.  Entries that Redis has given us but that are not among the @n of @ids go to others
 * at once; so at the end with n = 0, where the consumer is removed when it holds nothing. */
void feed_release(struct feed *f, const char *const *ids, size_t n);
