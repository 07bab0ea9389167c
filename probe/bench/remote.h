/* Inside probe/bench: a tool of svarm-probe on a node, to its end, with its progress. */
#pragma once

#include "probe/bench/section.h"

/* Run @c to its end.  Lines {"progress": {…}} go to @progress (may be NULL); the last line is the
 * result, an object: *@ret is owned by the caller.  ERR_REMOTE: {"error": …}, or no result; the
 * result is otherwise as it came, hostile. */
int remote_run(struct agent *agent, const struct agent_command *c,
	void (*progress)(void *arg, const json_t *p), void *arg, json_t **ret, struct err *err)
	_must_check_;
