/* Inside lib/run only: the fleet's members, and the parts of a node's life in their own files. */
#pragma once

#include <pthread.h>

#include "lib/run/fleet.h"
#include "lib/run/promise.h"

struct fleet {
	const struct cluster *cluster;
	struct fleet_options options;
	struct node_run *nodes;
	size_t n;
	struct promises *promises;
	bool apply;
	bool settle;          /* wait for the services at the end (not when taking them down) */
	pthread_mutex_t lock; /* of the counters below */
	pthread_cond_t changed;
	int connecting;     /* connections being opened */
	size_t undiffed;    /* nodes that have not got their changes yet (nor failed) */
	size_t others_left; /* nodes but the leader that have not ended */
	bool others_failed; /* one of them has, badly */
	bool others_write;  /* one of them has something to do: the leader takes the lock */
};

/* Whether the node is the leader. */
bool fleet_is_leader(const struct node_run *nr);

/* connect.c: open nr->link; within options.parallel. */
int node_connect(struct node_run *nr, struct err *err) _must_check_;
/* gather.c: run facts.sh and parse the answer into nr->facts. */
int node_gather(struct node_run *nr, const struct fleet_flow *flow, struct err *err) _must_check_;
/* preflight.c: what must hold before anything is planned on this node.  Waits for the leader's
 * facts when the node is in a swarm already. */
int node_preflight(struct node_run *nr, struct err *err) _must_check_;
/* apply.c: carry out nr->changes.  Refuses when the fleet only plans. */
int node_apply(struct node_run *nr, struct err *err) _must_check_;
