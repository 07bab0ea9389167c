/* Base64 (RFC 4648), decoding only: how nodes send us bytes that a line cannot hold. */
#pragma once

#include <sys/types.h>

/* Decode NUL-terminated @text into @out, which has room for 3/4 of its length and may be @text
 * itself.  Padding may be missing.  Returns the number of bytes, or -1 for any other character. */
ssize_t base64_decode(const char *text, char *out);
