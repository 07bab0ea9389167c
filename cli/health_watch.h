/* `svarm health --watch`: the same probes again and again. */
#pragma once

#include "cli/session.h"
#include "probe/health.h"

struct health_watch {
	struct session *session;
	const struct health_options *options;
	int seconds; /* between the end of one round and the begin of the next */
	/* Told every finding, the first included; a negative return ends it all. */
	int (*each)(struct session *s, const struct health *h, struct err *err);
};

/*
 * Probe until the operator interrupts.  A terminal shows the latest finding; elsewhere the first
 * one and then a line for each row that changed its state; with --json each finding is a line.
 * *@ret_verdict is that of the last finding.
 */
int health_watch(struct health_watch *w, enum health_state *ret_verdict, struct err *err)
	_must_check_;

/* Append a line for each row of @now that is in another state than in @before, and for each that
 * was not well and is no more; @when: the time, in front of them. */
void health_changes(
	const struct health *before, const struct health *now, const char *when, struct buf *out);
