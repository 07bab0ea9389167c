/*
 * What every command that reaches nodes begins and ends with: the spec, the images' metadata and
 * the resolved secrets, the narration, the fleet.
 */
#pragma once

#include "cli/flows.h"
#include "cli/output.h"

struct session {
	const struct cli *cli;
	struct cluster *cluster;    /* owned */
	struct faas_context *faas;  /* owned; NULL unless loaded */
	struct fleet *fleet;        /* owned */
	struct narration narration; /* owned */
	const char **names;         /* of the nodes; owned */
	struct flow_context flow;
	char run_id[RUN_ID_SIZE];
	char owner[160];
	usec_t start;
};

/* @ret must be zeroed; session_done() it also on failure. */
int session_open(const struct cli *cli, struct session *ret, struct err *err) _must_check_;
/* Also load what faas_want() needs.  @images_dir: NULL to look beside the executable and in the
 * data folder. */
int session_load_faas(struct session *s, const char *images_dir, struct err *err) _must_check_;
/*
 * Open, load, and read every node without writing: what `plan` and `status` have in common.  @print
 * shows the answer; it gets what failed, if anything did.  Returns an exit code (EXIT_PENDING when
 * there are changes), or a negative code when there is nothing to show.
 */
int session_plan(const struct cli *cli, const char *images_dir,
	void (*print)(const struct cli *cli, struct session *s, const struct err *error),
	struct err *err) _must_check_;
/* Emit the run's last event and end the narration, so that the answer can be printed. */
void session_narrated(struct session *s, const struct err *error, const char *summary);
/* A fleet with connections of its own that tells nobody anything: for what goes on behind the
 * narration's end. */
void session_again(struct session *s);
void session_done(struct session *s);
