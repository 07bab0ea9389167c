/*
 * Calls through the queue: accepted, worked off, lost, doubled.
 *
 * svarm-probe async runs inside the network namespace of a gateway's container: it sends to the
 * gateway beside it, and listens on the gateway's address in the overlay, which the queue workers
 * reach; so one clock times a call from sending to callback.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/xalloc.h"
#include "probe/bench/async_result.h"
#include "probe/bench/clean.h"
#include "probe/bench/place.h"
#include "probe/bench/remote.h"

enum { CALLS = 1000, CONNECTIONS = 16, MAX_CALLS = 1000000 };
/* No more rounds are begun after this. */
#define ENOUGH    (15 * USEC_PER_SEC)
#define WAKE_IN   (75 * USEC_PER_SEC)
#define ROUND_END (600 * USEC_PER_SEC)
#define ACCEPT_IN (10 * USEC_PER_SEC) /* both unless there is a timeout among the options */
#define PATIENCE  (15 * USEC_PER_SEC)

struct runs {
	struct bench *b;
	unsigned round; /* that runs now, from 1 */
};

static double seconds_of(const struct bench_options *o, usec_t usual)
{
	return (double)(o->timeout ? o->timeout : usual) / 1e6;
}

static void show(void *arg, const json_t *p)
{
	const struct runs *runs = arg;

	bench_say(runs->b, "round %u of %u: %.0f accepted, %.0f called back", runs->round,
		runs->b->rounds, clean_number(p, "accepted", 0, MAX_CALLS),
		clean_number(p, "called_back", 0, MAX_CALLS));
}

/* A function that sleeps would make the first calls wait, which is the matter of section cold. */
static int wake(const struct place *p, struct err *err)
{
	_cleanup_free_ char *url = xasprintf(
		"http://127.0.0.1:8080/function/%s", p->function->name);
	const char *const argv[] = {"call", "--warm", "0", url, NULL};
	const struct agent_command c = {
		.argv = argv, .container = p->gateway->id, .deadline = WAKE_IN};
	_cleanup_json_ json_t *answer = NULL;

	return agent_run(p->agent, &c, &answer, err);
}

static int one_round(
	struct runs *runs, const struct place *p, struct async_round *ret, struct err *err)
{
	unsigned calls = runs->b->o->calls ? runs->b->o->calls : CALLS;
	_cleanup_free_ char *url = xasprintf(
		"http://127.0.0.1:8080/async-function/%s", p->function->name);
	char count[16], connections[16], accept[32], patience[32];
	const char *const argv[] = {"async", "--listen", p->gateway->address, "-n", count, "-c",
		connections, "--timeout", accept, "--patience", patience, url, NULL};
	const struct agent_command c = {
		.argv = argv, .container = p->gateway->id, .deadline = ROUND_END};
	_cleanup_json_ json_t *answer = NULL;
	int r;

	snprintf(count, sizeof(count), "%u", MIN_OF(calls, (unsigned)MAX_CALLS));
	snprintf(connections, sizeof(connections), "%u",
		runs->b->o->connections ? MIN_OF(runs->b->o->connections, 1000u)
					: (unsigned)CONNECTIONS);
	snprintf(accept, sizeof(accept), "%.6f", seconds_of(runs->b->o, ACCEPT_IN));
	snprintf(patience, sizeof(patience), "%.6f", seconds_of(runs->b->o, PATIENCE));
	r = remote_run(p->agent, &c, show, runs, &answer, err);
	return r < 0 ? r : async_read(answer, ret, err);
}

static int all_rounds(struct bench *b, const struct place *p, struct async_round *rounds,
	size_t *ret_n, struct err *err)
{
	struct runs runs = {.b = b};
	usec_t begin = clock_now();
	int r;

	r = wake(p, err);
	for (*ret_n = 0; *ret_n < b->rounds && r == 0; ++*ret_n) {
		struct async_round *round = &rounds[*ret_n];

		/* What went wrong once is known; waiting for it again takes its time. */
		if (*ret_n && (clock_now() - begin > ENOUGH || round[-1].counts.lost > 0 ||
				      !(round[-1].counts.accepted > 0)))
			break;
		runs.round = (unsigned)*ret_n + 1;
		bench_say(b, "round %u of %u", runs.round, b->rounds);
		r = one_round(&runs, p, round, err);
		if (r < 0)
			break;
	}
	return r;
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	_cleanup_free_ struct async_round *rounds = xcalloc(b->rounds, sizeof(*rounds));
	struct place p;
	size_t n = 0;
	int r;

	if (!place_find(b, ret, &p))
		return 0;
	if (!p.gateway->address) {
		section_found(ret, HEALTH_FAIL, "the gateway on '%s' has no address in the overlay",
			p.node->name);
		section_remedy(ret, "'svarm up' brings it back");
		return 0;
	}
	r = all_rounds(b, &p, rounds, &n, err);
	if (r < 0)
		r = place_failed(ret, r, err);
	else
		async_judge(rounds, n, p.function->name, seconds_of(b->o, PATIENCE), ret);
	for (size_t i = 0; i < n; i++)
		async_round_done(&rounds[i]);
	return r;
}

const struct section section_async = {
	.name = "async",
	.summary = "calls through the queue: accepted, worked off, lost, doubled",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
	.print = async_print,
};
