/*
 * Which tasks answer.  Docker calls a task running as soon as its process is; a call must not reach
 * it before it listens.  So a new task is probed: by connecting to it, or by GET of a path of its
 * function's choice, often at first and less often the longer it takes.  Once ready it counts as
 * ready until Docker no longer wants it: what fails later is nginx' to notice, call by call.
 *
 * One thread's own.
 */
#pragma once

#include <stdbool.h>

#include "faas/gateway/model.h"

struct ready;

/* Tasks listen on @port. */
struct ready *ready_new(long port);
void ready_free(struct ready *r);
static inline void ready_freep(struct ready **r)
{
	ready_free(*r);
}

/* From now on @m's tasks are the ones that count; others are forgotten.  @m is not kept. */
void ready_follow(struct ready *r, const struct model *m);
/* Probe for up to @ms milliseconds, less when a task turned out to be ready: then true. */
bool ready_probe(struct ready *r, int ms);
/* Tasks that are not ready yet. */
size_t ready_missing(const struct ready *r);
/* Milliseconds that the next ready_probe() should have: 15 while some task is young, 100 else. */
int ready_pace(const struct ready *r);
/* For model_pick(): @arg is the struct ready. */
bool ready_is(void *arg, const struct task *t);
