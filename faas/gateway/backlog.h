/*
 * How long the queues of asynchronous calls are, as Redis says every few seconds: for the metrics,
 * and so that no function is put to sleep while calls for it may be waiting.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/ext/redis.h"

struct backlog;

struct backlog *backlog_new(void);
/* Ask Redis about all queues.  On failure what was known is forgotten. */
int backlog_refresh(struct backlog *b, struct redis *r, struct err *err) _must_check_;
/* Redis cannot be asked. */
void backlog_forget(struct backlog *b);
/* True when it is known that queue @name (NULL: the common one) holds no call, be it waiting, under
 * way, or to be repeated. */
bool backlog_empty(struct backlog *b, const char *name);
/* Append the metrics; none when nothing is known. */
void backlog_print(struct backlog *b, struct buf *out);
