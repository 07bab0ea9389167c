/*
 * A link is one authenticated connection to a node, and the only way anything reaches it.  It runs
 * commands: fixed script text with data on standard input; stdout, stderr and the exit status come
 * back separately.  Host keys are verified before authentication is even offered.
 *
 * A link belongs to one thread.  The implementation is a table of functions so that tests can put
 * a recorded or failing node in its place (link_fake.h); the real one is link_open_ssh().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/spec/cluster.h"

/* What a running command asks its caller for. */
enum link_input {
	LINK_INPUT_DATA,  /* *data and *len are set; the bytes are valid until the next call */
	LINK_INPUT_WAIT,  /* nothing yet (a promise is pending): ask again soon */
	LINK_INPUT_EOF,   /* no more input */
	LINK_INPUT_ABORT, /* give up: close the command's input and fail with *err */
};

struct link_exec {
	/* POSIX shell text.  Run as root: directly, or through `sudo -n` when the user is not root.
	 * It never holds a secret or a value of the spec: those travel as input.  The text itself
	 * is sent as data too, so neither its size nor its content meets a command line. */
	const char *script;

	/* Source of standard input after the script; NULL: empty.  Called from the link's thread
	 * whenever the channel can take more.  Must not block. */
	enum link_input (*input)(void *arg, const char **data, size_t *len, struct err *err);
	/* Each chunk of stdout as it comes; NULL: gathered in the result.  Negative aborts. */
	int (*output)(void *arg, const char *data, size_t len, struct err *err);
	void *arg;

	usec_t idle_timeout; /* give up after that long without output or input progress (while no
				promise is pending); 0: 60 s */
	usec_t deadline;     /* give up after that long in all; 0: none */
	size_t max_output;  /* cap on gathered stdout, and on stderr; 0: 1 MiB.  More is an error */
	const bool *cancel; /* when it turns true: ERR_INTR; may be NULL */
};

struct link_result {
	struct buf out; /* stdout, unless link_exec.output took it */
	struct buf err; /* stderr: raw, hostile; escape before showing */
	int status;     /* exit status; 128 + n when a signal ended it; -1 unknown */
};

struct link;

struct link_ops {
	int (*exec)(struct link *l, const struct link_exec *e, struct link_result *ret,
		struct err *err);
	void (*close)(struct link *l); /* also frees @l itself */
};

struct link {
	const struct link_ops *ops;
	const struct spec_node *node; /* borrowed */
	char *host_key;               /* "SHA256:…" the node showed; owned */
};

/* How unknown host keys are treated. */
enum host_key_policy {
	HOST_KEY_STRICT, /* pin in the spec, else known_hosts, else refuse */
	HOST_KEY_LEARN,  /* as strict, but an unknown key (never a changed one) is written to
			    known_hosts */
};

struct link_options {
	enum host_key_policy policy;
	const bool *cancel; /* as in link_exec */
	const char *run_id; /* unused by the transport; for messages */
	/* Told about waiting ("connection refused, retrying"); may be NULL.  Text is escaped. */
	void (*notice)(void *arg, const char *text);
	void *arg;
	/* A node that has been silent that long is asked for a sign of life; after three times that
	 * long without one the connection is dead.  0: 10 s. */
	usec_t keepalive;
};

/*
 * Connect to @node as the spec's ssh section says: verify the host key, then authenticate with the
 * identity files and the agent.  Refused or timed-out connects, and a refused key on a fresh
 * machine, are retried until ssh.connect_timeout is over; a wrong host key never is.
 * Errors: ERR_HOSTKEY, ERR_AUTH, -ETIMEDOUT, -ECONNREFUSED ..., ERR_INTR.
 * *@ret is owned by the caller (link_free).
 */
int link_open_ssh(const struct cluster *c, const struct spec_node *node,
	const struct link_options *options, struct link **ret, struct err *err) _must_check_;

/*
 * Run a command to its end.  0 when it ran, whatever its exit status (see ret->status); negative
 * when it could not be run or followed to its end: -EPERM (sudo wants a password), -ECONNRESET and
 * -ETIMEDOUT (also: no sign of life; the outcome is unknown), ERR_REMOTE (a cap, no exit status, no
 * shell), ERR_INTR, or what the caller's functions returned.  After the connection was lost every
 * further command is -ECONNRESET.  @ret must be initialised to {0}; it is owned by
 * the caller (link_result_done), and filled as far as things went also on failure.
 */
int link_exec(struct link *l, const struct link_exec *e, struct link_result *ret, struct err *err)
	_must_check_;
void link_free(struct link *l);
static inline void link_freep(struct link **l)
{
	link_free(*l);
}
void link_result_done(struct link_result *r);
