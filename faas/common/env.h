/* Settings from the environment and secrets from files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Value of @name, or @def when unset or empty.  Borrowed. */
const char *env_str(const char *name, const char *def);
/* Value of @name as a whole number within @min..@max; @def when unset.  Anything else is -EINVAL.
 */
int env_num(const char *name, long def, long min, long max, long *ret, struct err *err)
	_must_check_;
/* A duration as Go writes it, in milliseconds: "250ms", "5s", "1m30s", "1h"; a bare number is
 * seconds.  False for anything else, a fraction included, and beyond INT_MAX. */
bool duration_parse(const char *text, long *ret_ms);
/* Value of @name as such a duration. */
int env_ms(const char *name, long def, long *ret, struct err *err) _must_check_;

/* One setting that is a number; duration: in milliseconds (@min and @max do not count then). */
struct env_setting {
	const char *name;
	long *ret;
	long def, min, max;
	bool duration;
};
/* Read all @n settings; the first problem is the error. */
int env_load(const struct env_setting *settings, size_t n, struct err *err) _must_check_;

/*
 * Read secret @name from the folder $SVARM_SECRETS (default /run/secrets), white space trimmed.
 * -ENOENT when there is no such file, -EINVAL when it is empty.  Wipe with buf_wipe().
 */
int secret_read(const char *name, struct buf *ret, struct err *err) _must_check_;
#define _cleanup_secret_ _cleanup_(buf_wipe)
