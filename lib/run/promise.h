/*
 * What one node waits for and another one brings: "the lock is held", "the leader's swarm is up,
 * here is the token", "lab-2 has joined".  A promise is made by naming it, kept once (with an
 * optional value) or broken once (with the reason).  There are no barriers: a node goes on as soon
 * as what it needs is there.  All functions may be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct promises;

enum promise_state { PROMISE_PENDING, PROMISE_KEPT, PROMISE_BROKEN };

struct promises *promises_new(void);
/* Wipes the values. NULL-safe. */
void promises_free(struct promises *p);
/* Keep @name with @len bytes of value (copied; may be NULL).  Without effect when it is settled. */
void promise_keep(struct promises *p, const char *name, const char *value, size_t len);
/* Break @name.  Without effect when it is settled. */
void promise_break(struct promises *p, const char *name, const char *reason);
/* How @name stands.  Kept: *@value, *@len are borrowed until promises_free().  Broken: the reason
 * is in
 * @err (ERR_PROMISE).  Both may be NULL. */
enum promise_state promise_poll(
	struct promises *p, const char *name, const char **value, size_t *len, struct err *err);
/* Wait for @name.  0 when kept, ERR_PROMISE when broken, ERR_INTR when *@cancel turns true. */
int promise_wait(struct promises *p, const char *name, const bool *cancel, struct err *err)
	_must_check_;
