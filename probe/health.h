/*
 * Health: does the cluster do what it is for?  Probes look at effects, not at files: a call that
 * is answered, bytes that cross the overlay, the backlog a listener really has.  First everything
 * is seen (collect.c, at once on all nodes and from this machine), then judged (judge_*.c, pure C).
 *
 * What is missing (no docker, no container, a node that is down) is a failed probe with a remedy,
 * and what cannot be probed because of it is skipped with the reason: never an aborted run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/run/fleet.h"

enum health_state { HEALTH_OK, HEALTH_NOTE, HEALTH_WARN, HEALTH_FAIL, HEALTH_SKIP };

/* What it means when a probe does not hold, and with it the worst state of its rows. */
enum health_severity {
	HEALTH_INFO,     /* worth knowing: a note */
	HEALTH_WARNING,  /* the platform works, but may not for long: a warning */
	HEALTH_CRITICAL, /* the platform does not do its work: failed */
};

/* One row.  All text is escaped and on one line. */
struct health_result {
	const char *id;    /* "node.reachable": static */
	const char *group; /* the part before the point: static */
	const char *node;  /* name in the spec; NULL: the cluster as a whole */
	const char
		*subject;   /* what of the node or cluster, "svarm_redis"; NULL: there is but one */
	const char *text;   /* what was seen, with numbers */
	const char *remedy; /* what can be done about it; set unless it is ok or skipped */
	enum health_state state;
	enum health_severity severity; /* of the probe */
	int deadline;                  /* of the probe: what has not answered then has failed */
	double seconds;                /* how long what was probed took; 0: not a matter of time */
};

struct health_options {
	const char *const *only; /* groups and ids; none: all.  See health_check_only() */
	size_t n_only;
	const char *const *nodes; /* leave out the rows of other nodes; none: all */
	size_t n_nodes;
};

/* How long it is worth waiting for a node to let us in: the caller sets ssh.connect_timeout. */
enum { HEALTH_CONNECT_SECONDS = 10 };

struct health;

/*
 * Probe the cluster of @f, connecting to nodes that are not connected yet.  Rows come in a fixed
 * order: by probe, then by node as in the spec.  0 whatever was found (see health_verdict());
 * negative when there is no finding: ERR_INTR, or a wrong name in options->only (-EINVAL).
 * *@ret is owned by the caller (health_free) and borrows node names from the fleet's cluster.
 */
int health_run(struct fleet *f, const struct health_options *o, struct health **ret,
	struct err *err) _must_check_;
void health_free(struct health *h);
static inline void health_freep(struct health **h)
{
	health_free(*h);
}

size_t health_size(const struct health *h);
const struct health_result *health_at(const struct health *h, size_t i);
/* Are the rows, of one finding or of two, about the same thing? */
bool health_same(const struct health_result *a, const struct health_result *b);
/* HEALTH_FAIL, HEALTH_WARN or HEALTH_OK: the worst state of all rows.  Notes and what was skipped
 * count as nothing. */
enum health_state health_verdict(const struct health *h);
size_t health_count(const struct health *h, enum health_state state);
double health_seconds(const struct health *h);

/* "ok", "note", "warning", "failed", "skipped". */
const char *health_state_name(enum health_state state);
/* "critical", "warning", "info". */
const char *health_severity_name(enum health_severity severity);

/* What a probe is and what it shows, for help texts. */
struct health_probe {
	const char *id, *group, *summary;
	enum health_severity severity;
	int deadline; /* seconds */
};
/* All probes in the order of their rows. */
size_t health_n_probes(void);
struct health_probe health_probe_at(size_t i);
/* Are all @n @names groups or ids of probes?  -EINVAL names the first that is none. */
int health_check_only(const char *const *names, size_t n, struct err *err) _must_check_;
