/*
 * What the autoscaler remembers about each function.  All of it can be lost: then a function gives
 * up no task for a while, and keeps those that load had added.  That last part is also in Redis,
 * for the next gateway to decide.
 */
#pragma once

#include "faas/gateway/model.h"
#include "faas/gateway/scale_rule.h"
#include "lib/ext/redis.h"

struct plan {
	const char *name; /* in struct plans' arena */
	struct scale_memory memory;
	struct scale_gift gift;
	usec_t set_at;           /* we changed the number then; 0: never ... */
	unsigned was;            /* ... and this is what it was before */
	uint64_t awake_ms;       /* it has had tasks since, unix time; 0: it has none */
	bool refused;            /* the last change was, and the log was told */
	unsigned unknown_rounds; /* since anybody told what its tasks use of the processor */
};

/* Of all functions, sorted as in the picture they were matched with last. */
struct plans {
	struct arena arena;
	struct plan *v;
	size_t n;
};

/* One plan for each function of @m, those that were there before with what they knew: plan i
 * belongs to function i. */
void plans_match(struct plans *p, const struct model *m);
void plans_done(struct plans *p);

/* Read what load had added from Redis. */
int plans_load(struct plans *p, struct redis *r, struct err *err) _must_check_;
/* Write @one's. */
int plan_store(const struct plan *one, struct redis *r, struct err *err) _must_check_;
