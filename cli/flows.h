/*
 * The ordered stages of a run: the one place where the tools (provision, tune, faas) meet.  They
 * never include each other; what one node is wanted to be is the concatenation of what they say, in
 * the order given here, which is also the order in which the node is brought there.
 */
#pragma once

#include "faas/faas.h"
#include "lib/run/fleet.h"

struct flow_context {
	const struct cluster *cluster;   /* borrowed */
	const struct faas_context *faas; /* borrowed; NULL for flow_down() */
};

/* Towards what the spec says. */
struct fleet_flow flow_converge(struct flow_context *x);
/* Back to what the nodes were. */
struct fleet_flow flow_down(struct flow_context *x);
