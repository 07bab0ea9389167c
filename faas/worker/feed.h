/*
 * The Redis side of the worker: entries come out of the consumer group of each queue, and are
 * acknowledged, kept alive, claimed from dead workers, given back, or moved to the dead-letter
 * stream.  Every change names this worker as the owner and does nothing when it is not: a worker
 * that was stopped for a while and wakes up changes nothing of what others have taken over.
 *
 * Three connections: one waits in XREADGROUP; one carries acknowledgements, whose answers are
 * taken when they come; the third does the rest at once.  When one breaks, all are opened again;
 * what was read but not acknowledged stays ours in Redis meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/worker/config.h"
#include "faas/worker/lane.h"

struct feed;

/* An entry has come.  @fields is as entry_decode() wants it, borrowed.  @deliveries: how often it
 * has been given to a worker, this time included. */
typedef void (*feed_entry_fn)(void *arg, struct lane *lane, const char *id,
	const redisReply *fields, unsigned deliveries);

struct feed *feed_new(const struct config *c, feed_entry_fn on_entry, void *arg);
void feed_free(struct feed *f);

/* Connect when not connected and the back-off allows. */
bool feed_ensure(struct feed *f);
/* Milliseconds until feed_ensure() will try again; 0 when connected. */
int feed_retry_in_ms(const struct feed *f);

/* The queues to serve.  Pointers stay good while a lane holds jobs. */
struct lane *const *feed_lanes(const struct feed *f, size_t *ret_n);
/* Look which queues there are, when it is time to; forget those long empty. */
void feed_look(struct feed *f);

/* Ask for entries of every lane up to its `want`, @count at most in all, unless a question is under
 * way that includes them. */
void feed_ask(struct feed *f, unsigned count);
/* To wait on, each -1 when no question is under way. */
void feed_fds(const struct feed *f, int *ret_reader, int *ret_acks);
/* Take what is there to read; entries go to the callback. */
void feed_take(struct feed *f);
void feed_take_acks(struct feed *f);

/* Take over up to @count entries whose worker has not touched them for too long.  True when there
 * may be more: a worker that died may have held many that waited for their next attempt. */
bool feed_claim(struct feed *f, unsigned count);
/* Say that the @n entries @ids of @lane are still being worked on.  @lost is told of each that is
 * not ours any more. */
void feed_keep(struct feed *f, struct lane *lane, const char *const *ids, size_t n,
	void (*lost)(void *arg, struct lane *lane, const char *id));

/* The entry is done: remembered, and told to Redis by the next feed_flush() that succeeds. */
void feed_ack(struct feed *f, struct lane *lane, const char *id);
void feed_flush(struct feed *f);
/* Acknowledgements not told yet. */
size_t feed_unflushed(const struct feed *f);

/* Move an entry to the dead-letter stream, with fields "reason", "status" and "attempts", at once.
 * Negative when that did not work. */
int feed_bury(struct feed *f, struct lane *lane, const char *id, const char *reason, int status,
	unsigned attempts, struct err *err) _must_check_;

/* Stop asking. */
void feed_close(struct feed *f);
/* Put what Redis has given us back to the end of its queue, for any worker, but for the jobs that
 * @keep (may be NULL) says true to.  @tried says how many attempts an entry has had; both get
 * @arg.  At the end, with no @keep, the consumer is removed as well. */
void feed_release(struct feed *f, bool (*keep)(void *arg, struct lane *lane, const char *id),
	unsigned (*tried)(void *arg, struct lane *lane, const char *id), void *arg);
