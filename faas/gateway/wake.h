/*
 * Waking functions up.  nginx hands a call to a function without a ready task over to the daemon,
 * without its body; here it waits until the watcher has put a ready task into nginx' table, and is
 * answered with the internal location where nginx then makes the call itself, body and all.
 *
 * However many callers wait for a function, it is woken once: its number of tasks is set to its
 * minimum if it is zero (and left alone if not: then tasks are on their way).  Several gateways may
 * do so at once.  Who waits is bounded, per function and in all, and so is how long.
 */
#pragma once

#include "faas/gateway/watch.h"
#include "lib/ext/httpd.h"

struct wake;

/* @c and @watch are borrowed for good. */
int wake_start(const struct config *c, struct watch *watch, struct wake **ret, struct err *err)
	_must_check_;
/* Answer the call @rq to @target ("NAME[.NAMESPACE][/path]"), at once or later.  Called on an event
 * thread. */
void wake_call(struct wake *w, struct httpd_request *rq, const char *target);
/* Callers that wait now. */
size_t wake_waiting(struct wake *w);
/* Whether somebody here waits for @name. */
bool wake_wanted(struct wake *w, const char *name);
