/*
 * Left to itself swarm takes 10.0.0.0/24, 10.0.1.0/24 …, which is where people's private networks
 * are: a container would then look for the cluster's own machines among containers.
 */
#include "lib/node/subnet.h"

#include <arpa/inet.h>

/* Do @address and @range begin with the same two bytes? */
static bool is_near(const char *address, const unsigned char range[4])
{
	unsigned char b[4];

	return address && inet_pton(AF_INET, address, b) == 1 && b[0] == range[0] &&
	       b[1] == range[1];
}

static bool in_use(const unsigned char range[4], const struct cluster *c, const struct facts *f)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (is_near(c->nodes[i].private, range) || is_near(c->nodes[i].address, range))
			return true;
	for (size_t i = 0; i < f->n_addresses; i++)
		if (is_near(f->addresses[i].address, range))
			return true;
	return false;
}

const char *subnet_pick(
	const char *const *candidates, const struct cluster *c, const struct facts *f)
{
	for (; *candidates; candidates++) {
		unsigned char range[4] = {0};
		char address[32];

		snprintf(address, sizeof(address), "%.*s", (int)strcspn(*candidates, "/"),
			*candidates);
		if (inet_pton(AF_INET, address, range) == 1 && !in_use(range, c, f))
			return *candidates;
	}
	return NULL;
}
