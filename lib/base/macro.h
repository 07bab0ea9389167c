/* Attributes and tiny macros that every file may use.  No code, no dependencies. */
#pragma once

#include <stddef.h>

#define _must_check_   __attribute__((warn_unused_result))
#define _printf_(n, m) __attribute__((format(printf, n, m)))
#define _unused_       __attribute__((unused))
#define _noreturn_     __attribute__((noreturn))
#define _cleanup_(f)   __attribute__((cleanup(f)))
#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b)   ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b)   ((a) > (b) ? (a) : (b))

/* Move ownership out of a variable that a cleanup attribute guards. */
#define TAKE_PTR(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})
#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})
