/*
 * Why services do not run.  The apply script tells what docker says of each of them (templates/
 * apply.sh, tell_stuck); here that becomes a cause, what docker said, and what can be done.
 * Everything comes from a node: fields are capped in number and length, and escaped.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"

struct explain;

struct explain *explain_new(void);
void explain_free(struct explain *x); /* NULL-safe */
static inline void explain_freep(struct explain **x)
{
	explain_free(*x);
}

/*
 * Take one marker: @word is "stuck", "stuck-where", "stuck-asks", "stuck-says" or "stuck-mute",
 * @rest its tab-separated fields.  False for any other word.  What is malformed, or of a service
 * that was not named by a "stuck" before, or more than fits, is dropped.
 */
bool explain_take(struct explain *x, const char *word, const char *rest);

/* Append the finding of each service, every line begun by a newline and four spaces; nothing when
 * nothing was told. */
void explain_print(const struct explain *x, struct buf *out);
