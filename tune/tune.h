/*
 * Tune: the kernel settings of a node, and nginx on the nodes that are the public door.  As in
 * provision.h, these functions only say what is wanted.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/node/facts.h"
#include "lib/node/resource.h"
#include "lib/spec/cluster.h"

/* What tune_want() needs to know of @n, appended to @question. */
void tune_ask(const struct cluster *c, const struct spec_node *n, struct buf *question);

/* The sysctl file and the live values; nginx.conf and its service on ingress nodes. */
int tune_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err) _must_check_;

/*
 * Append the ports that outgoing connections must not take although they lie within @low..@high,
 * in the kernel's own form ("2377,8080-8082"): those of swarm, of svarm, and @ssh.
 */
void tune_reserved_ports(struct buf *out, int low, int high, int ssh);
