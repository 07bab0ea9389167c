/*
 * The text of a spec as it was read: checked for being text at all before a parser sees it, and
 * cut into lines for the messages.  Lines end as YAML's do: "\n", "\r\n" or "\r".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/ext/yaml.h"

enum { SPEC_MAX_BYTES = 1024 * 1024 };

struct source {
	const char *name; /* as messages show it; borrowed */
	const char *text; /* without a byte order mark; borrowed */
	size_t len;
};

struct source source_of(const char *name, const char *text, size_t len);

/*
 * Is it text that YAML can hold: UTF-8, no NUL or other control characters, not too large?
 * ERR_SPEC with the first offender and its place in @ret_at when not.
 */
int source_check(const struct source *s, struct yaml_pos *ret_at, struct err *err) _must_check_;

/* A walk over the lines; begin with a zeroed cursor. */
struct source_cursor {
	size_t next;      /* offset behind this line's break */
	int line;         /* 1-based; 0 before the first */
	const char *text; /* of this line, without its break; borrowed */
	size_t len;
};
/* Move forward to @line, which is not before the cursor's.  False when there is no such line. */
bool source_seek(const struct source *s, struct source_cursor *c, int line);

/* Decode one character: its length in bytes, or 0 when @s is not UTF-8 (RFC 3629). */
size_t utf8_decode(const char *s, size_t left, uint32_t *ret);
