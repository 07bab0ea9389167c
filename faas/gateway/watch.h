/*
 * The watcher keeps the picture of the functions and nginx' configuration equal to what Docker
 * runs. One thread follows the event stream and only says "look again"; another one looks: soon
 * after an event, often while something is starting or stopping (Swarm has no events for tasks),
 * and every few seconds anyway.
 */
#pragma once

#include <stdbool.h>

#include "faas/gateway/config.h"
#include "faas/gateway/model.h"
#include "faas/gateway/nginx.h"

struct watch;

struct watch_health {
	bool docker_ok;    /* the last look succeeded, not long ago */
	bool nginx_ok;     /* the last configuration was accepted */
	char problem[256]; /* of either; "" when both are fine */
};

/* Start both threads.  @c and @n are borrowed for good. */
int watch_start(const struct config *c, struct nginx *n, struct watch **ret, struct err *err)
	_must_check_;
/* Ask for a look soon. */
void watch_kick(struct watch *w);
/* Wait until a look that began after this call has been put into effect, at most @timeout_ms.
 * True when it has. */
bool watch_settle(struct watch *w, int timeout_ms);
/* The picture now; NULL before the first look succeeded.  Owned by the caller (model_unref). */
struct model *watch_model(struct watch *w);
void watch_health(struct watch *w, struct watch_health *ret);
