/*
 * What a document of `svarm bench` says of a load, for the calculator: how many calls a second the
 * cluster was seen to answer, how long the function itself takes, how large an answer is.  The
 * document may be old, partial or hostile: a number out of bounds counts as not measured, and what
 * cannot be calculated with is refused.
 */
#pragma once

#include <stddef.h>

#include "lib/ext/json.h"

/* What the throughput would have been limited by, had there been more. */
enum cost_limit {
	LIMIT_CLUSTER,
	LIMIT_RATE,   /* calls were due at a rate that it kept up with: it may carry more */
	LIMIT_CLIENT, /* the client was busy: likewise */
};

struct cost_measured {
	const char *cluster, *started; /* borrowed and raw; NULL: none, not said */
	const char *from, *url;        /* where the throughput is from; likewise */
	double throughput;             /* answers a second on the whole way; above 0 */
	enum cost_limit limit;
	double connections;  /* that it took; NAN: not said */
	double ms;           /* in the function itself, one call at a time; NAN: not measured */
	double kb;           /* of an answer with its head, in 1024s; NAN: not measured */
	size_t servers;      /* of the cluster; 0: not known */
	const char *warning; /* what section http warns of: borrowed and raw; NULL: nothing */
};

/* -EBADMSG: section http is missing, did not end well, or has no throughput.  What is borrowed is
 * the document's. */
int cost_measured_read(const json_t *doc, struct cost_measured *ret, struct err *err) _must_check_;

/* "cluster", "rate", "client". */
const char *cost_limit_name(enum cost_limit limit);
