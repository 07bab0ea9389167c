/*
 * Variables in the files of faas-cli: ${NAME} and ${NAME:-default} are replaced from the
 * environment, as faas-cli does.  Here that happens to each scalar after YAML has been read, so
 * that a value cannot change the structure and a message can point at what was written.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { EXPAND_MAX_BYTES = 1024 * 1024 };

struct expand_unset {
	const char *name;
	int line;
};

struct expansion {
	struct arena *arena;        /* of what lasts; borrowed */
	struct buf text;            /* the last result; owned */
	size_t total;               /* bytes of all results */
	struct expand_unset *unset; /* variables that were neither set nor had a default */
	size_t n_unset, cap_unset;
};

/* Put @s, which stands in @line, with its variables replaced into x->text.  ERR_SPEC when it cannot
 * be. */
int expand_text(struct expansion *x, const char *s, int line, struct err *err) _must_check_;
void expansion_done(struct expansion *x);
