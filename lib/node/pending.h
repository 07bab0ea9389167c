/*
 * What an interrupted run left undone although the facts look right: a file was replaced, but the
 * unit that reads it was not told yet.  apply.sh remembers that on the node, from before the file
 * changes until the unit has reloaded, and the next run finishes it.
 */
#pragma once

#include "lib/node/change.h"

/* Append the question that pending_changes() needs answered. */
void pending_ask(struct buf *question);
/* Append one change for each unit that waits, and the step that tells them. */
void pending_changes(const struct facts *facts, struct change_set *ret);
