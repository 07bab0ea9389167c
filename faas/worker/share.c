/* The fair share of a queue: see share.h. */
#include "faas/worker/share.h"

bool share_allows(size_t own, size_t all, size_t max, size_t queues)
{
	size_t free = all < max ? max - all : 0;

	if (!free)
		return false;
	if (queues <= 1 || !own)
		return true;
	return free > 1 && own < 3 * free;
}

size_t share_room(size_t own, size_t all, size_t max, size_t queues, size_t most)
{
	size_t n = 0;

	while (n < most && share_allows(own + n, all + n, max, queues))
		n++;
	return n;
}
