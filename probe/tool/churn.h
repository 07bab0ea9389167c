/*
 * Inside probe/tool: connections that live for one question, as programs make them that keep none
 * open.  Each one leaves its port waiting (TIME_WAIT) for a minute; what that costs the next ones
 * is what this measures.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "probe/load/hist.h"

enum { CHURN_MAX_ERRNO = 134 };

struct churn_options {
	struct sockaddr_storage address;
	socklen_t len;
	usec_t duration;
	unsigned concurrency; /* threads */
	const volatile int *stop;
};

struct churn_result {
	struct hist connect; /* nanoseconds, of those that came about */
	uint64_t answered;   /* connections that did all they should */
	uint64_t refused;    /* by the machine, or by Redis because it has too many clients */
	uint64_t odd;        /* answered by what is no Redis */
	uint64_t retried;    /* connected only when the kernel asked a second time */
	uint64_t errors[CHURN_MAX_ERRNO];
	double seconds, cpu_seconds;
	long time_wait_before, time_wait; /* sockets of this network namespace; -1: not known */
};

int churn_run(const struct churn_options *o, struct churn_result *ret, struct err *err)
	_must_check_;
/* All that failed, refusals excluded. */
uint64_t churn_failed(const struct churn_result *r);
