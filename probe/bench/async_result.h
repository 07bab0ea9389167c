/* Inside section async: what svarm-probe async says, read, added up over the rounds, and judged. */
#pragma once

#include "probe/bench/section.h"

struct async_counts {
	double sent, accepted, refused, unanswered, called_back, lost, duplicated, wrong, failed;
	double accept_seconds, drain_seconds;
	int refused_status, failed_status; /* the latest; 0: none */
	bool echoes;                       /* wrong means something */
};

struct async_round {
	struct async_counts counts;
	json_t *latency, *nines; /* owned; NULL: none */
	double p50, p99;         /* NAN: not known */
};

/* Read @o, which is hostile.  -EBADMSG: counts are missing or contradict each other. */
int async_read(const json_t *o, struct async_round *ret, struct err *err) _must_check_;
void async_round_done(struct async_round *r);

/* Figures, detail, state and text of the rounds, at least one.  @patience: seconds without any
 * callback, after which what was missing counted as lost. */
void async_judge(const struct async_round *rounds, size_t n, const char *function, double patience,
	struct section_result *ret);

/* struct section's print(). */
void async_print(const json_t *section, struct buf *out);
