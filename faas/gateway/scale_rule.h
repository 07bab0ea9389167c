/*
 * How many tasks a function should have: the decision alone, from settings and from what is known
 * at one moment.  No clock, no I/O.
 *
 * By load: the load of all tasks together, divided by what one should carry.  What comes out says
 * how many are needed, not how many more, so that a decision made while the last one still takes
 * effect cannot run away.  Upwards in steps and only when all tasks are ready; downwards to the
 * most that was needed lately, and never below what somebody else than us has set.  To zero: when
 * nobody has called for long enough.
 */
#pragma once

#include "faas/gateway/settings.h"
#include "lib/base/clock.h"

enum { SCALE_SLOTS = 16 };

/* What was needed lately.  All zero: nothing is known yet. */
struct scale_memory {
	usec_t since;                /* the first time it was asked */
	usec_t at;                   /* when the first slot began */
	unsigned peaks[SCALE_SLOTS]; /* most tasks needed, the latest slot first */
};

/* What load has added to the number that somebody else has set. */
struct scale_gift {
	unsigned base; /* that number */
	unsigned set;  /* the number now; when it is another one, we were not the last to set it */
};

/* A function at one moment. */
struct scale_facts {
	unsigned replicas, ready; /* tasks wanted, and those that take calls */
	unsigned floor;           /* from scale_floor() */
	bool load_known;
	double load;      /* of all tasks together, in the unit of settings.type */
	bool quiet;       /* known for sure: nothing under way, waiting or queued, anywhere */
	usec_t quiet_for; /* since the last call ended */
};

enum scale_verdict { SCALE_KEEP, SCALE_UP, SCALE_DOWN, SCALE_ZERO };

/* What to do now; *@ret_n, the number of tasks to have, is set unless SCALE_KEEP.  Fewer than
 * needed during the last @settle_for are not given. */
enum scale_verdict scale_rule(const struct settings *s, const struct scale_facts *f,
	struct scale_memory *m, usec_t now, usec_t settle_for, unsigned *ret_n);

/* The number below which load does not take a function that has @replicas tasks now. */
unsigned scale_floor(struct scale_gift *g, unsigned replicas);

/* How many tasks are added at once: settings.factor per cent of settings.max, rounded up. */
unsigned scale_step(const struct settings *s);
