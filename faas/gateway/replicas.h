/*
 * The number of tasks of a function's service, changed while others change the service too: a
 * change is made against the version that was read, and again when that was no longer the latest.
 * So of several gateways that want the same, one makes the update and the others see that it is
 * done.
 */
#pragma once

#include <stdbool.h>

#include "faas/common/docker.h"

enum { REPLICAS_ANY = -1 };

struct replicas_change {
	const char *service_id;
	int expect; /* how many there must be now, else nothing is done; or REPLICAS_ANY */
	unsigned want;
	bool calm; /* not while an update of the service is under way */
};

/* 0 when it is done or need not be: *@ret_changed tells which.  -ENOENT: the service has gone;
 * -EINVAL: it has no such number (it runs once on every node); -EBUSY: an update is under way;
 * -EAGAIN: it changed all the time; else what docker_call() says. */
int replicas_set(struct docker *d, const struct replicas_change *c, bool *ret_changed,
	struct err *err) _must_check_;

/* What the youngest failed task of the service says about itself, into @ret; "" when none does. */
void replicas_explain(struct docker *d, const char *service_id, char *ret, size_t size);
