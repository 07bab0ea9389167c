/*
 * The overlay network that joins the containers.  Its range is chosen here, away from every address
 * known to be in use (lib/node/subnet.c says why).
 */
#include "faas/parts.h"

#include "lib/node/subnet.h"

/* Away from the swarm's own pool (provision/swarm.c) and from dockerd's bridges.  4094 tasks fit
 * each. */
static const char *const ranges[] = {
	"10.201.0.0/20",
	"10.217.0.0/20",
	"10.233.0.0/20",
	"10.249.0.0/20",
	NULL,
};

enum { ETHERNET_MTU = 1500 };

void network_want(const struct cluster *c, const struct facts *f, struct resource_set *want)
{
	struct resource *r = resource_add(want, RES_NETWORK, "svarm", "joins the containers");
	const struct fact_address *home = facts_address(f, cluster_leader(c)->private);

	r->network.subnet = subnet_pick(ranges, c, f);
	/* What the private network carries; the overlay driver takes its 50 bytes off by itself. */
	if (home && home->mtu > 0 && home->mtu < ETHERNET_MTU)
		r->network.mtu = home->mtu;
}
