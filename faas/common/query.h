/* The query part of a URL. */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"

enum { QUERY_MAX_VALUE = 4096 };

/* Append the value of the first member @key of @query ("a=1&b=2", as sent), percent-decoded, with
 * '+' as a blank.  False, and nothing appended, when there is none, when it holds a broken escape
 * or a NUL, or when it is longer than QUERY_MAX_VALUE. */
bool query_get(const char *query, const char *key, struct buf *out);
