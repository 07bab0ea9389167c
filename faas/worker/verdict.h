/* What to do after a call: pure decisions, apart from the machinery. */
#pragma once

#include <stdbool.h>

#include "faas/common/retry.h"
#include "lib/base/clock.h"

enum verdict {
	VERDICT_DONE,  /* the function has answered */
	VERDICT_RETRY, /* it failed: an attempt is used up */
	VERDICT_WAIT,  /* it has not run at all: try again, costs no attempt */
};

/* @code: of http_call(); @status: when that is 0; @no_task: the gateway said that no instance runs.
 * @retry: which statuses are tried again. */
enum verdict verdict_of(const struct retry *retry, int code, int status, bool no_task);

/* Pause before the next try: @base times four for each of the @tries before, at most @max, less a
 * random part of up to a half (@random: any number).  In milliseconds. */
long backoff_ms(long base, long max, unsigned tries, unsigned random);
