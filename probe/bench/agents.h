/*
 * svarm-probe on the nodes: measuring where it must happen.  The program is part of the svarm
 * binary, goes to each node over the connection that is there already, and has deleted its own file
 * before it does anything; when the connection ends, however it ends, it ends what it started and
 * itself.
 *
 * Commands run on a node beside each other, in the node's own network namespace or in a
 * container's. All functions may be called from any thread; a job belongs to one.  What jobs print
 * is hostile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/ext/json.h"
#include "lib/run/fleet.h"

struct agents;
struct agent;
struct agent_job;

/*
 * Start one on every node of @f that is connected; its link is taken until agents_close().  A node
 * where it cannot run (another processor, no space) has an agent_error() and is no failure.
 * *@ret is owned by the caller.  ERR_INTR, or a fault of this machine.
 */
int agents_open(struct fleet *f, const bool *cancel, struct agents **ret, struct err *err)
	_must_check_;
/* Ends the agents.  All jobs have been freed.  NULL-safe. */
void agents_close(struct agents *a);
/* The agent of node @i of the spec; never NULL. */
struct agent *agents_at(struct agents *a, size_t i);
const struct spec_node *agent_node(const struct agent *g);
/* Why it does not run; NULL: it does.  Raw. */
const char *agent_error(const struct agent *g);

struct agent_command {
	/* argv[0] is a tool of svarm-probe ("disk"), or, with a slash, a program of the node
	 * ("/usr/bin/docker").  No shell sees any of it.  Ended by NULL.  Never a secret: those go
	 * into input. */
	const char *const *argv;
	const void *input; /* its standard input; may be NULL */
	size_t input_len;
	const char *container; /* in the network namespace of this container (its id, 64 hexadecimal
				  digits); NULL: the node's own */
	usec_t deadline;       /* killed after that long; 0: 60 s */
};

/* Copies @c.  *@ret is owned by the caller (agent_job_end).  -ECONNRESET: the node is gone. */
int agent_start(struct agent *g, const struct agent_command *c, struct agent_job **ret,
	struct err *err) _must_check_;
/* The next line of standard output, without its newline: 1 and *@ret_line (owned by the job until
 * the next call; NUL-terminated; raw), 0 when it has ended, -ETIMEDOUT when nothing came within
 * @timeout, ERR_INTR, -ECONNRESET. */
int agent_job_line(struct agent_job *j, usec_t timeout, const char **ret_line, struct err *err)
	_must_check_;
/* End it if it runs, and free it.  Its exit status (128 + signal), -1 when not known.  NULL-safe.
 */
int agent_job_end(struct agent_job *j);
static inline void agent_job_endp(struct agent_job **j)
{
	(void)agent_job_end(*j);
}

/*
 * Run a tool to its end, which must print one JSON object in its last line.  *@ret is owned by the
 * caller.  ERR_REMOTE with what it said on standard error when it ended with another status than 0
 * or 1, or printed no object.
 */
int agent_run(struct agent *g, const struct agent_command *c, json_t **ret, struct err *err)
	_must_check_;
/* As agent_run(); each line that does not begin an object goes to @line (raw), as it comes. */
int agent_follow(struct agent *g, const struct agent_command *c,
	void (*line)(void *arg, const char *text), void *arg, json_t **ret, struct err *err)
	_must_check_;
/* Run a program of the node to its end, and append what it prints (at most @max bytes).  ERR_REMOTE
 * with its standard error unless it ended with status 0. */
int agent_output(struct agent *g, const struct agent_command *c, size_t max, struct buf *out,
	struct err *err) _must_check_;
