/*
 * How wide text is on a terminal.  Text is UTF-8 whatever the locale says; bytes that are not, and
 * characters without a width of their own, count as one column.
 */
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"

/* Columns that @s takes on one line. */
size_t text_width(const char *s);
/* Append @s, cut so that it takes at most @columns, the last one being "…" when something was cut.
 * Stops at a newline.  Returns the columns used. */
size_t text_clip(struct buf *out, const char *s, size_t columns);
/* Append @text word by word in lines of at most @columns.  The first line goes on at column @at,
 * each further one begins with @indent spaces; longer words stick out rather than being broken. */
void text_wrap(struct buf *out, const char *text, size_t columns, size_t at, size_t indent);
/* Append @n spaces. */
void text_pad(struct buf *out, size_t n);
