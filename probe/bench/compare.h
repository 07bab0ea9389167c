/*
 * Is it worse than before, or is it noise?  Every figure that two documents have in common is set
 * beside itself; compare.c says how it is judged and why.
 */
#pragma once

#include <stddef.h>

#include "lib/ext/json.h"

enum { COMPARE_ROUNDS = 3 }; /* of each run: with fewer nothing is known about the noise */

/* The band within which the medians of two runs may differ by chance, in the figures' unit. */
double compare_band(const double *before, size_t n_before, const double *after, size_t n_after);

/* Set the document's "comparison" with @earlier. */
void compare_documents(json_t *doc, const json_t *earlier);
