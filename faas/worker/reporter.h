/*
 * Tells the gateways what this node's containers use: a thread that reads the control groups every
 * few seconds and pins the numbers up in Redis, for the scaling by processor use and for the status
 * of functions.  It is here because a queue worker runs on every node that functions run on.
 */
#pragma once

#include "faas/worker/config.h"

struct reporter;

/* Start; *@ret is NULL when the machine's tree of control groups was not given to us.  @c is
 * borrowed until reporter_stop(). */
int reporter_start(const struct config *c, struct reporter **ret, struct err *err) _must_check_;
/* NULL is fine.  Waits for a report under way, at most Redis' timeout. */
void reporter_stop(struct reporter *r);
