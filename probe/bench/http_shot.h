/* Inside section http: one load run, from here or from a node. */
#pragma once

#include "probe/bench/http_result.h"
#include "probe/bench/section.h"

struct http_shot {
	const char *from;      /* "client", or a node's name */
	struct agent *agent;   /* NULL: here */
	const char *container; /* whose network namespace the load comes from; NULL: the node's */
	const char *path;      /* "url", "ingress", "gateway", "function" */
	const char *url;
	unsigned connections, threads;
	double rate, ramp_to;
	usec_t duration, warmup, timeout;
	unsigned round; /* from 1; 0: not part of a series */
	bool quiet;     /* no progress */
};

/* The request is that of @b's options.  *@ret is owned by the caller (http_result_done).  Besides
 * faults of this machine: -EINVAL and -ENOENT (the URL, a header), what agents say. */
int http_shoot(const struct bench *b, const struct http_shot *s, struct http_result *ret,
	struct err *err) _must_check_;
