/* Where values stand: see marks.h. */
#include "lib/spec/marks.h"

#include <stdlib.h>
#include <string.h>

void marks_add(struct marks *m, const char *path, struct yaml_span at, bool bad)
{
	struct mark *mark = arena_push(&m->arena, m->list, m->n, m->cap);

	*mark = (struct mark){.path = arena_strdup(&m->arena, path), .at = at, .bad = bad};
	m->sorted = false;
}

static int by_path(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct mark *marks_find(struct marks *m, const char *fmt, ...)
{
	char path[512];
	struct mark key = {.path = path};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (!m->sorted && m->n)
		qsort(m->list, m->n, sizeof(*m->list), by_path);
	m->sorted = true;
	return m->n ? bsearch(&key, m->list, m->n, sizeof(*m->list), by_path) : NULL;
}

void marks_done(struct marks *m)
{
	arena_done(&m->arena);
	*m = MARKS_INIT;
}
