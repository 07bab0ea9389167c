/*
 * Thresholds: "SECTION.FIGURE OP NUMBER[UNIT]", as in "http.p99 > 50ms": what must not be measured.
 * OP is one of > >= < <=; there is no ==, because measured numbers are never equal to anything.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/spec/figure.h"

enum threshold_op { ABOVE, ABOVE_OR_AT, BELOW, BELOW_OR_AT };

struct threshold {
	const struct figure_name *figure; /* static */
	enum threshold_op op;
	double limit; /* in the figure's unit */
};

/* Where a threshold is wrong, in bytes of its text. */
struct threshold_fault {
	size_t at, len;
};

enum { THRESHOLD_MAX = 200 }; /* bytes of its text */

/* -EINVAL says what is wrong, and *@ret_fault (may be NULL) where: it alone is set on failure. */
int threshold_parse(const char *text, struct threshold *ret, struct threshold_fault *ret_fault,
	struct err *err) _must_check_;
/* Would @value, in the figure's unit, be too much (or too little)? */
bool threshold_exceeded(const struct threshold *t, double value);
/* Append @text on a line of its own and carets under the fault on the next, indented by two. */
void threshold_caret(const char *text, const struct threshold_fault *fault, struct buf *out);

/* ">", ">=" … */
const char *threshold_op_name(enum threshold_op op);
