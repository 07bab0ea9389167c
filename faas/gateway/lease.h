/* A lease in Redis: of several that ask, one has it until it no longer renews it. */
#pragma once

#include <stdbool.h>

#include "lib/ext/redis.h"

/* Take or renew @key for @who, for @ms.  *@ret_mine: it is @who's now. */
int lease_take(struct redis *r, const char *key, const char *who, long ms, bool *ret_mine,
	struct err *err) _must_check_;
