/* The grammar of function names and other words that come from clients. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { NAME_MAX_LEN = 63 };

/* A function's name: what Docker takes as a service name and nginx as part of an upstream's. */
bool name_is_function(const char *s);
/* A secret's name, as Swarm has it: at most 64 letters, digits and -_. in the middle. */
bool name_is_secret(const char *s);
/* Split "fn" or "fn.NAMESPACE" (on the last dot); copies the function's name to @ret.  False when
 * it is no valid name or of a namespace we do not serve. */
bool name_split(const char *s, size_t len, char ret[NAME_MAX_LEN + 1]);
/* An absolute http(s) URL that is safe to call and to write into a header. */
bool name_is_callback_url(const char *s);
/* A queue's name: as a function's; "default" is the common queue's, which has no other. */
bool name_is_queue(const char *s);
/* A call id: 1 to 128 letters, digits and -_.: */
bool name_is_call_id(const char *s);
/* A header's name (RFC 9110 token) and value (no control characters but tab). */
bool name_is_header(const char *s);
bool name_is_header_value(const char *s);
