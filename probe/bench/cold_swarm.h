/* Inside section cold: the function's service, its tasks and their nodes' clocks, as docker tells
 * of them. */
#pragma once

#include "probe/bench/cold_split.h"
#include "probe/bench/place.h"

/* How many tasks it should have; -EINVAL: it runs on every node. */
int cold_replicas(const struct place *p, int *ret, struct err *err) _must_check_;
/* How many run. */
int cold_running(const struct place *p, int *ret, struct err *err) _must_check_;
int cold_scale(const struct place *p, int replicas, struct err *err) _must_check_;

/* How much the clock of each node is ahead of that of @p's, in seconds; @ret has a place for each
 * node of the spec, NAN where it is not known.  What is less than could be an error of measuring is
 * 0. */
int cold_clocks(const struct bench *b, const struct place *p, double *ret, struct err *err)
	_must_check_;
/* Of all containers of the function the one that was first to run: @created, @made, @started and
 * @ahead of *@ret; left as they are when there is none.  @ret->begin is known. */
int cold_first(const struct bench *b, const struct place *p, const double *ahead,
	struct cold_times *ret, struct err *err) _must_check_;
