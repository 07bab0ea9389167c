/*
 * JSON, by jansson.  Text from outside is parsed with a cap on its size, and with that on the
 * memory it takes; members are read through typed getters that treat a wrong type as absent, so
 * that hostile input never reaches a cast. Pointers the getters return are borrowed from the value
 * and live as long as it does.
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

/* jansson's own readers know no bound on memory. */
#ifndef JSON_BOUNDARY
#pragma GCC poison json_loads json_loadb json_loadf json_loadfd json_load_file json_load_callback
#endif

/*
 * Values take more memory than their text: svarm's documents 6 bytes for each of the text, Docker's
 * answers up to 10, "{},{},…" 77.  A text that could take more than this many for each byte of @max
 * is refused, however short it is.  What it could take is reckoned high (for those three 11, 15 and
 * 93), and true answers pass at any length up to @max.
 */
enum { JSON_MEMORY_PER_BYTE = 20, JSON_MEMORY_ROOM = 64 * 1024 };

/* Parse @len bytes: an object or an array.  Longer than @max is -EFBIG, too many values for @max
 * -E2BIG, not JSON -EBADMSG.  *@ret is owned by the caller (json_decref, or the _cleanup_json_
 * attribute). */
int json_parse(const char *text, size_t len, size_t max, json_t **ret, struct err *err)
	_must_check_;
/* As json_parse(), but an object that has a key twice is -EBADMSG too. */
int json_parse_unique(const char *text, size_t len, size_t max, json_t **ret, struct err *err)
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
