/*
 * Inside probe/tool: the trials of `svarm-probe tuning`.  Each measures one number on the stage,
 * with a setting as it is by default or as svarm sets it; docs/bench.md says what they mean and
 * where the method comes from.
 */
#pragma once

#include "probe/tool/stage.h"

/* What svarm would set: from the spec. */
struct wanted {
	unsigned keepalive;
	unsigned body_buffer; /* bytes */
	unsigned backlog;
	const char *somaxconn; /* as text, for the kernel */
	const char *tw_reuse;
	double seconds; /* of one measurement under load */
};

struct trial {
	const char *setting, *what, *unit;
	bool higher; /* is better */
	/* Measure once.  @tuned: with the setting.  *@ret_note: a second number (trial.note). */
	int (*run)(struct stage *s, const struct wanted *w, bool tuned, double *ret,
		double *ret_note, struct err *err);
	const char *note; /* what the second number is; NULL: there is none */
};

extern const struct trial trials[];
extern const size_t n_trials;
