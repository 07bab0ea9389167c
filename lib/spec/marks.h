/*
 * Where each value of a spec stands, by its path ("nodes[1].private"), so that the cross-checks can
 * point at it after the parser is done; and whether something was wrong with it already, so that
 * one mistake is not reported twice.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/ext/yaml.h"

struct mark {
	const char *path;
	struct yaml_span at;
	bool bad; /* it, or something inside it, has been reported */
};

struct marks {
	struct arena arena; /* owns the rest */
	struct mark *list;
	size_t n, cap;
	bool sorted;
};

#define MARKS_INIT ((struct marks){0})

void marks_add(struct marks *m, const char *path, struct yaml_span at, bool bad);
/* The mark of a path, or NULL when the spec does not give it.  Borrowed until the next add. */
const struct mark *marks_find(struct marks *m, const char *fmt, ...) _printf_(2, 3);
void marks_done(struct marks *m);
