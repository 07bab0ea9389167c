/* Signals: the operator's wish to stop, and terminals and pipes that go away. */
#pragma once

#include <stdbool.h>

/* Once a run has begun (signals_defer), *cli_cancel turns true at the first SIGINT, SIGTERM or
 * SIGHUP and stays so: give it to whatever can take long.  A second SIGINT ends the process at once
 * with EXIT_INTERRUPTED; before a run has begun the first signal does. */
extern const bool *const cli_cancel;

/* Install the handlers and make sure that file descriptors 0 to 2 are open. */
void signals_init(void);
/* From now on nodes may be in the middle of something. */
void signals_defer(void);
/* Has the operator asked to stop? */
bool signals_cancelled(void);
