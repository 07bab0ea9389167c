/*
 * Jobs: the entries that this worker holds, found by their id, in the list of what they wait for,
 * or in the order of the time they wait for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/common/entry.h"
#include "lib/base/clock.h"
#include "lib/ext/http.h"

enum { FEED_ID_MAX = 48 };

struct work;
struct lane;
struct host;
struct job;

/* In order of arrival.  A job is in one list at most. */
struct job_list {
	struct job *head, *tail;
	size_t n;
};

enum state {
	ST_READY, /* to be called: paused, or in its lane's list, or in its host's list "blocked" */
	ST_CALLING,  /* the function is being called */
	ST_ANSWERED, /* the callback is to be sent: paused, or in its host's list "waiting" */
	ST_CALLBACK, /* the callback is being sent */
	ST_BURY,     /* to be written to the dead-letter stream: paused */
	ST_LOST,     /* a call is under way whose entry has become somebody else's */
};

struct job {
	struct job_list *list; /* the one it is in, or NULL */
	struct job *prev, *next;
	struct job *same_hash;
	size_t heap_at; /* place among the paused, from 1; 0: not paused */

	struct work *w;
	struct lane *lane;
	struct host *host; /* of its callback; NULL: none */
	char id[FEED_ID_MAX];
	struct arena arena;
	struct entry e;
	enum state state;
	usec_t taken, not_before;
	unsigned deliveries; /* before this one */
	unsigned attempts;   /* that failed */
	unsigned waits;      /* tries that never reached the function */
	unsigned callbacks;  /* tries */
	bool in_line;        /* counted in its host's line */
	bool dead;           /* given up: to be buried when the callback is over */
	size_t weight;       /* bytes it counts for */
	size_t answer_bytes; /* of what the function has answered so far */
	/* what the function answered last */
	int status;
	struct http_header *headers;
	size_t headers_n;
	struct buf body;
	usec_t duration;
	char reason[160];
};

void list_add(struct job_list *l, struct job *j);
/* Take @j out of the list it is in, if any. */
void list_drop(struct job *j);
struct job *list_pop(struct job_list *l);

/* All jobs but the lost ones. */
struct jobs {
	struct job *by_hash[4096];
	struct job **heap; /* paused; heap[0] is the first one that is due */
	size_t paused, heap_cap;
	size_t n;
};

/* NULL when it is not held. */
struct job *jobs_find(const struct jobs *js, const struct lane *lane, const char *id);
void jobs_add(struct jobs *js, struct job *j);
/* Forget @j, paused or not. */
void jobs_drop(struct jobs *js, struct job *j);
/* The next one after @j (NULL: the first), in no order; @j may have been dropped only if this was
 * called before. */
struct job *jobs_next(const struct jobs *js, const struct job *j);

/* Let @j wait until j->not_before. */
void jobs_pause(struct jobs *js, struct job *j);
/* Take a job whose time has come; NULL when there is none. */
struct job *jobs_due(struct jobs *js, usec_t now);
void jobs_done(struct jobs *js);
