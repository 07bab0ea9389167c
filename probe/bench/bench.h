/*
 * Benchmarks: what does this cluster give, and what do its settings buy?  A run is a list of
 * sections (http, cold, async …), each of which measures one thing, judges it, and gives figures
 * that a threshold can name ("http.p99 > 50ms").
 *
 * The answer is one JSON document (docs/bench.md, docs/bench.schema.json): tables, the HTML report,
 * comparisons and thresholds are made from the document alone, so whatever was measured earlier
 * can be shown and judged again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/ext/json.h"
#include "lib/run/fleet.h"

struct bench_options {
	const char *const *sections; /* names; none: all but those that are only run when named */
	size_t n_sections;
	unsigned rounds; /* of each measurement; figures are medians.  0: 3 */

	/* Of http; see probe/load/load.h.  Zero is the section's own default. */
	const char *url;    /* NULL: the spec's first function through every ingress node */
	const char *method; /* NULL: GET, or POST with a body */
	const char *const *headers;
	size_t n_headers;
	const void *body;
	size_t body_len;
	unsigned connections, threads;
	double rate;     /* open loop */
	usec_t duration; /* of one round */
	usec_t warmup, timeout;
	bool fresh;              /* a connection for every request */
	bool insecure;           /* TLS: do not verify the server's certificate */
	bool until_stable;       /* more rounds until the medians agree */
	double ramp_to;          /* open loop: from rate to this one, in steps.  0: no ramp */
	const char *const *from; /* node names that the load comes from.  None: here; with a
				    cluster and no url also the leader */
	size_t n_from;

	unsigned calls; /* of cold (0: 5) and async (0: 1000) */
	usec_t sustain; /* disk: go on so long, to find burst credits.  0: a few seconds */
	bool ab;        /* redis: without the tuning as well */

	const bool *cancel; /* turns true on a signal */
	/* One line of what is going on, about once a second, from any thread, one at a time.
	 * @section is its name; @line is escaped.  May be NULL. */
	void (*progress)(void *arg, const char *section, const char *line);
	void *arg;
};

/*
 * Run the sections on the cluster of @f, connecting to nodes that are not connected yet.  NULL @f:
 * without a cluster, only `http` with a url.  What could not be measured is a section with its
 * state and reason, never an aborted run.  *@ret is the document, owned by the caller.
 * -EINVAL: a section, figure or option that is none; ERR_INTR.
 */
int bench_run(struct fleet *f, const struct bench_options *o, json_t **ret, struct err *err)
	_must_check_;

struct bench_section_info {
	const char *name, *summary;
	bool only_named; /* not part of a run of all sections */
};
/* Are all @n @names sections?  -EINVAL names the first that is none. */
int bench_check_sections(const char *const *names, size_t n, struct err *err) _must_check_;
size_t bench_n_sections(void);
struct bench_section_info bench_section_at(size_t i);
