/*
 * A subcommand of `svarm`: one file cmd_NAME.c each, whose only export is a `const struct cmd`.
 * The dispatcher, `svarm help` and the shell completion read nothing but these tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/exit.h"
#include "cli/options.h"
#include "lib/base/err.h"

/* Which of the common options a command knows, besides --help. */
enum {
	COMMON_JSON = 1 << 0,      /* --json */
	COMMON_COLOR = 1 << 1,     /* --no-color */
	COMMON_RUN = 1 << 2,       /* reaches nodes: --events, --parallel, -v, -q,
				      --accept-new-host-keys */
	COMMON_TEMPLATES = 1 << 3, /* --templates */
	COMMON_HELP = 1 << 4,      /* --help: always */
	COMMON_TOP = 1 << 5,       /* --version: only before the command */
	COMMON_NODES = 1 << 6,     /* --node */
	COMMON_LINK = 1 << 7,      /* reaches one node: of COMMON_RUN's only -v, -q and
				      --accept-new-host-keys */
};

struct common_options {
	bool help, version, json, no_color, accept_new_host_keys;
	const char *events;       /* path, or NULL */
	const char *templates;    /* path, or NULL */
	struct option_list nodes; /* names as given; empty: all */
	int parallel;             /* nodes at once, at least 1 */
	int verbosity;            /* VERBOSITY_* of lib/run/report.h */
};

struct cmd;
struct verb;

/* The command line, understood. */
struct cli {
	const struct cmd *cmd;
	struct common_options opt;
	const void *own; /* the command's own options: a struct of cmd->own_size bytes */
	char **args;     /* what is no option; borrowed from argv */
	int n_args;
};

struct cmd {
	const char *name;
	const char *usage;   /* "[FILE]": what follows the options */
	const char *summary; /* one line for the list of commands */
	const char *about;   /* paragraphs for its own help, '\n' between them */
	unsigned common;     /* COMMON_* */
	int min_args, max_args;
	const struct option *own; /* offsets into its own struct; may be NULL */
	size_t own_size;          /* of that struct: zeroed before parsing */
	const struct verb *verbs; /* what its first argument may be (verb.h), or NULL */
	/* An exit code, after having said everything itself; or a negative code and @err, which
	 * the caller prints (as JSON with --json) and turns into an exit code. */
	int (*run)(const struct cli *cli, struct err *err);
};

/* All commands in the order of the help text; NULL at the end. */
extern const struct cmd *const cmd_table[];
extern const struct option common_options[];

const struct cmd *cmd_find(const char *name);
/* An error naming the unknown command, with what may have been meant. -EINVAL. */
int cmd_unknown(const char *name, struct err *err);

/* Append the help of one command. */
void help_command(const struct cmd *cmd, struct buf *out);
/* Append the overview. */
void help_overview(struct buf *out);
