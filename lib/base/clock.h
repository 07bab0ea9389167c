/* Time, in one place: monotonic microseconds for measuring, wall clock for showing. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"

typedef uint64_t usec_t;

#define USEC_PER_SEC  ((usec_t)1000000)
#define USEC_PER_MSEC ((usec_t)1000)

/* CLOCK_MONOTONIC in microseconds: only differences mean something. */
usec_t clock_now(void);
/* The same in nanoseconds, for what takes microseconds. */
uint64_t clock_ns(void);
/* Seconds since 1970 as a double with microseconds. */
double clock_wall(void);
/* Append a duration for people: "0.4s", "12s", "3m05s". */
void clock_format(struct buf *out, usec_t duration);
/* Append @t as RFC 3339 in UTC: "2026-01-02T03:04:05Z". */
void clock_rfc3339(struct buf *out, time_t t);
/* Sleep at least @duration, through signals. */
void clock_sleep(usec_t duration);
