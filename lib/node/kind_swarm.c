/*
 * Swarm membership of a node.  A node that is in some swarm already is never forced out: whether it
 * is *our* swarm is checked where the leader's node list is known (lib/run/preflight.c).
 */
#include "lib/node/kind.h"

static int unusable(const struct facts *facts, struct arena *a, struct err *err)
{
	switch (facts->swarm) {
	case SWARM_LOCKED:
		return err_set(err, -EPERM, "the swarm is locked; run 'docker swarm unlock' there");
	case SWARM_ERROR:
		return err_set(err, -EIO, "the swarm is in error (%.200s); see 'docker info' there",
			change_text(a, facts->swarm_error));
	default:
		return err_set(err, -EAGAIN,
			"a join is under way; see 'docker info' there, try again in a minute");
	}
}

static int diff_active(
	const struct resource *r, const struct facts *facts, struct arena *a, struct err *err)
{
	if (strcmp(facts->swarm_address, r->swarm.address))
		return err_set(err, -EADDRNOTAVAIL,
			"the node advertises '%.60s' in its swarm, the spec says '%s'; "
			"'docker swarm leave' there, then run again",
			change_text(a, facts->swarm_address), r->swarm.address);
	if (facts->swarm_manager != r->swarm.manager)
		return err_set(err, -EEXIST,
			"the node is a %s of the swarm, the spec says %s; 'docker node %s' it on a "
			"manager, then run again",
			facts->swarm_manager ? "manager" : "worker",
			r->swarm.manager ? "manager" : "worker",
			r->swarm.manager ? "promote" : "demote");
	return 0;
}

/* On the leader: a member that left and came back stands in the list twice.  The dead entry would
 * be counted as a missing node for ever. */
static void forget_old(const struct facts *facts, struct change_set *ret)
{
	for (size_t i = 0; i < facts->n_swarm_nodes; i++) {
		const struct fact_swarm_node *old = &facts->swarm_nodes[i], *living;
		struct resource r = {.kind = RES_SWARM, .why = "came back under a new id"};
		struct step *s;

		living = facts_swarm_node_by_address(facts, old->address);
		if (old->ready || !*old->address || !living->ready)
			continue;
		r.name = arena_printf(
			ret->arena, "old member %.12s", change_text(ret->arena, old->id));
		s = step_add(ret, 30 * USEC_PER_SEC, "forget the %s", r.name);
		step_call(ret, s, "swarm_forget", old->id, NULL);
		change_add(ret, CHANGE_REMOVE, &r,
			arena_printf(ret->arena, "down at %.60s", old->address), NULL);
	}
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	const char *role = r->swarm.manager ? "manager" : "worker";
	const char *token = r->swarm.manager ? "token.manager" : "token.worker";
	struct step *s;

	if (facts->swarm == SWARM_ACTIVE && r->swarm.init)
		forget_old(facts, ret);
	if (facts->swarm == SWARM_ACTIVE)
		return diff_active(r, facts, ret->arena, err);
	if (facts->swarm != SWARM_INACTIVE)
		return unusable(facts, ret->arena, err);
	if (r->swarm.init) {
		s = step_add(ret, 60 * USEC_PER_SEC, "start a swarm on %s", r->swarm.address);
		step_call(ret, s, "swarm_init", r->swarm.address,
			r->swarm.pool ? r->swarm.pool : "", NULL);
	} else {
		s = step_add(ret, 90 * USEC_PER_SEC, "join the swarm as %s", role);
		step_call(ret, s, "swarm_join", r->swarm.address, r->swarm.leader, NULL);
		/* Awaited too: the leader may be long at it, which is not this step's time. */
		step_await(ret, s, token);
		step_promise(ret, s, token);
	}
	change_add(ret, CHANGE_CREATE, r, "inactive",
		arena_printf(
			ret->arena, "%s at %s", r->swarm.init ? "leader" : role, r->swarm.address));
	return 0;
}

const struct kind kind_swarm = {.name = "swarm", .diff = diff};
