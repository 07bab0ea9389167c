/* Choosing an address range for overlay networks that is nobody's yet. */
#pragma once

#include "lib/node/facts.h"
#include "lib/spec/cluster.h"

/*
 * The first of @candidates (IPv4 ranges in CIDR form of /16 or longer, NULL at the end) whose first
 * two bytes no address of the spec and none of the node's own interfaces shares; NULL when all are
 * taken.  Borrowed from @candidates.
 */
const char *subnet_pick(
	const char *const *candidates, const struct cluster *c, const struct facts *f);
