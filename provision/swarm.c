/*
 * Membership of the swarm, and what the swarm knows about its nodes.  The leader starts it and sets
 * the labels that placement goes by; the others join by its private address.
 */
#include "provision/provision.h"

#include <stdio.h>
#include <string.h>

#include "lib/node/subnet.h"

static const struct {
	enum node_role role;
	const char *key, *why;
} labels[] = {
	{ROLE_WORKER, "svarm.worker", "functions run here"},
	{ROLE_DATABASE, "svarm.database", "Redis runs here"},
	{ROLE_INGRESS, "svarm.ingress", "nginx runs here"},
};

/* What the swarm takes ranges from by itself: its ingress network, and what users create. */
static const char *const pools[] = {
	"10.202.0.0/16",
	"10.218.0.0/16",
	"10.234.0.0/16",
	"10.250.0.0/16",
	NULL,
};

static const char *label_now(const struct facts *f, const struct spec_node *n, const char *key)
{
	const struct fact_swarm_node *node = facts_swarm_node_by_address(f, n->private);

	for (size_t i = 0; node && i < node->n_labels; i++)
		if (!strcmp(node->labels[i].key, key))
			return node->labels[i].value;
	return NULL;
}

/* A role the node never had needs no label; one it lost is said to be false. */
static void label_want(const struct spec_node *n, const struct spec_node *leader,
	const struct facts *f, size_t which, struct resource_set *want)
{
	const bool has = n->roles & labels[which].role;
	struct resource *r;

	if (!has && !label_now(f, n, labels[which].key))
		return;
	r = resource_add(want, RES_LABEL, labels[which].key,
		has ? labels[which].why : "the node no longer has this role");
	r->label.address = n->private;
	r->label.node = n->name;
	r->label.value = has ? "true" : "false";
	if (n != leader)
		r->label.promise = arena_printf(want->arena, "joined.%s", n->name);
}

int provision_swarm_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err)
{
	const struct spec_node *leader = cluster_leader(c);
	struct resource *r;

	r = resource_add(want, RES_SWARM, "swarm",
		n == leader ? "the swarm's first manager" : "a node of the swarm");
	r->swarm.init = n == leader;
	r->swarm.manager = n->roles & ROLE_MANAGER;
	r->swarm.address = n->private;
	r->swarm.leader = leader->private;
	r->swarm.pool = subnet_pick(pools, c, f);
	if (n != leader)
		return 0;

	for (size_t i = 0; i < c->n_nodes; i++)
		for (size_t j = 0; j < ARRAY_SIZE(labels); j++)
			label_want(&c->nodes[i], leader, f, j, want);
	return 0;
}
