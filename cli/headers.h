/*
 * The option -H of `svarm bench` and `svarm fn invoke`: headers on the command line, and files of
 * them, by which a secret stays off it.
 */
#pragma once

#include "cli/cmd.h"
#include "probe/load/header.h"

struct headers {
	const char **items; /* owned; "Name: value", borrowed from the options and the files */
	size_t n, cap;
	struct header_file *files; /* owned */
	size_t n_files, cap_files;
};

/*
 * Read what was @given: "Name: value", "@FILE", "@-" for standard input.  A file that others may
 * read is warned of.  @input_taken: what else reads standard input, for the message; NULL: nothing.
 * @ret must be zeroed; owned by the caller (headers_done), also on failure.  ERR_SPEC never quotes
 * a value.
 */
int headers_read(const struct cli *cli, const struct option_list *given, const char *input_taken,
	struct headers *ret, struct err *err) _must_check_;
void headers_done(struct headers *h);
