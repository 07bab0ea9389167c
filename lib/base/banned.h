/*
 * Functions that are easier to misuse than to use.  This header is forced into every compilation
 * (-include), so a use of one of them is a compile error that names the better tool.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* With _FORTIFY_SOURCE and clang these are macros. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok tmpnam mktemp atoi \
	atol
