/* Holds what parsing JSON takes against what lib/ext/json.h promises: every byte jansson asks for,
 * with what malloc adds. */
#pragma once

#include <stdlib.h>

#include "lib/ext/json.h"

enum { JSON_MEMORY_BEFORE = 16 }; /* for the size; wiping needs as much */

static size_t json_memory_taken, json_memory_peak;

/* glibc's header, rounded to 16. */
static inline size_t json_memory_chunk(size_t n)
{
	return MAX_OF((n + JSON_MEMORY_BEFORE + 8 + 15) & ~(size_t)15, (size_t)32);
}

static inline void *json_memory_malloc(size_t n)
{
	size_t *p = malloc(n + JSON_MEMORY_BEFORE);

	if (!p)
		abort();
	*p = n;
	json_memory_taken += json_memory_chunk(n);
	json_memory_peak = MAX_OF(json_memory_peak, json_memory_taken);
	return (char *)p + JSON_MEMORY_BEFORE;
}

static inline void json_memory_free(void *p)
{
	size_t *start = p ? (size_t *)(void *)((char *)p - JSON_MEMORY_BEFORE) : NULL;

	if (!start)
		return;
	json_memory_taken -= json_memory_chunk(*start);
	free(start);
}

/* From now on. */
static inline void json_memory_count(void)
{
	json_set_alloc_funcs(json_memory_malloc, json_memory_free);
}

/* Parse, and free again.  *@ret_over becomes what was taken when that is more than promised. */
static inline int json_memory_parse(const char *text, size_t len, size_t max, size_t *ret_over)
{
	json_t *j = NULL;
	int r;

	json_memory_peak = json_memory_taken;
	r = json_parse(text, len, max, &j, NULL);
	if (json_memory_peak > JSON_MEMORY_ROOM + max * JSON_MEMORY_PER_BYTE)
		*ret_over = json_memory_peak;
	json_decref(j);
	if (json_memory_taken)
		abort();
	return r;
}
