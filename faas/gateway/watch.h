/*
 * The watcher keeps the picture of the functions and nginx' table equal to what Docker runs.  One
 * thread follows the event stream and only says "look again"; another one looks: soon after an
 * event, often while something is starting or stopping (Swarm has no events for tasks), and every
 * few seconds anyway; and it probes new tasks, which calls reach once they answer.
 */
#pragma once

#include <stdbool.h>

#include "faas/gateway/config.h"
#include "faas/gateway/model.h"
#include "faas/gateway/nginx.h"
#include "faas/gateway/plane.h"

struct watch;

struct watch_health {
	bool docker_ok;    /* the last look succeeded, not long ago */
	bool nginx_ok;     /* it has the last table */
	char problem[256]; /* of either; "" when both are fine */
};

/* Start both threads.  @c, @n and @p are borrowed for good. */
int watch_start(const struct config *c, struct nginx *n, struct plane *p, struct watch **ret,
	struct err *err) _must_check_;
/* Wait until Docker's functions are known, at most @timeout_ms.  True when they are; then the table
 * lies ready for an nginx that starts. */
bool watch_known(struct watch *w, int timeout_ms);
/* Have @changed called, on the watcher's thread, after every look whose table nginx has; @m is
 * borrowed until it returns.  One listener; set it once. */
void watch_listen(struct watch *w, void (*changed)(void *arg, const struct model *m), void *arg);
/* Look at Docker every 25 ms or so for the next @ms milliseconds: a task is about to start. */
void watch_hurry(struct watch *w, int ms);
/* Ask for a look soon. */
void watch_kick(struct watch *w);
/* Wait until nginx has the table of a look that began after this call, at most @timeout_ms.  True
 * when it has. */
bool watch_settle(struct watch *w, int timeout_ms);
/* The picture now; NULL before the first look succeeded.  Owned by the caller (model_unref). */
struct model *watch_model(struct watch *w);
/* The same, but not later than nginx has it: who calls a function may queue a call of it as well.
 */
struct model *watch_newest(struct watch *w);
void watch_health(struct watch *w, struct watch_health *ret);
