/*
 * The apply script of one node: the functions of templates/apply.sh, one call a step, and the
 * frames of input in the order the calls read them.
 */
#pragma once

#include "lib/node/change.h"

struct script {
	struct buf text;
	const struct frame **frames; /* borrowed from the change set and the arena */
	size_t n_frames, cap_frames;
};

struct script_role {
	bool leader;       /* takes the lock, hands out tokens, holds on until all are done */
	bool swarm_exists; /* the leader's swarm was there before this run */
	const char *owner; /* for the lock: "user@host run 1a2b", printable */
};

#define PROMISE_LOCK     "lock"     /* the leader holds the run's lock */
#define PROMISE_ALL_DONE "all.done" /* every other node has ended, well or badly */

/* Compile @set.  @ret must be zeroed; its text is owned (script_done), the rest lives in @arena. */
int script_compile(const struct change_set *set, const struct script_role *role,
	struct arena *arena, struct script *ret, struct err *err) _must_check_;
void script_done(struct script *s);
