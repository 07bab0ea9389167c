/* Inside probe/bench: from what svarm-probe saw of a node to what it means.  No I/O. */
#pragma once

#include "lib/base/arena.h"
#include "lib/ext/json.h"
#include "probe/health.h"

struct node_verdict {
	const char *verdict; /* static; NULL: none */
	enum health_state state;
	const char *reason; /* in the arena */
	const char *remedy; /* static; NULL when it is well */
};

/* @seen is what the tool printed, and hostile. */
void judge_disk(const json_t *seen, struct arena *a, struct node_verdict *ret);
void judge_cpu(const json_t *seen, struct arena *a, struct node_verdict *ret);
