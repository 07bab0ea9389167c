/*
 * A histogram of durations: log-linear buckets, so that every value is known to better than 1 %
 * over the whole range with a fixed amount of memory and a few instructions per value.  Two can be
 * merged without losing anything.
 */
#pragma once

#include <stdint.h>

enum {
	HIST_BITS = 7, /* 2^7 buckets for each doubling: a value is at most 1/128 off */
	HIST_RANGE =
		44 /* values of 2^44 and more (nanoseconds: five hours) share the last bucket */
};
#define HIST_BUCKETS ((HIST_RANGE - HIST_BITS + 1) << HIST_BITS)

struct hist {
	uint64_t n;
	uint64_t min, max; /* exact; both 0 when n is */
	double sum;
	uint64_t buckets[HIST_BUCKETS];
};

/* Zeroed memory is an empty histogram. */
void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);
/* The least value that at least @q (0 to 1) of all values do not exceed, rounded up within its
 * bucket; 0 when there are none. */
uint64_t hist_at(const struct hist *h, double q);
double hist_mean(const struct hist *h);
