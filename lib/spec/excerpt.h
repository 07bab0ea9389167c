/* The source line under a message, with a gutter and a caret; part of diag.h. */
#pragma once

#include "lib/base/buf.h"
#include "lib/spec/diag.h"

/* Append the two lines for @at, which begins on the cursor's line. */
void excerpt_draw(struct buf *out, const struct diag *d, const struct source_cursor *line,
	struct yaml_span at);
