/*
 * How often and when a queued call that failed is made again, where a function wants it other than
 * the queue worker's settings: its annotations com.openfaas.retry.* (the names are OpenFaaS'). They
 * travel in the queue entry, so that a worker needs to know nothing about functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum {
	RETRY_MAX_ATTEMPTS = 100,
	RETRY_MAX_WAIT_MS = 10 * 60 * 1000, /* such a call stays in a worker's memory */
	RETRY_MAX_CODES = 16,
};

struct retry {
	unsigned attempts;   /* in all; 0: the worker's setting */
	long min_ms, max_ms; /* pause before the second attempt, longest pause; 0: the worker's */
	/* Statuses that are tried again; none: 429 and 5xx. */
	unsigned short codes[RETRY_MAX_CODES];
	size_t codes_n;
};

/* "500,502,429" into @r->codes.  False, and nothing changed, for anything else. */
bool retry_parse_codes(const char *text, struct retry *r);
/* The reverse, appended. */
void retry_print_codes(const struct retry *r, struct buf *out);
/* True when an answer with @status is to be tried again. */
bool retry_wants(const struct retry *r, int status);
