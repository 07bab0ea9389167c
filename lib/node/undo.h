/*
 * The way back: what `svarm down` does on a node.  What svarm took over or created there is
 * remembered on the node itself (below /var/lib/svarm, written by apply.sh), so that any machine
 * with access can undo it; a node that remembers nothing has nothing to undo.
 */
#pragma once

#include "lib/node/change.h"

struct undo_role {
	bool leader;
	const char *const *images; /* tags svarm may have loaded, NULL at the end */
};

/* Append the questions that undo_changes() needs answered. */
void undo_ask(struct buf *question);
/* Append the changes and steps that give the node back. */
int undo_changes(const struct facts *facts, const struct undo_role *role, struct change_set *ret,
	struct err *err) _must_check_;
