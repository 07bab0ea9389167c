/*
 * Those who listen to a run's events: a terminal with one live line per node, plain lines for logs
 * and CI, JSON lines for programs.  Add them with events_add_reporter(), which takes them over.
 * The FILE stays the caller's: it must outlive the reporter, and its ferror() tells afterwards
 * whether everything could be written.
 *
 * Those for people leave the run's own summary and error (EVENT_RUN_FINISHED) to the caller, who
 * prints them last, after the answer.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "lib/run/event.h"

/*
 * One line per node at the bottom of the terminal @f, redrawn in place; notices scroll by above.
 * The last state of each node stays on the screen, failed ones in red.
 * @color: use colours (cursor movements are used in any case).
 */
struct reporter *reporter_live(FILE *f, bool color);

/*
 * Make the terminal of a live reporter usable again (show the cursor): for a signal handler that
 * is about to end or suspend the process.  Async-signal-safe; does nothing when there is none.
 */
void reporter_live_restore(void);

/* How much reporter_plain() says. */
enum {
	VERBOSITY_QUIET = -1, /* failures only */
	VERBOSITY_NORMAL = 0, /* steps done, notices, failures, the summary; a sign of life from
				 steps that take long */
	VERBOSITY_MORE = 1,   /* what each node is doing, too */
	VERBOSITY_ALL = 2,    /* every event */
};
struct reporter *reporter_plain(FILE *f, int verbosity);

/* One JSON object per event and line; each is flushed.  @run_id is copied. */
struct reporter *reporter_json(FILE *f, const char *run_id);
