/* Inside section http: the ways through the cluster. */
#pragma once

#include "probe/bench/http_judge.h"
#include "probe/bench/http_shot.h"
#include "probe/bench/place.h"

/* What every shot of the section has in common: a copy is changed. */
struct http_plan {
	struct http_shot shot; /* connections, rate, durations; no from, path, url */
	unsigned rounds;
	struct arena *arena; /* of URLs and messages */
};

/*
 * A view: all rounds of one shot, as many as it takes for them to agree if that was asked for. What
 * hinders it is the view's error.  Negative: ERR_INTR and faults of this machine.
 */
int http_measure(const struct bench *b, const struct http_plan *plan, const struct http_shot *shot,
	unsigned rounds, struct http_found *found, struct err *err) _must_check_;

/* The first function, through every ingress from here (with @here), from the nodes of @from along
 * each part of the way, and what each hop adds. */
int http_cluster(const struct bench *b, const struct http_plan *plan, struct section_result *ret,
	struct http_found *found, struct err *err) _must_check_;
