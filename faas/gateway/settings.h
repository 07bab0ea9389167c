/*
 * What a function's labels and annotations say about how it is called and scaled.  The names are
 * OpenFaaS' (com.openfaas.scale.* and friends) but for com.openfaas.timeout, which is ours.
 */
#pragma once

#include <stdbool.h>

#include "faas/common/retry.h"
#include "lib/base/arena.h"
#include "lib/ext/json.h"

enum scale_type {
	SCALE_RPS,      /* calls a second of one task */
	SCALE_CAPACITY, /* calls in flight in one task */
	SCALE_CPU,      /* thousandths of a processor of one task */
};

enum { SCALE_MAX_TASKS = 1000 };

struct settings {
	unsigned min, max;    /* .scale.min, .scale.max: tasks; 1 and 20; max is never below min */
	unsigned factor;      /* .scale.factor: step in per cent of max; 20; 0: never by load */
	enum scale_type type; /* .scale.type */
	double target;        /* .scale.target: what one task should carry; 50 */
	bool zero;            /* .scale.zero: let it sleep when nobody calls */
	long zero_after_ms;   /* .scale.zero-duration; 15 minutes */
	long timeout_ms;      /* com.openfaas.timeout: of one call; 0: the gateway's own */
	const char
		*ready_path; /* annotation com.openfaas.ready.http.path; NULL: a connect will do */
	const char *queue;   /* annotation com.openfaas.queue; NULL: the common one */
	struct retry retry;  /* annotations com.openfaas.retry.*: of asynchronous calls */
};

/* From the labels of a service (annotations are among them, see keys.h).  What is malformed or out
 * of range has its default.  Strings live in @a. */
void settings_read(const json_t *labels, struct arena *a, struct settings *ret);
