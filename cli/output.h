/*
 * What commands print, and where: answers to standard output (for people or as JSON), narration
 * to standard error and to --events.  Failures of standard output are noticed once, at the end of
 * the process (output_finish).
 */
#pragma once

#include <stdio.h>

#include "cli/cmd.h"
#include "lib/base/table.h"
#include "lib/run/event.h"
#include "lib/spec/cluster.h"

enum { RUN_ID_SIZE = 17 };
/* A fresh name for a run: 16 hexadecimal digits. */
void run_id_make(char ret[RUN_ID_SIZE]);

/* Are colours wanted on @f? */
bool output_color(const struct cli *cli, FILE *f);

/* Columns of the terminal that standard output is; 0 when it is none (no limit). */
size_t output_width(void);

/* Print @t to standard output: as a table, or as a JSON array with --json. */
void output_table(const struct cli *cli, const struct table *t);
/* Print @text to standard output as it is. */
void output_text(const struct buf *text);

/*
 * Print an error: "svarm: error: MESSAGE" on standard error; with @json also
 * {"ok": false, "error": {…}} on standard output.
 */
void output_error(bool json, bool color, const struct err *err, enum exit_code code);
/* "svarm: warning: TEXT" on standard error. */
void output_warning(const struct cli *cli, const char *text);

/* Flush standard output; @code, or EXIT_LOCAL (said on standard error) when anything that was
 * printed did not arrive. */
int output_finish(int code);

/*
 * Load the spec of the command line (its first argument, else cluster.yaml), and say its warnings
 * when -v was given.  A spec that is not there counts as ERR_SPEC.
 */
int output_load_cluster(const struct cli *cli, struct cluster **ret, struct err *err) _must_check_;
/* The path of that spec. */
const char *output_spec_path(const struct cli *cli);

/* A run's events with the reporters that the options ask for: a live terminal or plain lines on
 * standard error, JSON lines in --events. */
struct narration {
	struct events *events; /* owned */
	FILE *file;            /* of --events; owned, may be NULL */
	const char *path;      /* of --events; borrowed */
};

/* @node_names is borrowed until narration_close(), @run_id is copied. */
int narration_open(const struct cli *cli, const char *const *node_names, size_t n_nodes,
	const char *run_id, struct narration *ret, struct err *err) _must_check_;
/* End the narration before the answer is printed.  -EIO when --events could not be written whole.
 * Does nothing the second time. */
int narration_close(struct narration *n, struct err *err) _must_check_;
/* The same for a cleanup attribute: failures are of no interest any more. */
void narration_done(struct narration *n);
