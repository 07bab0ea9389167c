/* What the files of the work share: see work.h. */
#pragma once

#include "faas/worker/feed.h"
#include "faas/worker/hosts.h"
#include "faas/worker/work.h"

enum {
	JOB_OVERHEAD = 20 << 10, /* of a job, besides its body */
	ANSWER_OVERHEAD = 1 << 10,
	IDLE_WAIT_MS = 1000,
};

struct work {
	const struct config *c;
	struct feed *feed;
	struct http_multi *http;
	struct jobs jobs;
	struct hosts hosts;
	size_t calling;      /* slots taken */
	size_t under_way;    /* calls and callbacks, the lost included */
	size_t held_bytes;   /* of entries */
	size_t answer_bytes; /* of answers, whole or not */
	struct job *over;    /* the one whose answer may go beyond the limit; or NULL */
	size_t typical; /* size of an entry's body, guessed high: falls slowly, rises at once */
	size_t turn;    /* of the lanes */
	bool room_made; /* an answer is gone */
	bool stopping;
	usec_t next_keep, next_claim;
};

unsigned random_number(void);
/* Let @j wait @ms, and then do what its state says. */
void job_pause(struct job *j, long ms);
/* The entry is done: acknowledge and forget it. */
void job_finish(struct job *j);
/* Forget it only. */
void job_free(struct job *j);
/* Drop what the function has answered. */
void job_forget_answer(struct job *j);

/* call.c */
void call_start(struct job *j);
/* The function will not be called again: callback, dead letter, acknowledgement, whatever is left.
 */
void call_settled(struct job *j);
/* Write it to the dead-letter stream, which ends it. */
void call_bury(struct job *j);

/* callback.c: a callback is due ... */
void callback_due(struct job *j);
/* ... and all that may be sent now are. */
void callbacks_start(struct work *w);
