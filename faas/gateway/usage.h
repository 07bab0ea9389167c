/*
 * What the functions' containers use, as the queue workers (one on every worker node) report it
 * through Redis: see keys.h for the keys and faas/worker/reporter.c for the other end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "faas/gateway/model.h"
#include "lib/ext/redis.h"

struct usage;

struct usage *usage_new(void);
void usage_free(struct usage *u);
/* Read what all nodes report now.  What is malformed is passed over. */
int usage_refresh(struct usage *u, struct redis *r, struct err *err) _must_check_;
/* The same from the nodes' hashes, one by one: what usage_refresh() does with them. */
void usage_begin(struct usage *u);
void usage_add(struct usage *u, const redisReply *report);
void usage_end(struct usage *u);
/* Processors in use (on average since the report before the last) and memory of all ready tasks of
 * @function.  False, and nothing set, unless at least one of them is reported.  Any thread. */
bool usage_get(struct usage *u, const struct model *m, const char *function, double *ret_cpu,
	uint64_t *ret_bytes);
