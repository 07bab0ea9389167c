/*
 * The overlay network.  Left to itself swarm takes 10.0.1.0/24 or the like, which is where people's
 * private networks are: a container would then look for the cluster's own machines among
 * containers. So the range is chosen here, away from every address known to be in use.
 */
#include "faas/parts.h"

#include <arpa/inet.h>

/* Away from swarm's own pool, which it fills from 10.0.0.0 up, and from dockerd's bridges.  4094
 * tasks fit each. */
static const struct {
	const char *range;
	unsigned char second; /* byte of the addresses in it */
} ranges[] = {
	{"10.201.0.0/20", 201},
	{"10.217.0.0/20", 217},
	{"10.233.0.0/20", 233},
	{"10.249.0.0/20", 249},
};

enum { ETHERNET_MTU = 1500 };

/* Is @address in 10.@second.0.0/16? */
static bool is_near(const char *address, unsigned char second)
{
	unsigned char b[4];

	return address && inet_pton(AF_INET, address, b) == 1 && b[0] == 10 && b[1] == second;
}

static bool in_use(const struct cluster *c, const struct facts *f, unsigned char second)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (is_near(c->nodes[i].private, second) || is_near(c->nodes[i].address, second))
			return true;
	for (size_t i = 0; i < f->n_addresses; i++)
		if (is_near(f->addresses[i].address, second))
			return true;
	return false;
}

void network_want(const struct cluster *c, const struct facts *f, struct resource_set *want)
{
	struct resource *r = resource_add(want, RES_NETWORK, "svarm", "joins the containers");
	const struct fact_address *home = facts_address(f, cluster_leader(c)->private);

	for (size_t i = 0; i < ARRAY_SIZE(ranges) && !r->network.subnet; i++)
		if (!in_use(c, f, ranges[i].second))
			r->network.subnet = ranges[i].range;
	/* What the private network carries; the overlay driver takes its 50 bytes off by itself. */
	if (home && home->mtu > 0 && home->mtu < ETHERNET_MTU)
		r->network.mtu = home->mtu;
}
