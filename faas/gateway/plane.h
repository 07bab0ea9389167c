/*
 * The data plane as the rest of the daemon sees it: nginx with svarm's module (faas/nginx/).  The
 * functions and their ready tasks are a table in memory that nginx' worker processes share, so that
 * a change of tasks needs no reload; the same memory holds the counters of every function, exact
 * and without a log.
 *
 * Both calls go through a unix socket only root can open, may be made on any thread, and take a
 * millisecond or so.
 */
#pragma once

#include <stdint.h>

#include "faas/gateway/config.h"
#include "faas/gateway/model.h"
#include "lib/base/clock.h"

struct plane;

/* @c is borrowed for good. */
int plane_new(const struct config *c, struct plane **ret, struct err *err) _must_check_;

/* Make @m's functions and addresses the ones that calls go to.  From the return on, every new call
 * sees it, in every worker process. */
int plane_push(struct plane *p, const struct model *m, struct err *err) _must_check_;

/* nginx will stop soon: from now on it closes each client's connection with the next answer, so
 * that no call is sent on one that is about to be closed. */
int plane_drain(struct plane *p, struct err *err) _must_check_;
/* And now it takes no new connections, but still those that had been made.  @ret_waiting: how many
 * of them have not been accepted; ask again until there are none. */
int plane_deafen(struct plane *p, unsigned *ret_waiting, struct err *err) _must_check_;

/* Upper bounds of the buckets of call durations, in seconds (Prometheus' defaults). */
enum { PLANE_BUCKETS = 11 };
extern const double plane_bounds[PLANE_BUCKETS];

/* Calls of one function that ended with one status, since nginx was started. */
struct plane_code {
	unsigned status;
	uint64_t calls, micros;          /* micros: durations added up */
	uint64_t buckets[PLANE_BUCKETS]; /* not cumulative; what is longer is in none */
};

struct plane_function {
	const char *name;
	uint64_t started;  /* calls that came in, those that waited for a task included */
	uint64_t inflight; /* of them, not ended yet: started less the sum of codes[].calls */
	uint64_t last_ms;  /* when the last call came in or ended: unix time; 0: never */
	struct plane_code *codes; /* by status */
	size_t codes_n;
};

/* All functions' counters at one moment. */
struct plane_sample {
	struct arena arena;               /* owns what follows */
	usec_t at;                        /* clock_now() */
	struct plane_function *functions; /* sorted by name as model.h has it */
	size_t functions_n;
};

/* *@ret is owned by the caller: plane_sample_done(). */
int plane_sample(struct plane *p, struct plane_sample *ret, struct err *err) _must_check_;
void plane_sample_done(struct plane_sample *s);
/* Borrowed; NULL when nobody has called @name yet. */
const struct plane_function *plane_sample_find(const struct plane_sample *s, const char *name);
