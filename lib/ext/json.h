/*
 * JSON, by jansson.  Text from outside is parsed with a size cap; members are read through typed
 * getters that treat a wrong type as absent, so that hostile input never reaches a cast.
 * Pointers the getters return are borrowed from the value and live as long as it does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/macro.h"

/* From now on all memory that JSON values used is overwritten when it is freed, because some of
 * them hold secrets.  Call once, before any thread is started. */
void json_wipe_freed(void);

/* Parse @len bytes (at most @max, longer is -EFBIG; not JSON is -EBADMSG).  *@ret is owned by the
 * caller (json_decref, or the _cleanup_json_ attribute). */
int json_parse(const char *text, size_t len, size_t max, json_t **ret, struct err *err)
	_must_check_;

/* Append @value as compact text with sorted keys: equal values give equal bytes. */
void json_print(const json_t *value, struct buf *out);

/* Member @key of object @o as a string; NULL when absent or of another type. */
const char *json_str(const json_t *o, const char *key);
/* Member @key of object @o as an integer; @def when absent or of another type. */
json_int_t json_int(const json_t *o, const char *key, json_int_t def);
/* Member @key of object @o; false when absent or not a boolean. */
bool json_bool(const json_t *o, const char *key);
/* Member @key of object @o when it is an object (array); else NULL. */
json_t *json_obj(const json_t *o, const char *key);
json_t *json_arr(const json_t *o, const char *key);
/* Follow a path of object keys, ended by NULL; NULL when a step is missing. */
json_t *json_at(const json_t *o, ...) __attribute__((sentinel));

/* Set member @key of @o to a string that may hold any bytes: what is not UTF-8 becomes U+FFFD. */
void json_set_text(json_t *o, const char *key, const char *text, size_t len);

static inline void json_freep(json_t **j)
{
	json_decref(*j);
}
#define _cleanup_json_ _cleanup_(json_freep)
