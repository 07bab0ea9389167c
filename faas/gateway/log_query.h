/* What GET /system/logs is asked for.  Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "faas/common/name.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct log_query {
	char name[NAME_MAX_LEN + 1]; /* of the function */
	char instance[65];           /* task id, or the beginning of one; "": all */
	bool follow;
	long tail; /* lines of each task; -1: all */
	bool has_since;
	int64_t since; /* unix time in nanoseconds */
};

/* Read @query (as sent).  @now_ns is the time that a `since` like "5m" goes back from.  -EINVAL;
 * -ENOENT: no name that a function could have. */
int log_query_parse(const char *query, int64_t now_ns, struct log_query *ret, struct err *err)
	_must_check_;

/* Docker's path and query for the log of service @id, appended to @out. */
void log_query_path(const struct log_query *q, const char *id, struct buf *out);

/* RFC 3339 ("2026-01-02T03:04:05.678Z", "…+02:00") as unix time in nanoseconds; false for anything
 * else and for years outside 1970 to 2200. */
bool rfc3339_parse(const char *text, int64_t *ret_ns);
