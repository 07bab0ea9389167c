/*
 * The counters of calls in Redis: every gateway writes those of its own nginx there, for as long as
 * it lives, and reads everybody's.  See keys.h for the keys.
 */
#pragma once

#include "faas/gateway/load.h"
#include "faas/gateway/plane.h"
#include "lib/ext/redis.h"

enum { CALLS_GATEWAY_LEN = 16 };

/* A name for this gateway that no other has. */
void calls_name_gateway(char ret[CALLS_GATEWAY_LEN + 1]);

/* Replace what Redis has about @gateway; gone after @expire_ms unless written again. */
int calls_publish(struct redis *r, const char *gateway, const struct plane_sample *s,
	long expire_ms, struct err *err) _must_check_;
/* Add what all gateways have written to @l's round.  What is malformed is passed over. */
int calls_collect(struct redis *r, struct load *l, struct err *err) _must_check_;
/* Add @s as @gateway's, without Redis. */
void calls_add_own(const struct plane_sample *s, const char *gateway, struct load *l);
