/*
 * What is called how much, over all gateways: each tells the counters of its own nginx, and here
 * they become calls a second and calls under way, over a window that slides.  A gateway that comes,
 * goes or starts again at zero makes no difference to what was counted before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"

/* Counters of one function in one gateway, since its nginx was started. */
struct load_counts {
	uint64_t started, finished;
	uint64_t micros;  /* durations of those finished */
	uint64_t last_ms; /* when a call last came or ended, unix time; 0: never */
};

/* As in Redis: "STARTED FINISHED MICROSECONDS LAST-MS". */
void load_counts_print(const struct load_counts *c, struct buf *out);
/* False for anything else. */
bool load_counts_parse(const char *text, size_t len, struct load_counts *ret);

struct load;

/* @window: over which to average. */
struct load *load_new(usec_t window);
void load_free(struct load *l);

/* One round: begin, add what every gateway says about every function, end.  Only what changed from
 * one round to the next counts; a gateway that was silent in between tells nothing. */
void load_begin(struct load *l, usec_t now);
/* @gateway is there, even if it has no functions to tell about. */
void load_add_gateway(struct load *l, const char *gateway);
void load_add(
	struct load *l, const char *gateway, const char *function, const struct load_counts *c);
void load_end(struct load *l);

struct load_view {
	bool known;        /* watched for at least half a window */
	double per_second; /* calls that came in */
	double underway;   /* on average */
	uint64_t inflight; /* at the last look */
	uint64_t last_ms;  /* latest of all gateways, also of those that have gone */
};

/* All zero for a function that nobody has called. */
void load_view(const struct load *l, const char *function, struct load_view *ret);
