/* What the verbs of `svarm fn` share; one file fn_VERB.c each, cmd_fn.c has their table. */
#pragma once

#include "cli/gateway.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "lib/ext/json.h"

/* Bits of the options, for struct verb. */
enum {
	FN_INVOKE = 1 << 0,
	FN_LOGS = 1 << 1,
};

struct fn_options {
	/* invoke */
	bool async;
	const char *data, *method, *path;
	struct option_list headers;
	int timeout; /* seconds; 0: not given */
	/* logs */
	bool follow;
	int tail; /* 0: not given */
	const char *since;
};

/* The spec and a link to its leader; zeroed before fn_open(), fn_close() also after a failure. */
struct fn_session {
	const struct cli *cli;
	struct cluster *cluster; /* owned */
	struct gateway gateway;
};

/* @n: how many arguments of its own the verb has; the first, if any, is a function's name, which is
 * checked.  */
int fn_open(const struct cli *cli, int n, struct fn_session *ret, struct err *err) _must_check_;
void fn_close(struct fn_session *s);
/* The function of the spec with that name, or NULL. */
const struct spec_function *fn_in_spec(const struct cluster *c, const char *name);
/* Print @text on standard output: as it is, or, for a terminal, with what it could act upon made
 * visible. */
void fn_print(const char *text, size_t len);

int fn_list(const struct cli *cli, struct err *err);
int fn_invoke(const struct cli *cli, struct err *err);
int fn_logs(const struct cli *cli, struct err *err);
int fn_scale(const struct cli *cli, struct err *err);
int fn_remove(const struct cli *cli, struct err *err);
