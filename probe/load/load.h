/*
 * HTTP load: call one URL many times over many connections and see what comes of it.
 *
 * Closed loop (rate 0): every connection sends its next request when it has the answer to the last.
 * Open loop: requests are due at fixed times whatever the server does, and their latency counts
 * from then, not from when they could be sent: a server that stalls cannot hide the calls that
 * would have come meanwhile.
 *
 * A connection that fails in the closed loop pauses for 20 ms, so that a dead server is not called
 * a hundred thousand times a second.  A request is never sent twice: what failed counts as failed.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "probe/load/hist.h"
#include "probe/load/target.h"

/* One second of a run: of what came back in it, whenever it was due. */
struct load_point {
	double t;          /* when it began, in seconds since the part that counts did */
	double seconds;    /* its length: 1, but for the last one */
	uint64_t answers;  /* with whatever status */
	uint64_t errors;   /* as load_failed() counts */
	uint64_t p50, p99; /* of its answers' latency, in ns; 0 when there are none */
};

/* A run up to now. */
struct load_progress {
	double elapsed;           /* seconds of the part that counts */
	uint64_t answers, errors; /* as in load_point */
	uint64_t p50, p99;        /* of all latencies, in ns */
	struct load_point latest; /* the second that has just ended */
};

struct load_options {
	const struct target *target; /* borrowed during the run */
	unsigned connections;        /* at most so many at once, all threads together */
	unsigned threads;
	double rate;     /* requests a second, all threads together; 0: closed loop */
	usec_t duration; /* of the part that counts; 0: until count is reached */
	uint64_t count;  /* stop after so many requests; 0: until duration is over */
	usec_t warmup;   /* before the part that counts */
	usec_t timeout;  /* of one request, from when it was sent */
	bool fresh;      /* close the connection after each answer */
	bool insecure;   /* https: take any certificate */
	const volatile sig_atomic_t *cancel; /* not 0: stop, wait for nothing; may be NULL */
	/* Called after each second of the part that counts, by the thread that called load_run().
	 * May be NULL. */
	void (*progress)(void *arg, const struct load_progress *p);
	void *arg;
};

/* Why there was no answer. */
enum load_error {
	LOAD_CONNECT,   /* no connection: refused, unreachable, no ports or descriptors left */
	LOAD_RESET,     /* reset before the answer was whole, or while sending */
	LOAD_CLOSED,    /* closed in an orderly way before a byte of the answer */
	LOAD_SHORT,     /* closed in an orderly way amid the answer */
	LOAD_MALFORMED, /* what came is not HTTP */
	LOAD_TIMEOUT,
	LOAD_TLS, /* handshake, certificate, or what came is not TLS */
	N_LOAD_ERRORS
};
extern const char *const load_error_names[N_LOAD_ERRORS];

enum { LOAD_STATUSES = 600 };

/* Everything counts requests that were due after the warm-up. */
/* One step of a ramp. */
struct load_step {
	double rate, rps; /* due and answered a second */
	uint64_t answers, errors, unsent;
	uint64_t p50, p99; /* of its latency, in ns */
	bool kept_up;
};

struct load_result {
	struct hist latency; /* of answers, in ns: from when due, in the closed loop from sending */
	struct hist service; /* of answers, in ns: from sending; in the closed loop the same */
	struct hist lag;     /* open loop, in ns: from when due to sending */
	uint64_t statuses[LOAD_STATUSES]; /* answers by status */
	uint64_t errors[N_LOAD_ERRORS];
	uint64_t in_time;       /* answers that came before the end of the duration */
	uint64_t bytes_in;      /* read, heads included */
	uint64_t connects;      /* connections made, the warm-up's included */
	int connect_errno;      /* of the latest connection that could not be made */
	const char *tls_reason; /* of the latest LOAD_TLS, static; NULL when there was none */
	double seconds;         /* how long the part that counts took */
	double cpu_seconds;     /* spent by the threads meanwhile, user and system */
	double cpu_busiest;     /* the busiest thread's share of a processor: 0 to 1 */
	uint64_t unsent;        /* open loop: were due, but no connection was free until the end */
	struct load_point *series; /* owned: what came back before the end, second by second */
	size_t n_series, cap_series;
	unsigned rounds;         /* runs that were put together; 1: just one */
	bool unstable;           /* the rounds did not agree: see rounds.h */
	struct load_step *steps; /* owned; of a ramp, else none: see rounds.h */
	size_t n_steps;
};

/* *@ret must be zeroed; release with load_result_done(), also on failure.  0 however the calls
 * fared; negative when this machine could not do its part (descriptors, threads). */
int load_run(const struct load_options *o, struct load_result *ret, struct err *err) _must_check_;

void load_result_done(struct load_result *r);
/* Add @from, another round of the same load, to @into: one run after the other.  A share of a
 * processor is the greater one; steps are not added. */
void load_merge(struct load_result *into, const struct load_result *from);

uint64_t load_answers(const struct load_result *r);
/* Requests without an answer, and answers with a status of 400 and more. */
uint64_t load_failed(const struct load_result *r);
/* Answers a second. */
double load_rps(const struct load_result *r);
/* Above this share of a processor the figures say more about the client than about the server. */
#define LOAD_BUSY 0.8
