/*
 * Commands of two words, as `svarm fn list`: the second one is looked up in a table like the first.
 * Help and completion come from the table.
 */
#pragma once

#include "cli/cmd.h"

struct verb {
	const char *name;
	const char *usage;   /* "NAME": its own arguments, before [FILE] */
	const char *summary; /* one line */
	int args;            /* how many arguments of its own it needs */
	int optional;        /* and how many more it may have */
	unsigned options;    /* bits of the command's own options that it knows */
	int (*run)(const struct cli *cli, struct err *err); /* as struct cmd's */
};

/*
 * Find the verb of @cli and run it.  It gets a command line whose args are its own, then the spec's
 * path when that was given; see verb_cluster().  -EINVAL for what it does not know.
 */
int verb_run(const struct cli *cli, struct err *err) _must_check_;

struct cluster;
/* Load the spec that stands behind the verb's @n own arguments, or cluster.yaml. */
int verb_cluster(const struct cli *cli, int n, struct cluster **ret, struct err *err) _must_check_;

/* Append the verbs for the help of @cmd, and their names for the completion. */
void verb_help(const struct cmd *cmd, struct buf *out);
void verb_words(const struct cmd *cmd, struct buf *out);
