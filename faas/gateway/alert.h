/* What Alertmanager sends to POST /system/alert, read strictly; the route itself is in api.h. */
#pragma once

#include <stdbool.h>

#include "faas/common/name.h"
#include "faas/gateway/settings.h"
#include "lib/base/err.h"

enum { ALERT_MAX = 1000, ALERT_MAX_BYTES = 1 << 20 };

struct alert {
	char function[NAME_MAX_LEN + 1]; /* without the namespace */
	bool firing;                     /* else resolved */
};

/* At most ALERT_MAX of them into @ret.  -EBADMSG: not JSON, or not of the right shape: members that
 * are not looked at may be anything, those that are may not. */
int alert_parse(const char *text, size_t len, struct alert ret[ALERT_MAX], size_t *ret_n,
	struct err *err) _must_check_;

/* The number of tasks that an alert asks for, of a function that has @replicas now: a step more
 * while it fires, the minimum when it is resolved.  One that sleeps is left alone. */
unsigned alert_replicas(const struct settings *s, unsigned replicas, bool firing);
