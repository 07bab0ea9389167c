/*
 * The memory that nginx' worker processes share: functions, their ready tasks, and the counters of
 * both.  The slab pool's mutex guards what is linked to what; the master process unlocks it when a
 * worker dies holding it.  Counters are atomic and need no lock.
 *
 * A call holds its function and the task it was sent to by counting itself in flight there; what
 * left the table is freed once nothing is in flight.  Calls in flight are counted per process (a
 * slot each), so that those of a process that was killed can be taken back.
 */
#pragma once

#include <ngx_config.h>
#include <ngx_core.h>

#include "faas/nginx/table.h"

enum {
	ZONE_BUCKETS = 11,   /* of durations; the bounds are in count.c */
	ZONE_MAX_CODES = 40, /* statuses told apart per function; then x00 stands for the rest */
	ZONE_MAX_FAILS = 3,  /* a task that failed so often, each time within ... */
	ZONE_FAIL_MS = 1000, /* ... of the last time, is avoided for as long */
};

struct code {
	struct code *next; /* written once */
	ngx_uint_t status;
	ngx_atomic_t calls, micros, buckets[ZONE_BUCKETS];
};

struct task {
	struct task *next_gone;
	struct sockaddr_in address;
	ngx_atomic_t fails, failed_at; /* failed_at: ngx_current_msec */
	ngx_atomic_t inflight[];       /* by slot */
};

struct tasks {
	ngx_uint_t n;
	struct task *v[]; /* by address and port */
};

struct function {
	struct function *next_gone;
	u_char name[TABLE_NAME_MAX + 1]; /* terminated */
	size_t name_len;
	struct tasks *tasks;     /* NULL: none.  Only with the lock held */
	ngx_atomic_t ready;      /* tasks->n, for a look without the lock */
	ngx_atomic_t timeout_ms; /* 0: the location's own */
	ngx_atomic_t started, last_ms;
	struct code *codes;
	ngx_uint_t codes_n;
	ngx_atomic_t inflight[]; /* by slot */
};

struct functions {
	ngx_uint_t n;
	struct function *v[]; /* by name */
};

/* At the start of the shared memory. */
struct shared {
	struct functions *functions; /* NULL: no table yet */
	struct function *gone_functions;
	struct task *gone_tasks;
	ngx_atomic_t draining; /* nginx will stop: clients' connections are to close */
	ngx_uint_t slots_n;
	ngx_pid_t slots[]; /* the process that counts there; 0: free */
};

/* Each process has one of these for a zone. */
struct zone {
	ngx_slab_pool_t *pool;
	struct shared *shared;
	ngx_uint_t slots_n; /* to make room for */
	ngx_str_t file;     /* a table to begin with; empty: none */
};

extern ngx_uint_t zone_slot; /* this process' */

/* An ngx_shm_zone_init_pt; the zone's data is a struct zone. */
ngx_int_t zone_init(ngx_shm_zone_t *shm, void *data);
/* In a new worker process: take a slot, and back what dead ones left in theirs. */
void zone_enter(struct zone *z);
void zone_leave(struct zone *z);

void zone_lock(struct zone *z);
void zone_unlock(struct zone *z);

/* Make @text the table; NULL, or what is wrong with it: then the old one stays. */
const char *zone_write(struct zone *z, const char *text, size_t len);

/* With the lock held: position of the first function whose name is not below @name. */
ngx_uint_t zone_find(const struct functions *f, const u_char *name, size_t len);
/* NULL when there is none of that name; else the call is counted in flight until zone_drop(). */
struct function *zone_take(struct zone *z, const u_char *name, size_t len);
#define zone_drop(thing) ((void)ngx_atomic_fetch_add(&(thing)->inflight[zone_slot], -1))
/* Calls in flight in all processes. */
ngx_uint_t zone_inflight(const struct zone *z, const ngx_atomic_t *inflight);
