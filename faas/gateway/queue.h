/*
 * Storing accepted calls: one thread, one Redis connection, and as many XADDs in one round trip as
 * have gathered meanwhile.  So the rate does not depend on the round-trip time, and an HTTP thread
 * never waits for Redis.
 */
#pragma once

#include <stdbool.h>

#include "faas/common/entry.h"
#include "lib/ext/redis.h"

struct queue;

/* How a call was received: called once for each queue_add(), on the queue's thread.  @problem is
 * NULL when Redis has acknowledged it, else why not. */
typedef void (*queue_done_fn)(void *arg, const char *problem);

/* @password is borrowed for good. */
int queue_start(const struct redis_address *a, const char *password, struct queue **ret,
	struct err *err) _must_check_;
/* Hand over one command; what it points to must live until @done. */
void queue_add(struct queue *q, const struct entry_command *cmd, queue_done_fn done, void *arg);
/* True when Redis answered lately; else @ret_problem (may be NULL) says why, in @size bytes. */
bool queue_healthy(struct queue *q, char *ret_problem, size_t size);
