/* Base64 (RFC 4648): how bytes travel where only text fits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* Append what standard base64 @text (padding required) stands for; false when it is none, and @out
 * then holds what came before the fault. */
bool base64_decode(const char *text, struct buf *out);
/* Append base64 of @data, padded. */
void base64_encode(const void *data, size_t len, struct buf *out);
/* The same in the URL-safe alphabet. */
void base64url_encode(const void *data, size_t len, struct buf *out);
