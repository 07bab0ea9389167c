/* What the daemon and nginx' module tell each other, as text: see faas/nginx/table.h and count.h.
 */
#pragma once

#include "faas/gateway/plane.h"

/* Append the table: @m's functions with their addresses, each at @port. */
void plane_table(const struct model *m, long port, struct buf *out);

/* Counters from the module's text.  Fills @ret, but for its time; what it points to lives in its
 * arena.  -EBADMSG when it is not what the module writes. */
int plane_counters(const char *text, struct plane_sample *ret, struct err *err) _must_check_;
