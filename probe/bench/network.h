/*
 * Inside probe/bench: the section `network` in parts.  Which pairs are measured and which at once
 * (network_plan.c), what a measurement said (network_read.c), what that means (network_judge.c) and
 * how it is shown (network_print.c); section_network.c carries it out.
 */
#pragma once

#include "probe/bench/latency.h"
#include "probe/bench/section.h"

/* One direction of a pair, in one round. */
struct network_sample {
	bool rtt_known;
	struct latency rtt;
	bool by_tcp; /* round trips: UDP was not answered */
	double jitter_ms, sent, lost;
	double throughput_mbit;               /* NAN: not known */
	int interface_mtu, path_mtu;          /* 0: not known */
	const char *path_mtu_how;             /* static; NULL: not known */
	const char *error, *throughput_error; /* raw, in the arena; NULL: none */
};

struct network_pair {
	size_t from, to; /* places in `names` */
	struct network_sample *rounds;
	size_t n_rounds;     /* measured so far */
	const char *why_not; /* nothing was tried, because; NULL: it was */
};

struct network {
	const char *name; /* "private", "overlay" */
	struct network_pair *pairs;
	size_t n_pairs;
	const char **left_out; /* nodes without any pair here, and why; raw */
	size_t n_left_out;
};

/* ---- which ---- */

struct network_slot {
	size_t a, b; /* both ways */
	size_t slot; /* pairs of one slot have no node in common */
};

enum { NETWORK_MOST_PAIRS = 10 };

/* Pairs of @n nodes, ordered by slot, in *@ret (owned by the caller): all of them, or, of many
 * nodes, so many that each node is in as many as the others.  Their number. */
size_t network_plan(size_t n, struct network_slot **ret);

/* ---- what it said ---- */

/* What `svarm-probe net` printed; texts are kept in @arena.  Whatever is malformed counts as not
 * measured. */
void network_read(const json_t *o, struct arena *arena, struct network_sample *ret);
/* What `svarm-probe net-serve` printed: its port and its token. */
bool network_read_server(const char *line, int *ret_port, char ret_token[33]);

/* Of all rounds. */
struct network_sum {
	bool rtt_known, by_tcp;
	struct latency rtt;
	double jitter_ms, sent, lost, loss_percent; /* NAN: not known */
	double throughput_mbit;
	int interface_mtu, path_mtu;
	const char *path_mtu_how;
	const char *error; /* the first */
};
void network_sum(const struct network_pair *p, struct network_sum *ret);

/* ---- what it means ---- */

/* State, text, remedy, figures and detail.  @names are the nodes'. */
void network_judge(const struct network *networks, size_t n, const char *const *names,
	struct section_result *ret);
/* How many pairs of @net are @bad (by pair), and the first of them; there must be one. */
size_t network_count_bad(const struct network *net, const bool *bad);
size_t network_first_bad(const bool *bad);
/* Its parts: "lab-1 to lab-2", "every pair with lab-2" … for the pairs of which @bad is true, at
 * least one; figures of all rounds; one network with its pairs appended to @detail. */
const char *network_which(
	const struct network *net, const bool *bad, const char *const *names, struct arena *arena);
void network_figures(const struct network *networks, size_t n, struct section_result *ret);
void network_detail(const struct network *net, const struct network_sum *sums,
	const char *const *names, json_t *detail);

/* For people: a matrix each. */
void network_print(const json_t *section, struct buf *out);
