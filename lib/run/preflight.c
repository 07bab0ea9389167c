/*
 * What must hold before anything is planned on a node: a system we know, the private address really
 * there, room on the disk, a clock the swarm's certificates can live with, and no membership in
 * somebody else's swarm.  A node is ours only if its swarm node id is in the leader's list: workers
 * do not know the cluster's id, and "active" alone proves nothing.
 */
#include <math.h>

#include "lib/base/quote.h"
#include "lib/run/fleet_impl.h"

enum {
	MIN_VAR_KB = 1024 * 1024, /* images, docker's own files and apt's cache need that much */
	MAX_SKEW_SECONDS = 60,    /* swarm certificates are backdated one hour; TLS, raft and tokens
				     want far less */
};

static struct node_run *leader_of(struct fleet *f)
{
	return &f->nodes[cluster_leader(f->cluster)->index];
}

static int check_system(const struct facts *f, struct err *err)
{
	_cleanup_buf_ struct buf id = BUF_INIT;
	bool known = !strcmp(f->os_id, "debian") || !strcmp(f->os_id, "ubuntu");

	if (known)
		return 0;
	escape_text(&id, f->os_id, MIN_OF(strlen(f->os_id), 40), false);
	return err_set(err, -EOPNOTSUPP,
		"the node runs '%s'; svarm knows Debian (11 and later) and Ubuntu (18.04 and "
		"later)",
		buf_str(&id));
}

static int check_address(const struct node_run *nr, struct err *err)
{
	if (facts_address(&nr->facts, nr->node->private))
		return 0;
	return err_set(err, -EADDRNOTAVAIL,
		"private address %s is on none of the node's interfaces; correct it in the spec "
		"or bring the interface up",
		nr->node->private);
}

static int check_disk(const struct facts *f, struct err *err)
{
	if (f->docker_running || f->var_free_kb >= MIN_VAR_KB)
		return 0;
	return err_set(err, -ENOSPC, "/var has %ld MB free, %d MB are needed",
		f->var_free_kb / 1024, MIN_VAR_KB / 1024);
}

/* The node's clock minus ours, in seconds; the answer was made somewhere between ask and receipt.
 */
static double skew_of(const struct facts *f)
{
	return f->time - (f->asked + f->answered) / 2;
}

static int check_clock(struct node_run *nr, const struct node_run *leader, struct err *err)
{
	double skew = skew_of(&nr->facts) - skew_of(&leader->facts);

	if (fabs(skew) <= MAX_SKEW_SECONDS)
		return 0;
	return err_set(err, -ETIME,
		"the clock is %.0f s %s %s's; set it (timedatectl set-ntp true), then run again",
		fabs(skew), skew > 0 ? "ahead of" : "behind", leader->node->name);
}

/* Nobody else of the spec may be in a swarm while the leader is in none: it would be a foreign one.
 */
static int check_not_elsewhere(
	const struct node_run *leader, const struct node_run *other, struct err *err)
{
	if (leader->facts.swarm == SWARM_ACTIVE || other->facts.swarm != SWARM_ACTIVE)
		return 0;
	return err_set(err, -EEXIST,
		"%s is in a swarm, but this node, the leader, is not; put a manager of that swarm "
		"first in the spec, or 'docker swarm leave' on %s",
		other->node->name, other->node->name);
}

/* A node that is in no swarm any more still stands in the leader's list, with its labels: a ghost
 * that must not be taken for the member it will be.  (Other threads read the ids of the list, never
 * the addresses.) */
static void forget_ghosts(struct node_run *leader, const struct node_run *other)
{
	struct facts *f = &leader->facts;

	if (other->facts.swarm != SWARM_INACTIVE)
		return;
	for (size_t i = 0; i < f->n_swarm_nodes; i++)
		if (!strcmp(f->swarm_nodes[i].address, other->node->private))
			f->swarm_nodes[i].address = "";
}

/* The leader's part: what the other nodes say about themselves decides what it plans for them. */
static int compare_with_others(struct node_run *leader, struct err *err)
{
	struct fleet *f = leader->fleet;
	char promise[300];
	int r;

	for (size_t i = 0; i < f->n; i++) {
		const struct node_run *other = &f->nodes[i];

		if (other == leader)
			continue;
		snprintf(promise, sizeof(promise), "facts.%s", other->node->name);
		r = promise_wait(f->promises, promise, f->options.cancel, NULL);
		if (r == ERR_INTR)
			return err_set(err, r, "interrupted");
		if (r < 0)
			continue;
		r = check_not_elsewhere(leader, other, err);
		if (r < 0)
			return r;
		forget_ghosts(leader, other);
	}
	return 0;
}

static int check_member(struct node_run *nr, const struct node_run *leader, struct err *err)
{
	if (nr->facts.swarm != SWARM_ACTIVE)
		return 0;
	if (leader->facts.swarm == SWARM_ACTIVE && leader->facts.swarm_manager &&
		facts_swarm_node_by_id(&leader->facts, nr->facts.swarm_node_id))
		return 0;
	return err_set(err, -EEXIST,
		"the node is a member of another swarm (%s does not know it); nothing was changed; "
		"'docker swarm leave' there if that swarm is no longer wanted",
		leader->node->name);
}

static int wait_for_leader(struct node_run *nr, const struct node_run *leader, struct err *err)
{
	char promise[300];
	int r;

	snprintf(promise, sizeof(promise), "facts.%s", leader->node->name);
	events_state(nr->fleet->options.events, nr->node->index, "waiting for %s's facts",
		leader->node->name);
	r = promise_wait(nr->fleet->promises, promise, nr->fleet->options.cancel, err);
	return r < 0 ? err_wrap(err, "unable to compare with the leader") : 0;
}

int node_preflight(struct node_run *nr, struct err *err)
{
	const struct node_run *leader = leader_of(nr->fleet);
	int r;

	if ((r = check_system(&nr->facts, err)) < 0 || (r = check_address(nr, err)) < 0 ||
		(r = check_disk(&nr->facts, err)) < 0)
		return r;
	if (nr->facts.cloud_init_failed)
		events_notice(nr->fleet->options.events, nr->node->index,
			"cloud-init ended with errors (see 'cloud-init status --long' there); "
			"going on");
	if (nr == leader)
		return compare_with_others(nr, err);
	r = wait_for_leader(nr, leader, err);
	if (r < 0)
		return r;
	r = check_clock(nr, leader, err);
	return r < 0 ? r : check_member(nr, leader, err);
}
