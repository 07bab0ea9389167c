/* The arena: see arena.h. */
#include "lib/base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "lib/base/xalloc.h"

enum { BLOCK_SIZE = 16384 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b = xcalloc(1, sizeof(*b) + size);

	b->size = size;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *b = a->head;
	void *p;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + align - 1) & ~(align - 1);
	if (!b || b->size - b->used < size) {
		b = block_new(MAX_OF(size, (size_t)BLOCK_SIZE));
		b->next = a->head;
		a->head = b;
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *q = arena_alloc(a, n + 1);

	if (n)
		memcpy(q, p, n);
	return q;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void *arena_grow_(struct arena *a, void *arr, size_t n, size_t *cap, size_t size)
{
	void *bigger;

	if (n < *cap)
		return arr;
	*cap = *cap ? *cap * 2 : 8;
	bigger = arena_alloc(a, *cap * size);
	if (n)
		memcpy(bigger, arr, n * size);
	return bigger;
}

void arena_done(struct arena *a)
{
	struct arena_block *b = a->head, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = ARENA_INIT;
}

void arena_wipe(struct arena *a)
{
	for (struct arena_block *b = a->head; b; b = b->next)
		explicit_bzero(b->data, b->size);
	arena_done(a);
}
