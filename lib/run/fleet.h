/*
 * A run over all nodes of a cluster: one thread and one connection a node, from "connecting" to
 * "done".  What is wanted of a node comes from the tools through struct fleet_flow, because lib/run
 * does not know them; what happened stays in one struct node_run a node, in the spec's order.
 */
#pragma once

#include "lib/node/change.h"
#include "lib/node/link.h"
#include "lib/run/event.h"
#include "lib/spec/cluster.h"

struct fleet;

struct node_run {
	const struct spec_node *node;
	struct fleet *fleet;
	struct link *link; /* open as long as the fleet lives; NULL when connecting failed */
	struct arena arena;
	struct facts facts;
	struct resource_set want;
	struct change_set changes;
	bool planned;      /* facts, want and changes are valid */
	size_t steps_done; /* steps carried out */
	struct err err;    /* why this node failed; code 0: it did not */
	double seconds;
	double connect_seconds, facts_seconds;
};

/* What a run wants of each node. */
struct fleet_flow {
	/* Append the questions to ask @node; see facts_ask(). */
	void (*ask)(void *arg, const struct spec_node *node, struct buf *question);
	/* Append what is wanted of the node, given its facts. */
	int (*want)(void *arg, const struct spec_node *node, const struct facts *facts,
		struct resource_set *want, struct err *err);
	/* Or, instead of want(): the changes themselves (`svarm down`).  NULL otherwise. */
	int (*changes)(void *arg, const struct spec_node *node, const struct facts *facts,
		struct change_set *ret, struct err *err);
	void *arg;
};

struct fleet_options {
	bool accept_new_host_keys;
	int parallel;       /* connections being opened at once; 0: all */
	const bool *cancel; /* turns true on a signal */
	struct events *events;
	const char *run_id; /* short, printable */
	const char *owner;  /* who runs this, for the lock: printable */
};

/* @c, @options and what they point to are borrowed until fleet_free(). */
struct fleet *fleet_new(const struct cluster *c, const struct fleet_options *options);
void fleet_free(struct fleet *f);

/*
 * Connect, read facts, diff.  With @apply the changes are carried out; without, nothing can be: the
 * apply script is compiled and sent in one function that refuses (see fleet.c) when the fleet was
 * not told to apply.  0: every node is where it should be (or, planning, was read).
 * Negative: at least one node failed; each node_run has its error, and @err lists them all.
 */
int fleet_converge(struct fleet *f, const struct fleet_flow *flow, bool apply, struct err *err)
	_must_check_;

/* Connect every node that is not connected yet, and run @fn for each in its own thread.  Same
 * result as fleet_converge(). */
int fleet_each(struct fleet *f, int (*fn)(struct node_run *nr, void *arg, struct err *err),
	void *arg, struct err *err) _must_check_;

size_t fleet_size(const struct fleet *f);
struct node_run *fleet_node(struct fleet *f, size_t i);
const struct cluster *fleet_cluster(const struct fleet *f);
const struct fleet_options *fleet_options_of(const struct fleet *f);
/* Changes pending (planned) over all nodes. */
size_t fleet_changes(const struct fleet *f);
