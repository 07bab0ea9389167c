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
	bool settle; /* at the end the leader waits for all services to run: one step more than
			the change set has */
	const char *owner; /* for the lock: "user@host run 1a2b", printable */
};

#define PROMISE_LOCK     "lock"     /* the leader holds the run's lock */
#define PROMISE_ALL_DONE "all.done" /* every other node has ended; a value: one failed */

/* Compile @set.  @ret must be zeroed; its text is owned (script_done), the rest lives in @arena. */
int script_compile(const struct change_set *set, const struct script_role *role,
	struct arena *arena, struct script *ret, struct err *err) _must_check_;
void script_done(struct script *s);

/* Title of step @number (from 1) of the script; "?" for a number that a node made up. */
const char *script_step_title(const struct change_set *set, size_t number);
