/*
 * Files that a spec includes: functions_from names stack.yml files of faas-cli.  Each is read with
 * its own diagnostics, and what it describes joins the functions of the spec.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/spec/diag.h"
#include "lib/spec/expand.h"
#include "lib/spec/grammar.h"
#include "lib/spec/marks.h"

struct include {
	struct buf text;
	struct source source;
	struct diag diag;
	struct marks marks;
	struct expansion expand;
	size_t n_env_files;   /* read so far */
	size_t first, n;      /* its functions among those of the cluster */
	struct include *next; /* an environment_file that it refers to, whose mistakes count too */
};

struct includes {
	struct include *list; /* owned; one for each of the cluster's, also when it was not read */
	size_t n;
};

/* Read what @draft names, and append the functions to it.  A file that cannot be read is a mistake
 * of the spec (@diag, @marks); what is wrong in it goes to its own diagnostics. */
void includes_read(
	struct draft *draft, struct diag *diag, struct marks *marks, struct includes *ret);
/* @r when none has a mistake; else ERR_SPEC with all of them, behind what @err says already when @r
 * is negative. */
int includes_result(struct includes *in, int r, struct err *err) _must_check_;
void includes_done(struct includes *in);
