/*
 * Inside probe/bench: whatever a node prints, only numbers within bounds go on into the document.
 * Nothing here knows of nodes or does I/O.
 */
#pragma once

#include "lib/ext/json.h"

/* Member @key of @o when it is a finite number of @least to @most; else NAN. */
double clean_number(const json_t *o, const char *key, double least, double most);
/* Copy member @key of @from to @to under the same condition. */
void clean_copy(const json_t *from, json_t *to, const char *key, double most);
/* Set member @key of @to; null when @value is not finite. */
void clean_set(json_t *to, const char *key, double value);
/* A latency object of what is one in @o; NULL: nothing of it is.  Owned by the caller. */
json_t *clean_latency(const json_t *o);
/* Nines, as far as they are: pairs of a quantile and ms, rising.  Owned by the caller; NULL: none.
 */
json_t *clean_nines(const json_t *a);
