/* HTTP Basic authentication. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* True when @header (the Authorization header's value, NULL when absent) carries exactly @user and
 * @password.  The time it takes does not depend on where they differ. */
bool auth_matches(const char *header, const struct buf *user, const struct buf *password);

/* Decode standard base64 (padding required) into @out; false when it is not.  Exposed for tests. */
bool base64_decode(const char *text, struct buf *out);
/* Append base64 of @data in the URL-safe alphabet, padded. */
void base64url_encode(const void *data, size_t len, struct buf *out);
