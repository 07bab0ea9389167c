/* Inside probe/load: what one thread does.  load.c starts the threads and adds up. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "probe/load/conn_list.h"
#include "probe/load/series.h"

#define NS_PER_SEC 1000000000ull

/* Common to all threads of a run; times in ns of CLOCK_MONOTONIC. */
struct schedule {
	const struct load_options *o;
	uint64_t start;
	uint64_t from;    /* what is due from here on counts */
	uint64_t end;     /* nothing is begun from here on; UINT64_MAX: until o->count is reached */
	uint64_t seconds; /* from .from to .end, a part of one counting as one; 0: until o->count */
	struct series *series; /* borrowed */
	atomic_ullong claimed; /* requests begun, of o->count */
	atomic_bool given_up;  /* not all threads could be started */
};

struct loop {
	struct schedule *schedule;
	unsigned index; /* of the thread */
	pthread_t thread;
	struct wire wire;
	struct conn *conns; /* owned */
	unsigned n_conns;
	struct conn_list busy;      /* by began */
	struct conn_list paused;    /* by began */
	struct conn_list idle;      /* the last used one first */
	uint64_t now;               /* when epoll returned */
	uint64_t arrivals;          /* open loop: how many of this thread's were sent */
	uint64_t stopped;           /* when it began no more; 0: not yet */
	uint64_t last;              /* when the last counted request ended */
	double cpu_at_start;        /* negative: what counts has not begun */
	uint64_t window_end;        /* when what comes back belongs to another second */
	struct window *window;      /* owned: this second's answers */
	struct load_result *result; /* owned: all but latencies */
};

/* @l->schedule, index and n_conns must be set, all else zero. */
int loop_open(struct loop *l, struct err *err) _must_check_;
/* The thread's function. */
void *loop_run(void *arg);
void loop_close(struct loop *l);
