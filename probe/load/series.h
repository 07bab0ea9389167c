/*
 * Inside probe/load: a run second by second.  Each thread gathers the answers of one second by
 * itself, so that counting costs it nothing more, and hands them in when the second is over; here
 * they become one point of the series, and part of the whole.
 */
#pragma once

#include <pthread.h>

#include "probe/load/load.h"

/* What one thread saw of one second, or after the end. */
struct window {
	uint64_t second; /* since the part that counts began; WINDOW_AFTER: since its end */
	uint64_t errors; /* as load_failed() counts */
	struct hist latency;
};
#define WINDOW_AFTER UINT64_MAX

struct series {
	pthread_mutex_t lock;
	pthread_cond_t more; /* points, or a thread that has finished */
	struct window *open; /* owned: seconds that not all threads have handed in, in order */
	size_t n_open, cap_open;
	uint64_t first; /* the second of open[0] */
	unsigned threads;
	double length;       /* of the part that counts, in seconds; INFINITY: not known */
	uint64_t *reached;   /* owned; by thread: the first second it may still add to */
	struct hist latency; /* the sum of all that was handed in and is not open */
	uint64_t errors;
	struct load_point *points; /* owned */
	size_t n_points, cap_points;
};

void series_init(struct series *s, unsigned threads, double length);
void series_done(struct series *s);
/* @thread goes on with second @next; UINT64_MAX: it has finished.  Takes what is in @w and leaves
 * it empty. */
void series_hand_in(struct series *s, unsigned thread, struct window *w, uint64_t next);
/* Wait for more than @seen points; false when all threads have finished and there are none. */
bool series_wait(struct series *s, size_t seen);
/* What is known up to now, of *@ret_seen points; there must be one. */
struct load_progress series_progress(struct series *s, size_t *ret_seen);
/* When all threads have finished: give latency and points to @ret, whose seconds are known and end
 * the last point. */
void series_give(struct series *s, struct load_result *ret);
