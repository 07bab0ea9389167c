/* The swarm: is everybody in it, as what the spec says, and can it still decide. */
#include "lib/spec/addr.h"
#include "probe/judge.h"

static bool same_address(const char *a, const char *b)
{
	struct addr x = {0}, y = {0};

	return a && addr_parse(&x, a) && addr_parse(&y, b) && !memcmp(&x, &y, sizeof(x));
}

static const char *role_word(bool manager)
{
	return manager ? "manager" : "worker";
}

static void not_active(struct judge *j, const struct node_evidence *e)
{
	const struct facts *f = &e->answer.facts;
	struct health_result *r;

	switch (f->swarm) {
	case SWARM_LOCKED:
		r = found(j, e->node, HEALTH_FAIL, "its swarm is locked");
		remedy(j, r, "on the node: 'docker swarm unlock'");
		break;
	case SWARM_PENDING:
		r = found(j, e->node, HEALTH_FAIL, "still joining: %s",
			shown(j, f->swarm_error, 200));
		remedy(j, r, "are 2377/tcp and 7946 open between the private addresses?");
		break;
	case SWARM_ERROR:
		r = found(j, e->node, HEALTH_FAIL, "in trouble: %s", shown(j, f->swarm_error, 200));
		remedy(j, r, "on the node: 'journalctl -u docker'");
		break;
	default:
		r = found(j, e->node, HEALTH_FAIL, "in no swarm");
		remedy(j, r, "'svarm up' lets it join");
	}
}

void judge_member(struct judge *j, const struct node_evidence *e)
{
	const struct facts *f = &e->answer.facts;
	bool manager = e->node->roles & ROLE_MANAGER;
	struct health_result *r;

	if (skip_dockerless(j, e))
		return;
	if (f->swarm != SWARM_ACTIVE) {
		not_active(j, e);
	} else if (!same_address(f->swarm_address, e->node->private)) {
		r = found(j, e->node, HEALTH_FAIL,
			"known to the swarm as %s, not by its private address %s",
			shown(j, f->swarm_address, 60), e->node->private);
		remedy(j, r,
			"on the node: 'docker swarm leave'; then 'svarm up' lets it join anew");
	} else if (f->swarm_manager != manager) {
		r = found(j, e->node, HEALTH_FAIL, "a %s; the spec says %s",
			role_word(f->swarm_manager), role_word(manager));
		remedy(j, r, "on a manager: 'docker node %s' this node",
			manager ? "promote" : "demote");
	} else {
		found(j, e->node, HEALTH_OK, "%s at %s", role_word(manager), e->node->private);
	}
}

const struct fact_swarm_node *swarm_node(const struct facts *manager, const struct node_evidence *e)
{
	const char *id = e->answered ? e->answer.facts.swarm_node_id : NULL;

	if (id && *id)
		return facts_swarm_node_by_id(manager, id);
	return facts_swarm_node_by_address(manager, e->node->private);
}

void judge_ready(struct judge *j, const struct node_evidence *e)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	const struct fact_swarm_node *s;
	struct health_result *r;

	if (!m) {
		found(j, e->node, HEALTH_SKIP, "no manager of the swarm answers");
		return;
	}
	s = swarm_node(&m->answer.facts, e);
	if (!s) {
		r = found(j, e->node, HEALTH_FAIL, "%s does not know this node", m->node->name);
		remedy(j, r,
			"'svarm up' lets it join; if it is in another swarm, 'docker swarm leave' "
			"first");
	} else if (!s->ready) {
		r = found(j, e->node, HEALTH_FAIL, "down, says %s", m->node->name);
		if (e->answered && e->answer.facts.swarm == SWARM_ACTIVE &&
			!(e->node->roles & ROLE_MANAGER))
			remedy(j, r,
				"are 2377 and 7946 open between the private addresses?  If it is "
				"connected and yet down, 'svarm up' makes it connect anew, or, on "
				"the swarm's leader, 'ss -K -tn dst %s sport = :2377'",
				e->node->private);
		else
			remedy(j, r,
				"does its dockerd run, and is 7946 open between the private "
				"addresses?");
	} else if (!s->active) {
		r = found(j, e->node, HEALTH_WARN,
			"Ready, but it takes no tasks (drained or paused)");
		remedy(j, r, "on a manager: 'docker node update --availability active' this node");
	} else {
		found(j, e->node, HEALTH_OK, "Ready, says %s", m->node->name);
	}
}

/* Is this member of the swarm the one that a node of the spec is now? */
static bool is_ours(const struct evidence *ev, const struct fact_swarm_node *s)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct node_evidence *e = &ev->nodes[i];
		const char *id = e->answered ? e->answer.facts.swarm_node_id : NULL;

		if (id && *id ? !strcmp(id, s->id) : same_address(s->address, e->node->private))
			return true;
	}
	return false;
}

/* What a node was before it joined anew stays in the list, and with it its tasks. */
void judge_strangers(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	_cleanup_buf_ struct buf names = BUF_INIT;
	struct health_result *r;
	size_t n = 0;

	if (!m) {
		found(j, NULL, HEALTH_SKIP, "no manager of the swarm answers");
		return;
	}
	for (size_t i = 0; i < m->answer.facts.n_swarm_nodes; i++) {
		const struct fact_swarm_node *s = &m->answer.facts.swarm_nodes[i];

		if (is_ours(j->ev, s))
			continue;
		if (++n <= 3)
			buf_addf(&names, "%s%s (%s, %s)", n > 1 ? ", " : "",
				shown(j, s->hostname, 60), shown(j, s->id, 30),
				s->ready ? "Ready" : "Down");
	}
	if (!n) {
		found(j, NULL, HEALTH_OK, "%zu members, all of them in the spec",
			m->answer.facts.n_swarm_nodes);
		return;
	}
	r = found(j, NULL, HEALTH_WARN, "%zu member%s that the spec does not name: %s%s", n,
		n == 1 ? "" : "s", buf_str(&names), n > 3 ? ", …" : "");
	remedy(j, r, "for those that are gone, on a manager: 'docker node rm --force ID'");
}

/* What the managers decide needs more than half of them. */
void judge_quorum(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	size_t all = 0, reachable = 0, spare;
	struct health_result *r;

	if (!m) {
		r = found(j, NULL, HEALTH_FAIL, "no manager of a swarm answers");
		remedy(j, r,
			"see the rows of the managers above; with more than half of them gone, "
			"start one of those again before anything else");
		return;
	}
	for (size_t i = 0; i < m->answer.facts.n_swarm_nodes; i++) {
		all += m->answer.facts.swarm_nodes[i].manager;
		reachable += m->answer.facts.swarm_nodes[i].manager &&
			     m->answer.facts.swarm_nodes[i].reachable;
	}
	spare = reachable > all / 2 ? reachable - all / 2 - 1 : 0;
	if (reachable == all && all) {
		found(j, NULL, HEALTH_OK, "%zu of %zu managers reachable; %zu may be lost",
			reachable, all, spare);
		return;
	}
	r = found(j, NULL, reachable > all / 2 ? HEALTH_WARN : HEALTH_FAIL,
		"%zu of %zu managers reachable, says %s; %zu more may be lost", reachable, all,
		m->node->name, spare);
	remedy(j, r,
		"start the others again; for one that never comes back 'docker node demote', then "
		"'docker node rm --force'");
}
