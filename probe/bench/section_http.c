/*
 * Calls over HTTP: of one URL, or of the cluster's first function through nginx, the gateway and by
 * itself, from here and from nodes, with each hop's share.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/bench/http_cluster.h"

enum { CONNECTIONS = 64, OPEN_CONNECTIONS = 512 };
#define ALONE  (5 * USEC_PER_SEC) /* one round, when nothing else is to be measured */
#define AMONG  (2 * USEC_PER_SEC) /* among other sections */
#define WARMUP (USEC_PER_SEC / 2)
#define WAIT   (10 * USEC_PER_SEC)
#define RAMP   (20 * USEC_PER_SEC) /* all steps together */

/* One for every two processors: the server may need the others, when it is here as well. */
static unsigned threads_for(unsigned connections)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = cores > 3 ? (unsigned)cores / 2 : 1;

	return MIN_OF(MIN_OF(n, 16u), MAX_OF(connections / 16, 1u));
}

static usec_t duration_of(const struct bench_options *o)
{
	if (o->duration)
		return o->duration;
	if (o->ramp_to > 0)
		return RAMP;
	return o->n_sections == 1 ? ALONE : AMONG;
}

static void make_plan(const struct bench *b, struct arena *a, struct http_plan *ret)
{
	const struct bench_options *o = b->o;
	struct http_shot *s = &ret->shot;

	*ret = (struct http_plan){.rounds = o->ramp_to > 0 ? 1 : b->rounds, .arena = a};
	s->connections = o->connections ? o->connections
			 : o->rate > 0  ? OPEN_CONNECTIONS
					: CONNECTIONS;
	s->threads = o->threads ? o->threads : threads_for(s->connections);
	s->threads = MIN_OF(s->threads, s->connections);
	s->rate = o->rate;
	s->ramp_to = o->ramp_to;
	s->duration = duration_of(o);
	s->warmup = o->warmup ? o->warmup : WARMUP;
	s->timeout = o->timeout ? o->timeout : WAIT;
}

/* The node that a name of --from means; NULL: none, and the view says so. */
static int from_url(const struct bench *b, const struct http_plan *plan, const char *name,
	struct http_found *found, struct err *err)
{
	struct http_shot s = plan->shot;
	const char *why = "there is no node of that name";

	s.from = name ? name : "client";
	s.path = "url";
	s.url = b->o->url;
	for (size_t i = 0; name && i < b->cluster->n_nodes; i++) {
		if (strcmp(b->cluster->nodes[i].name, name) != 0)
			continue;
		s.agent = agents_at(b->agents, i);
		why = agent_error(s.agent);
	}
	if (!name || !why)
		return http_measure(b, plan, &s, plan->rounds, found, err);
	http_found_add(found, s.from, s.path, s.url)->error = arena_strdup(plan->arena, why);
	return 0;
}

static int url_alone(const struct bench *b, const struct http_plan *plan, struct http_found *found,
	struct err *err)
{
	_cleanup_buf_ struct buf host = BUF_INIT, port = BUF_INIT, path = BUF_INIT;
	bool tls;
	int r;

	r = target_parse_url(b->o->url, &tls, &host, &port, &path, err);
	if (r < 0)
		return r;
	if (!b->o->n_from)
		return from_url(b, plan, NULL, found, err);
	for (size_t i = 0; i < b->o->n_from && r == 0; i++)
		r = from_url(b, plan, b->o->from[i], found, err);
	return r;
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_(http_found_done) struct http_found found = {0};
	struct http_plan plan;
	int r;

	make_plan(b, &arena, &plan);
	r = b->o->url ? url_alone(b, &plan, &found, err) : http_cluster(b, &plan, ret, &found, err);
	if (r == 0 && found.n)
		http_judge(&found, ret);
	return r;
}

/* A URL that is called from here needs no cluster. */
static unsigned needs_of(const struct bench_options *o)
{
	return o->url && !o->n_from ? 0 : BENCH_CLUSTER | BENCH_AGENTS;
}

const struct section section_http = {
	.name = "http",
	.summary = "calls through nginx, the gateway and the function, and each hop's share",
	.needs_of = needs_of,
	.run = run,
	.print = http_print,
};
