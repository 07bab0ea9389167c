/* Where it was measured: this machine and the nodes, for the document. */
#pragma once

#include "lib/ext/json.h"
#include "lib/run/fleet.h"

/* {host, kernel, cpu, cores} of this machine; owned by the caller. */
json_t *environment_client(void);
/* [{name, roles, os, kernel, …}] of all nodes, asked over their connections; a node that does not
 * answer has null for what is not known.  *@ret is owned by the caller.  ERR_INTR. */
int environment_nodes(struct fleet *f, json_t **ret, struct err *err) _must_check_;
/* One node's from what templates/bench-node.sh printed: hostile.  For tests. */
void environment_parse(json_t *node, const char *text, size_t len);
