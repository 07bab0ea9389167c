/*
 * Inside section http: what a load run says of itself, from here or from a node.  The JSON is
 * hostile: only what is known goes on into the document, with the right type and within bounds.
 */
#pragma once

#include <stdbool.h>

#include "lib/ext/json.h"
#include "probe/load/load.h"

struct http_result {
	double answers, failed, unsent, rps, seconds;
	double no_answer, server_errors; /* requests without; answers with 500 and more */
	double errors[N_LOAD_ERRORS];
	double statuses[LOAD_STATUSES];
	double p50, p90, p99, p999; /* of the latency, in ms; NAN: not known */
	double lag_p99, cpu_us, busiest;
	double kept_up_to; /* of a ramp; NAN: it was none */
	bool client_bound;
	char connect_error[80], tls_error[80]; /* raw; "": none */
	json_t *run; /* owned: the run of the document; the view is added to it */
};

/* *@ret is owned by the caller (http_result_done).  -EBADMSG: the counts are missing. */
int http_read(const json_t *o, struct http_result *ret, struct err *err) _must_check_;
void http_result_done(struct http_result *r);

/* Where time goes on the way, from the p50 of the same small load at each point of it, in ms; NAN:
 * not measured.  From the outside inwards. */
struct http_points {
	double client;   /* through the operator's link */
	double ingress;  /* on a node, through nginx */
	double gateway;  /* on it, without nginx */
	double function; /* beside the gateway, the tasks themselves */
};
/* [{hop, ms, share}], owned by the caller; what each adds, at least 0, and its share of the sum.
 * NULL: less than two points are known. */
json_t *http_hops(const struct http_points *p);
