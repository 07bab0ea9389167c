/* The ordered stages of a run: see flows.h. */
#include "cli/flows.h"

#include "lib/node/undo.h"
#include "provision/provision.h"
#include "tune/tune.h"

static void ask(void *arg, const struct spec_node *node, struct buf *question)
{
	struct flow_context *x = arg;

	provision_ask(x->cluster, node, question);
	tune_ask(x->cluster, node, question);
	faas_ask(x->cluster, node, question);
}

static int want(void *arg, const struct spec_node *node, const struct facts *facts,
	struct resource_set *set, struct err *err)
{
	struct flow_context *x = arg;
	int r;

	r = provision_want(x->cluster, node, facts, set, err);
	if (r < 0)
		return err_wrap(err, "provision");
	r = tune_want(x->cluster, node, facts, set, err);
	if (r < 0)
		return err_wrap(err, "tune");
	r = provision_swarm_want(x->cluster, node, facts, set, err);
	if (r < 0)
		return err_wrap(err, "swarm");
	r = faas_want(x->cluster, node, facts, x->faas, set, err);
	return r < 0 ? err_wrap(err, "faas") : 0;
}

struct fleet_flow flow_converge(struct flow_context *x)
{
	return (struct fleet_flow){.ask = ask, .want = want, .arg = x};
}

static void ask_down(void *arg, const struct spec_node *node, struct buf *question)
{
	undo_ask(question);
}

static int changes_down(void *arg, const struct spec_node *node, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	struct flow_context *x = arg;
	struct undo_role role = {.leader = node == cluster_leader(x->cluster)};
	const char **tags = NULL;
	size_t n = 0, cap = 0;

	/* Images of ours by their repository; tags carry a content hash. */
	for (size_t i = 0; i < facts->n_images; i++)
		if (!strncmp(facts->images[i].tag, "svarm/", 6))
			*arena_push(ret->arena, tags, n, cap) = facts->images[i].tag;
	*arena_push(ret->arena, tags, n, cap) = NULL;
	role.images = tags;
	return undo_changes(facts, &role, ret, err);
}

struct fleet_flow flow_down(struct flow_context *x)
{
	return (struct fleet_flow){.ask = ask_down, .changes = changes_down, .arg = x};
}
