/* Decisions after a call: see verdict.h. */
#include "faas/worker/verdict.h"

#include <errno.h>

enum verdict verdict_of(const struct retry *retry, int code, int status, bool no_task)
{
	if (code == -ECONNREFUSED || code == -ENOENT)
		return VERDICT_WAIT; /* the gateway itself is away */
	if (code < 0)
		return VERDICT_RETRY;
	if (status == 503 && no_task)
		return VERDICT_WAIT;
	return retry_wants(retry, status) ? VERDICT_RETRY : VERDICT_DONE;
}

long backoff_ms(long base, long max, unsigned tries, unsigned random)
{
	long pause = base;

	while (tries-- && pause < max)
		pause *= 4;
	if (pause > max)
		pause = max;
	return pause - (long)(random % 1000) * pause / 2000;
}
