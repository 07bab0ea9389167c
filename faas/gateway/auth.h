/* HTTP Basic authentication. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* True when @header (the Authorization header's value, NULL when absent) carries exactly @user and
 * @password.  The time it takes does not depend on where they differ. */
bool auth_matches(const char *header, const struct buf *user, const struct buf *password);
