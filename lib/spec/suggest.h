/* "did you mean": the word an operator most likely wanted. */
#pragma once

#include <stddef.h>

/* Of the @n @words the nearest to @typed, when it is near enough to be a slip; else NULL. */
const char *suggest(const char *typed, const char *const *words, size_t n);
