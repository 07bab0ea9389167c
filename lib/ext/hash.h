/* SHA-256, by libcrypto. */
#pragma once

#include <stddef.h>

#include "lib/base/macro.h"

#define SHA256_HEX 64 /* characters, without the NUL */

/* The SHA-256 of @len bytes in lower-case hex, NUL-terminated. */
void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX + 1]);
