/*
 * Allocation that cannot fail: running out of memory aborts.  svarm is a short-lived tool and
 * checks at every call would bury the logic (see docs/decisions.md).
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include "lib/base/macro.h"

/* Owned by the caller, release with free(). */
void *xmalloc(size_t size) __attribute__((malloc));
void *xcalloc(size_t n, size_t size) __attribute__((malloc));
void *xrealloc(void *p, size_t size);
/* Like realloc for @n members of @size bytes; aborts when the product overflows. */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) _printf_(1, 2);
char *xvasprintf(const char *fmt, va_list ap) _printf_(1, 0);

/*
 * Make room for one more member in a growing array: @p array, @n used, @cap capacity.
 * Doubles, starting at 8.
 */
#define xgrow(p, n, cap)                                               \
	do {                                                           \
		if ((n) == (cap)) {                                    \
			(cap) = (cap) ? (cap)*2 : 8;                   \
			(p) = xreallocarray((p), (cap), sizeof(*(p))); \
		}                                                      \
	} while (0)

/* For _cleanup_(free_ptr) on any heap pointer. */
static inline void free_ptr(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(free_ptr)
