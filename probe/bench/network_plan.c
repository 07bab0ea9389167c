/*
 * Which pairs of nodes are measured, and which at the same time: a tournament in which everybody
 * plays against everybody (the circle method), so that in each slot every node is in one pair at
 * most and nothing that is measured there disturbs another pair's end.
 */
#include "probe/bench/network.h"

#include "lib/base/xalloc.h"

size_t network_plan(size_t n, struct network_slot **ret)
{
	size_t places = n + n % 2, slots = places - 1, each = n / 2, used = 0;

	if (n < 2)
		return 0;
	if (slots * each > NETWORK_MOST_PAIRS)
		slots = MAX_OF(NETWORK_MOST_PAIRS / each, 1);
	*ret = xcalloc(slots * (places / 2), sizeof(**ret));
	for (size_t s = 0; s < slots; s++)
		for (size_t i = 0; i < places / 2; i++) {
			/* The last place stays, the others move round it. */
			size_t a = i ? (s + i) % (places - 1) : places - 1;
			size_t b = i ? (s + places - 1 - i) % (places - 1) : s;

			if (a < n && b < n)
				(*ret)[used++] = (struct network_slot){
					MIN_OF(a, b), MAX_OF(a, b), s};
		}
	return used;
}
