/*
 * Which commands are to run in which containers.  Every node with a container of ours writes to
 * Redis and exchanges bytes with every such container on every other node, so that each pair of
 * nodes is tried both ways; one manager sends a call through the queue, and asks how it stands
 * there.
 */
#include "probe/evidence.h"

#include <stdio.h>

static const struct {
	const char *service, *program;
} programs[] = {
	{"svarm_gateway", "/svarm-gateway"},
	{"svarm_queue-worker", "/svarm-queue-worker"},
};

enum { PEER_PORT = 7007, MAX_PEERS = 256 };

const char *probe_program(const char *service)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!strcmp(programs[i].service, service))
			return programs[i].program;
	return NULL;
}

const struct container *probe_container(const struct node_evidence *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		for (size_t j = 0; j < e->answer.n_containers; j++)
			if (!strcmp(e->answer.containers[j].service, programs[i].service))
				return &e->answer.containers[j];
	return NULL;
}

static bool is_manager(const struct node_evidence *e)
{
	return e->answered && e->answer.docker == DOCKER_ANSWERS &&
	       e->answer.facts.swarm == SWARM_ACTIVE && e->answer.facts.swarm_manager;
}

const struct node_evidence *manager_evidence(const struct evidence *ev)
{
	const struct spec_node *leader = cluster_leader(ev->cluster);

	if (is_manager(&ev->nodes[leader->index]))
		return &ev->nodes[leader->index];
	for (size_t i = 0; i < ev->n; i++)
		if (is_manager(&ev->nodes[i]))
			return &ev->nodes[i];
	return NULL;
}

static struct action *add(struct node_evidence *e, int kind, const struct container *from)
{
	struct action *a = arena_push(&e->arena, e->actions, e->n_actions, e->cap_actions);

	a->kind = kind;
	a->container = from;
	return a;
}

static void plan_peers(struct evidence *ev, struct node_evidence *e, const struct container *from)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->n; i++) {
		const struct node_evidence *other = &ev->nodes[i];

		for (size_t j = 0; other != e && j < other->answer.n_containers; j++) {
			const struct container *c = &other->answer.containers[j];
			struct action *a;

			if (!probe_program(c->service) || !c->address || n++ >= MAX_PEERS)
				continue;
			a = add(e, ACTION_PEER, from);
			a->peer = other->node;
			a->argument = arena_printf(&e->arena,
				strchr(c->address, ':') ? "[%s]:%d" : "%s:%d", c->address,
				PEER_PORT);
		}
	}
}

/* The manager with a gateway that sends the call through the queue and asks about it. */
static struct node_evidence *async_sender(struct evidence *ev)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct container *c = probe_container(&ev->nodes[i]);

		if (c && !strcmp(c->service, "svarm_gateway"))
			return &ev->nodes[i];
	}
	return NULL;
}

void actions_plan(struct evidence *ev, unsigned needs)
{
	struct node_evidence *sender = async_sender(ev);

	/* Its services have the same names, but not our programs. */
	if (ev->cluster->faas.engine == ENGINE_OPENFAAS)
		return;
	for (size_t i = 0; i < ev->n; i++) {
		struct node_evidence *e = &ev->nodes[i];
		const struct container *from = probe_container(e);

		if (!from)
			continue;
		if (needs & NEED_REDIS)
			add(e, ACTION_REDIS, from);
		if (needs & NEED_STORE && e == sender)
			add(e, ACTION_STORE, from);
		if (needs & NEED_QUEUE && e == sender)
			add(e, ACTION_QUEUE, from);
		if (needs & NEED_ASYNC && e == sender && ev->cluster->faas.n_functions)
			add(e, ACTION_ASYNC, from)->argument = ev->cluster->faas.functions[0].name;
		if (needs & NEED_PEERS)
			plan_peers(ev, e, from);
	}
}
