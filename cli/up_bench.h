/* `svarm up`'s last step: the spec's thresholds about http, judged by a short run. */
#pragma once

#include "cli/session.h"
#include "lib/ext/json.h"

/* Does the spec have any? */
bool up_bench_wanted(const struct cluster *c);
/* Measure three rounds of two seconds through the first ingress node, and judge by them.  *@ret is
 * the document, owned by the caller; NULL when there is no function to call (a notice says so). */
int up_bench(struct session *s, json_t **ret, struct err *err) _must_check_;
