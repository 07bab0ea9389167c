/*
 * `svarm bench`'s command line, understood: what to measure, by what to judge it, where it goes.
 * Everything that can be wrong about it is found here, before anything is measured.
 */
#pragma once

#include "cli/cmd.h"
#include "cli/cost_job.h"
#include "cli/headers.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/ext/json.h"
#include "lib/run/event.h"
#include "lib/spec/cluster.h"
#include "probe/bench/bench.h"
#include "probe/bench/threshold.h"

/* The options as they were typed. */
struct bench_own {
	const char *url, *method, *data, *data_file, *rate, *ramp_to;
	const char *duration, *warmup, *timeout, *sustain;
	const char *html, *junit, *compare, *input;
	int connections, threads, rounds, calls;
	bool fresh, insecure, until_stable, ab, save;
	struct option_list headers, from, fail_if, cost;
};

struct bench_job {
	struct arena arena;
	const struct bench_own *own;
	struct bench_options o;
	struct buf body;
	struct headers headers;
	const char **sections; /* owned */
	size_t n_sections;
	char *file[1];                      /* the spec's path; NULL: not given */
	struct bench_threshold *thresholds; /* owned */
	size_t n_thresholds, cap_thresholds;
	json_t *input;            /* owned; of --input */
	json_t *earlier;          /* owned; of --compare */
	struct cost_options cost; /* of --cost; bench_cost.h */
	struct cost_job cost_job;
};

/* @ret must be zeroed; owned by the caller (bench_job_done), also on failure. */
int bench_job_make(const struct cli *cli, struct bench_job *ret, struct err *err) _must_check_;
void bench_job_done(struct bench_job *j);
/* Part of bench_job_make(): times, the URL, headers, rates and the body. */
int bench_job_load(const struct cli *cli, struct bench_job *j, struct err *err) _must_check_;
/* Does it need a spec? */
bool bench_job_cluster(const struct bench_job *j);
/* Is a section part of the run? */
bool bench_job_measures(const struct bench_job *j, const char *section);
/* Is the run on the leader wanted that is newest there? */
bool bench_job_saved(const struct bench_job *j);

/*
 * Add the thresholds of the spec whose sections are measured; @left_out gets the others, quoted.
 * They borrow from @c.
 */
void bench_job_spec(struct bench_job *j, const struct cluster *c, struct buf *left_out);
/* For struct bench_options: shows what is going on by way of @events, a struct events. */
void bench_progress(void *events, const char *section, const char *line);
/* --from: are they nodes of the cluster? */
int bench_job_check_from(const struct bench_job *j, const struct cluster *c, struct err *err)
	_must_check_;
