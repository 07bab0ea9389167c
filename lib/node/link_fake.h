/*
 * A link without a node, for tests: answers are scripted, everything that was sent is kept, and
 * the Nth operation can be made to fail, before or after it had its effect.
 */
#pragma once

#include "lib/node/link.h"

/* What a fake node says to a script. */
struct link_fake_answer {
	const char *match;     /* the script contains this text; NULL: any script */
	const char *out, *err; /* NULL: nothing */
	int status;
};

enum link_fake_failure {
	LINK_FAKE_REFUSED, /* the command never ran */
	LINK_FAKE_LOST,    /* the command ran, its answer was lost */
};

/* One executed command, as the node saw it. */
struct link_fake_op {
	char *script;     /* owned */
	struct buf input; /* all of it */
};

struct link_fake {
	/* The first that matches answers; a script none matches is an error of the test
	 * (-EINVAL). */
	const struct link_fake_answer *answers;
	size_t n_answers;
	/* Asked before the answers, for nodes with a state of their own: 1 when it has answered
	 * (filling @ret), 0 when not, negative to fail the command.  May be NULL. */
	int (*handle)(void *arg, const char *script, const struct buf *input,
		struct link_result *ret, struct err *err);
	void *arg;

	size_t fail_at; /* the operation, counted from 1, that fails with -ECONNRESET; 0: none */
	enum link_fake_failure failure;
	bool impatient; /* take an input that waits for one that has nothing more to say */
	size_t chunk;   /* hand stdout to link_exec.output in pieces of that size; 0: at once */

	/* Filled as things happen; owned (link_fake_done). */
	struct link_fake_op *ops;
	size_t n_ops, cap_ops;
};

/* A link to the fake node @f, which must outlive it.  @node may be NULL. */
struct link *link_fake_open(struct link_fake *f, const struct spec_node *node);
void link_fake_done(struct link_fake *f);
