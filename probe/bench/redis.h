/* Inside probe/bench: the section `redis` in parts: what a measurement said and what it means
 * (redis_judge.c); section_redis.c carries it out. */
#pragma once

#include "probe/bench/latency.h"
#include "probe/bench/section.h"

struct redis_run {
	bool tuned;
	unsigned round;
	const char *error;       /* raw, in the arena; then nothing else is known.  NULL: none */
	int tw_reuse;            /* -1: not known */
	int port_low, port_high; /* 0: not known */
	double seconds, connections, rate, connect_cpu_us; /* NAN: not known */
	bool connect_known;
	struct latency connect;
	double refused, retried, failed, no_port; /* no_port: EADDRNOTAVAIL, one of the failed */
	double time_wait;                         /* NAN: not known */
};

struct redis_runs {
	const char *node, *target;
	int own_reuse; /* tcp_tw_reuse of the service that uses Redis on that node; -1: not known */
	const char *own_service;
	bool ab;
	struct redis_run *runs;
	size_t n;
};

/* What `svarm-probe churn` printed; whatever is malformed counts as not known. */
void redis_read(const json_t *o, struct redis_run *ret);
/* State, text, remedy, figures and detail. */
void redis_judge(const struct redis_runs *all, struct section_result *ret);
/* For people: a row for each run. */
void redis_print(const json_t *section, struct buf *out);
