/*
 * An arena: many small allocations with one lifetime, freed together.  Everything in a loaded
 * spec, in a node's facts and in a plan lives in one; those structures hold borrowed pointers only.
 * Not thread-safe: one arena belongs to one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "lib/base/macro.h"

struct arena_block;

struct arena {
	struct arena_block *head; /* owned */
};

#define ARENA_INIT ((struct arena){0})

/* Zeroed memory, aligned for any type; valid until arena_done(). */
void *arena_alloc(struct arena *a, size_t size);
#define arena_new(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3);

/* Append one zeroed member to a growing array kept in the arena; returns it.  The array may move:
 * pointers to members are only stable once the array is complete. */
#define arena_push(a, arr, n, cap) \
	((arr) = arena_grow_((a), (arr), (n), &(cap), sizeof(*(arr))), &(arr)[(n)++])
void *arena_grow_(struct arena *a, void *arr, size_t n, size_t *cap, size_t size);

void arena_done(struct arena *a);
/* As arena_done(), after overwriting the memory: for arenas that held secrets. */
void arena_wipe(struct arena *a);
