/*
 * Where callbacks go: an account of each host, so that one that is slow, dead or made up by a
 * stranger takes neither the connections nor the memory of the others.  Decisions only, no I/O.
 *
 * A host whose last callback got through is proven.  Others get few connections, and together half
 * of all; one whose last callback did not even get an answer is failing: it is tried by one
 * callback at a time, with growing pauses, and the others meanwhile fail without being sent.
 *
 * When too many answers wait for a host, calls whose callbacks go there are not begun; unless it is
 * failing, or silent since its first callback: then they go on, and the callbacks are given up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/worker/job.h"

struct hosts_limits {
	size_t total;    /* callbacks being sent at once */
	size_t per_host; /* of them, to one host */
	size_t line;     /* answers that wait for one host */
	size_t unproven; /* answers that wait for all hosts that are not proven */
	size_t bytes;    /* of those answers */
};

enum host_state { HOST_NEW, HOST_PROVEN, HOST_FAILING };

struct host {
	struct host *same_hash;
	char name[264]; /* "host:port", lower case */
	enum host_state state;
	unsigned failures;       /* in a row */
	char problem[120];       /* failing: why its last callback got no answer */
	usec_t next_try;         /* failing: not before */
	usec_t first_sent;       /* new: its first callback; 0: none yet */
	usec_t used;             /* last */
	size_t jobs;             /* that refer to it */
	size_t line;             /* of them, those whose function has answered */
	size_t line_bytes;       /* of those answers */
	size_t running;          /* callbacks being sent */
	bool busy;               /* among hosts.busy */
	struct job_list waiting; /* to be sent */
	struct job_list blocked; /* not called yet, because the line is full */
};

struct hosts {
	struct hosts_limits limits;
	struct host *by_hash[256];
	size_t n, turn;
	usec_t next_sweep;
	size_t most; /* a sweep earlier when there are more */
	size_t running, running_unproven;
	size_t unproven, unproven_bytes;
	/* hosts that may have callbacks to be sent */
	struct host **busy;
	size_t busy_n, busy_cap;
};

/* "host:port" of the URL @url, which name_is_callback_url() has taken. */
void host_name(const char *url, char *ret, size_t size);

/* The host of @url, for one more job; host_drop() ends that. */
struct host *hosts_use(struct hosts *hs, const char *url, usec_t now);
void hosts_drop(struct hosts *hs, struct host *h, usec_t now);

/* True when a call whose callback goes to @h must not begin yet. */
bool hosts_full(const struct hosts *hs, const struct host *h, usec_t now);
/* An answer of @bytes for @h.  False when it cannot be kept: give the callback up. */
bool hosts_answer(struct hosts *hs, struct host *h, size_t bytes, usec_t now);
/* That answer is gone: delivered or given up. */
void hosts_answer_gone(struct hosts *hs, struct host *h, size_t bytes);

/* A callback of @h is due: in line now, or false when it has failed already because the host is
 * failing. */
bool hosts_enqueue(struct hosts *hs, struct host *h, struct job *j, usec_t now);
/* After hosts_ended(): a waiting callback that has failed with it; NULL: none. */
struct job *hosts_refused(struct host *h);
/* The next callback to send, hosts in turn; NULL: none may be.  Counts as running. */
struct job *hosts_next(struct hosts *hs, usec_t now);
/* It is over; @reached: the host answered something. */
void hosts_ended(struct hosts *hs, struct host *h, bool reached, usec_t now);
/* A call that had to wait for @h and need not any longer; NULL: none. */
struct job *hosts_unblocked(struct hosts *hs, struct host *h, usec_t now);
/* The same, of any host: time alone may have changed it. */
struct job *hosts_any_unblocked(struct hosts *hs, usec_t now);
void hosts_done(struct hosts *hs);
