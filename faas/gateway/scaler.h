/*
 * The autoscaler: a thread that reads the calls of all functions every few seconds and changes
 * their number of tasks as scale_rule.h says.
 *
 * Each gateway tells Redis its own counters and reads everybody's; the one that holds the lease
 * there decides for all.  While Redis is away a gateway decides alone if its manager is the only
 * one; of several none does, for none knows what the others see: the numbers stay as they are.  No
 * function is put to sleep then.  The same thread keeps struct usage and struct backlog fresh.
 */
#pragma once

#include "faas/gateway/api.h"

/* @parts but its member scaler must be complete, and is borrowed for good. */
int scaler_start(const struct parts *parts, struct scaler **ret, struct err *err) _must_check_;
/* Whether this gateway is the one that decides. */
bool scaler_decides(struct scaler *s);
