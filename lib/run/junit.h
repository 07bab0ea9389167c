/* JUnit's XML, as CI servers read it: one suite with its cases. */
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"

enum junit_state { JUNIT_PASSED, JUNIT_FAILED, JUNIT_SKIPPED };

struct junit_case {
	const char *group, *name; /* classname and name; any text */
	enum junit_state state;
	const char *text; /* why it failed or was skipped, or what was seen; may be NULL */
	double seconds;
};

/* Append the document.  What XML cannot hold is replaced. */
void junit_print(const char *suite, const struct junit_case *cases, size_t n, struct buf *out);
