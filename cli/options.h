/*
 * Command line options, declared as tables: the parser, `svarm help` and the shell completion read
 * the same rows.  Long options may be written --name=VALUE or --name VALUE, short ones bundled
 * (-vv) or with their value attached; options and arguments may be mixed, "--" ends the options.
 * Names are never abbreviated: a slip gets a "did you mean".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum option_kind {
	OPTION_FLAG,   /* bool: true when given */
	OPTION_MORE,   /* int: one more each time it is given */
	OPTION_LESS,   /* int: one less each time */
	OPTION_STRING, /* const char *: the last one counts; borrowed from argv */
	OPTION_NUMBER, /* int: from .min to .max */
	OPTION_LIST,   /* struct option_list: each time one more */
};

struct option_list {
	const char **items; /* owned; the strings are borrowed from argv */
	size_t n, cap;
};

struct option {
	char letter;      /* 0: none */
	const char *name; /* NULL ends a table */
	enum option_kind kind;
	const char *value; /* word for the value in help, "FILE" */
	const char *help;
	size_t offset; /* of the variable in the struct the table is for */
	int min, max;  /* OPTION_NUMBER */
	int alone;     /* OPTION_NUMBER: what it means without a value, which then can only be given
			  as --name=VALUE; 0: it needs one */
	unsigned bit;  /* for the user of the table: which kinds of commands know the option */
};

/* A table with the struct it fills in. */
struct option_set {
	const struct option *options;
	void *values;
	unsigned bits; /* only the rows with one of these bits; 0: all rows */
};

/* Does this row belong to @set? */
bool option_in(const struct option_set *set, const struct option *o);

/*
 * Parse @argv (after the program's or command's name) by the @n_sets tables.  Arguments that are
 * no options are moved to the front of @argv in their order and counted in *@ret_n_args.  With
 * @stop_at_argument the first of them ends the parsing, and *@ret_n_args is its index instead.
 * -EINVAL for a wrong command line.
 */
int options_parse(const struct option_set *sets, size_t n_sets, int argc, char **argv,
	bool stop_at_argument, int *ret_n_args, struct err *err) _must_check_;

enum { HELP_WIDTH = 80 };
/* Append the help of the rows of @set: one option a line, wrapped at HELP_WIDTH. */
void options_help(const struct option_set *set, struct buf *out);
void option_list_done(struct option_list *l);
