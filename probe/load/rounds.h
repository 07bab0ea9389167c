/*
 * Loads made of several runs: rounds until they agree, and a ramp of rates that finds where the
 * server stops keeping up.
 */
#pragma once

#include "probe/load/load.h"

struct load_rounds {
	unsigned last; /* that must agree; 0: 3 */
	unsigned most; /* 0: 10 */
	double bound;  /* how far apart they may be, of their median; 0: 0.05 */
	/* Called after each round; may be NULL. */
	void (*round)(void *arg, unsigned number, const struct load_result *r);
	void *arg;
};

/*
 * Rounds of @o until the medians of the last ones agree, in the rate of answers and in p50, or
 * there were the most.  @ret, which must be zeroed, is all rounds together; its unstable says
 * whether they did not agree.  Fails as load_run() does.
 */
int load_until_stable(const struct load_options *o, const struct load_rounds *how,
	struct load_result *ret, struct err *err) _must_check_;
/* Do the last @last of @n values lie within @bound of their median? */
bool load_agree(const double *values, size_t n, size_t last, double bound);

/*
 * Open loop, in @steps steps (0: ten, but none shorter than a second) from @o's rate to @to, which
 * share @o's duration; each makes its connections anew and has @o's warm-up.  @ret, which must be
 * zeroed, is all steps together, with the steps of their own.  -EINVAL: no rate, no duration, a
 * count.
 */
int load_ramp(const struct load_options *o, double to, unsigned steps, struct load_result *ret,
	struct err *err) _must_check_;
/* The rate of the last step before the first that the server did not keep up with; 0: there is no
 * such step. */
double load_kept_up_to(const struct load_result *r);
