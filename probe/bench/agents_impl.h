/* Inside probe/bench/agents*.c: a node's agent and its jobs.  Everything of an agent but what is
 * said to be its thread's own is under its lock. */
#pragma once

#include <pthread.h>

#include "probe/bench/agent_frame.h"
#include "probe/bench/agents.h"

struct agent_job {
	struct agent *agent;
	struct agent_job *next; /* of the agent's */
	unsigned long id;
	struct buf out;    /* standard output that was not read yet */
	size_t taken;      /* bytes at its front that were */
	size_t searched;   /* no newline before this */
	struct buf errors; /* standard error, its beginning */
	struct buf line;   /* what agent_job_line() gave out */
	usec_t until;      /* it has gone on too long then, whatever its node says */
	bool ended;
	int status;
	const char *fault; /* why it was given up; static */
};

enum agent_state {
	AGENT_ABSENT, /* the node is not connected */
	AGENT_STARTING,
	AGENT_RUNS,
	AGENT_OVER, /* why: see error */
};

struct agent {
	const struct spec_node *node;
	struct link *link; /* used by its thread alone */
	const bool *cancel;
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum agent_state state;
	struct err error; /* set with AGENT_OVER and AGENT_ABSENT, then left alone */
	bool closing;
	usec_t closed; /* when it was told to end */
	unsigned long last_id;
	struct agent_job *jobs;
	struct buf waiting; /* frames to send */

	/* The thread's own. */
	struct buf sending;
	struct agent_frame_reader in;
	enum { SEND_HEAD, SEND_PROGRAM, SEND_FRAMES } sent;
	usec_t spoke;
};

/* With the lock held: what the node says of a job. */
void agent_job_frame(struct agent *g, const struct agent_frame *f);
/* With the lock held: nothing more will come. */
void agent_jobs_lost(struct agent *g);
