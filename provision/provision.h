/*
 * Provision: what makes a bare server a node.  Packages, the docker engine's settings, the firewall
 * and, separately because tuning comes between, membership of the swarm and the node labels.
 *
 * These functions only say what is wanted; lib/node finds the difference and lib/run carries it
 * out.  They run on the node's thread, do no I/O, and borrow everything for the length of the call;
 * what they append to @want lives in its arena.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/node/facts.h"
#include "lib/node/resource.h"
#include "lib/spec/cluster.h"

/* What provision_want() and provision_swarm_want() need to know of @n, appended to @question. */
void provision_ask(const struct cluster *c, const struct spec_node *n, struct buf *question);

/*
 * Packages, /etc/docker/daemon.json (before the package, so that dockerd starts once), the
 * firewall.  -EADDRNOTAVAIL when the private address of the spec is not on the node, -EEXIST when
 * another docker than the spec's is installed.
 */
int provision_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err) _must_check_;

/* Membership of the swarm and, on the leader, the labels of all nodes from their roles. */
int provision_swarm_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err) _must_check_;
