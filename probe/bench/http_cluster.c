/*
 * The ways through the cluster: see http_cluster.h.
 *
 * From here: nginx of every ingress node.  From a node: nginx, the gateway without nginx, and the
 * tasks of the function from beside the gateway.  What a hop adds is the difference of the p50 of
 * one connection that sends its next call when it has the answer to the last, at both of its ends:
 * the same small load everywhere, in turns, so that shares compare like with like.
 */
#include "probe/bench/http_cluster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "probe/load/rounds.h"

enum { MOST_ROUNDS = 10, AGREE_ROUNDS = 3, MAX_TASKS = 2, MAX_SAMPLES = 64 };
#define AGREE_WITHIN 0.05
#define HOP_DURATION (500 * USEC_PER_MSEC)
#define HOP_WARMUP   (100 * USEC_PER_MSEC)
#define WAKE_IN      (60 * USEC_PER_SEC)

/* ---- one view ---- */

static bool rounds_agree(const struct http_view *v)
{
	double rps[MOST_ROUNDS], p50[MOST_ROUNDS];
	size_t n = MIN_OF(v->n, (size_t)MOST_ROUNDS);

	for (size_t i = 0; i < n; i++) {
		rps[i] = v->rounds[i].rps;
		p50[i] = v->rounds[i].p50;
	}
	return load_agree(rps, n, AGREE_ROUNDS, AGREE_WITHIN) &&
	       load_agree(p50, n, AGREE_ROUNDS, AGREE_WITHIN);
}

/* 0; what is the view's own trouble becomes its error.  A URL or header that is none is the
 * operator's. */
static int note(const struct http_plan *plan, struct http_view *v, int r, struct err *err)
{
	if (r == 0 || r == ERR_INTR || r == -ENOMEM || r == -EINVAL)
		return r;
	v->error = arena_strdup(plan->arena, err_msg(err));
	err_done(err);
	return 0;
}

int http_measure(const struct bench *b, const struct http_plan *plan, const struct http_shot *shot,
	unsigned rounds, struct http_found *found, struct err *err)
{
	struct http_view *v = http_found_add(found, shot->from, shot->path, shot->url);
	bool stable = b->o->until_stable && rounds > 1;
	struct http_shot s = *shot;
	int r = 0;

	if (stable)
		rounds = MOST_ROUNDS;
	for (s.round = 1; s.round <= rounds && r == 0; s.round++) {
		struct http_result result;

		bench_say(b, "%s to %s, round %u", s.from, s.path, s.round);
		r = http_shoot(b, &s, &result, err);
		if (r == 0)
			http_view_add(v, &result);
		if (r == 0 && (!(result.answers > 0) || (stable && rounds_agree(v))))
			break; /* what does not answer once will not the next time */
	}
	v->unstable = stable && r == 0 && !rounds_agree(v);
	return note(plan, v, r, err);
}

/* ---- addresses ---- */

static const char *url_of(
	struct arena *a, const char *host, int port, const char *path, const char *function)
{
	const char *name = strchr(host, ':') ? arena_printf(a, "[%s]", host) : host;

	return port ? arena_printf(a, "http://%s:%d%s%s", name, port, path, function)
		    : arena_printf(a, "http://%s%s%s", name, path, function);
}

static const char *ingress_url(
	const struct bench *b, const struct http_plan *plan, const struct spec_node *n)
{
	return url_of(plan->arena, n->address, 0, "/function/", b->cluster->faas.functions[0].name);
}

/* The nginx that calls from @n go through: its own, else the first. */
static const struct spec_node *ingress_for(const struct cluster *c, const struct spec_node *n)
{
	return n->roles & ROLE_INGRESS ? n : cluster_first(c, ROLE_INGRESS);
}

/* ---- a call that may wake it ---- */

static int wake(const struct bench *b, const struct http_plan *plan, struct err *err)
{
	const struct spec_node *ingress = cluster_first(b->cluster, ROLE_INGRESS);
	struct http_shot s = plan->shot;
	struct http_result result;
	int r;

	/* The load itself shows what is wrong, should something be. */
	s.from = "client";
	s.path = "ingress";
	s.url = ingress_url(b, plan, ingress);
	s.connections = s.threads = 1;
	s.rate = s.ramp_to = 0;
	s.duration = 100 * USEC_PER_MSEC;
	s.warmup = 0;
	s.timeout = WAKE_IN;
	s.quiet = true;
	r = http_shoot(b, &s, &result, err);
	if (r == 0)
		http_result_done(&result);
	if (r == ERR_INTR || r == -ENOMEM)
		return r;
	err_done(err);
	return 0;
}

/* ---- the same small load at each point ---- */

struct point {
	struct http_shot shots[MAX_TASKS]; /* where there are several tasks, one for each */
	size_t n;
	double values[MAX_SAMPLES]; /* p50, of each round */
	size_t n_values;
};

static void add_point(struct point *p, const struct http_shot *like)
{
	struct http_shot *s;

	if (p->n == MAX_TASKS)
		return;
	s = &p->shots[p->n++];
	*s = *like;
	s->connections = s->threads = 1;
	s->rate = s->ramp_to = 0;
	s->duration = MIN_OF(like->duration, HOP_DURATION);
	s->warmup = HOP_WARMUP;
	s->round = 0;
	s->quiet = true;
}

/* Of several tasks the mean: calls go to each alike. */
static int sample(const struct bench *b, struct point *p, struct err *err)
{
	double sum = 0;
	int r;

	for (size_t i = 0; i < p->n; i++) {
		struct http_result result;

		r = http_shoot(b, &p->shots[i], &result, err);
		if (r == ERR_INTR || r == -ENOMEM)
			return r;
		if (r < 0) {
			err_done(err);
			return 0;
		}
		sum += result.failed > 0 ? NAN : result.p50;
		http_result_done(&result);
	}
	if (p->n && isfinite(sum) && p->n_values < MAX_SAMPLES)
		p->values[p->n_values++] = sum / (double)p->n;
	return 0;
}

enum { POINT_CLIENT, POINT_INGRESS, POINT_GATEWAY, POINT_FUNCTION, N_POINTS };

static int measure_hops(const struct bench *b, const struct http_plan *plan,
	struct point points[N_POINTS], json_t **ret, struct err *err)
{
	struct http_points p;
	int r = 0;

	bench_say(b, "what each hop adds, one call at a time");
	for (unsigned round = 0; round < plan->rounds && r == 0; round++)
		for (int i = 0; i < N_POINTS && r == 0; i++)
			r = sample(b, &points[i], err);
	if (r < 0)
		return r;
	p = (struct http_points){
		median_of(points[POINT_CLIENT].values, points[POINT_CLIENT].n_values),
		median_of(points[POINT_INGRESS].values, points[POINT_INGRESS].n_values),
		median_of(points[POINT_GATEWAY].values, points[POINT_GATEWAY].n_values),
		median_of(points[POINT_FUNCTION].values, points[POINT_FUNCTION].n_values)};
	*ret = http_hops(&p);
	return 0;
}

/* ---- from here, and from a node ---- */

static int from_here(const struct bench *b, const struct http_plan *plan, struct point *point,
	struct http_found *found, struct err *err)
{
	struct http_shot s = plan->shot;
	bool first = true;
	int r = 0;

	s.from = "client";
	s.path = "ingress";
	for (size_t i = 0; i < b->cluster->n_nodes && r == 0; i++) {
		if (!(b->cluster->nodes[i].roles & ROLE_INGRESS))
			continue;
		s.url = ingress_url(b, plan, &b->cluster->nodes[i]);
		if (first)
			add_point(point, &s);
		r = http_measure(b, plan, &s, first ? plan->rounds : 1, found, err);
		first = false;
	}
	return r;
}

/* The tasks themselves, from inside the gateway's container. */
static int from_gateway(const struct bench *b, const struct http_plan *plan,
	const struct place *manager, struct point *point, struct http_found *found, struct err *err)
{
	const char *tasks[MAX_TASKS];
	struct http_shot s = plan->shot;
	size_t n = 0;
	int r;

	r = place_tasks(manager, plan->arena, tasks, MAX_TASKS, &n, err);
	if (r == ERR_INTR || r == -ENOMEM)
		return r;
	err_done(err); /* then that part of the way is not known */
	s.from = manager->node->name;
	s.agent = manager->agent;
	s.container = manager->gateway->id;
	s.path = "function";
	for (size_t i = 0; i < n; i++) {
		s.url = url_of(plan->arena, tasks[i], 8080, "/", "");
		add_point(point, &s);
	}
	return n ? http_measure(b, plan, &s, 1, found, err) : 0;
}

static int from_node(const struct bench *b, const struct http_plan *plan, const struct place *at,
	const struct place *manager, struct point points[N_POINTS], struct http_found *found,
	struct err *err)
{
	const char *function = b->cluster->faas.functions[0].name;
	const struct spec_node *gateway = at->gateway ? at->node : manager->node;
	struct http_shot s = plan->shot;
	int r;

	s.from = at->node->name;
	s.agent = at->agent;
	s.path = "ingress";
	s.url = ingress_url(b, plan, ingress_for(b->cluster, at->node));
	add_point(&points[POINT_INGRESS], &s);
	r = http_measure(b, plan, &s, plan->rounds, found, err);
	if (r < 0)
		return r;
	s.path = "gateway";
	s.url = url_of(plan->arena, gateway->private, 8080, "/function/", function);
	add_point(&points[POINT_GATEWAY], &s);
	return http_measure(b, plan, &s, 1, found, err);
}

static const struct spec_node *node_named(const struct cluster *c, const char *name)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (!strcmp(c->nodes[i].name, name))
			return &c->nodes[i];
	return NULL;
}

/* From one more node; hops are those of the first one. */
static int from_named(const struct bench *b, const struct http_plan *plan, const char *name,
	const struct place *manager, struct point *points, struct section_result *ret,
	struct http_found *found, struct err *err)
{
	const struct spec_node *node = node_named(b->cluster, name);
	struct point unused[N_POINTS] = {0};
	struct place at;

	if (!node || !place_on(b, node, ret, &at)) {
		struct http_view *v = http_found_add(found, name, "ingress", "the cluster");

		v->error = arena_strdup(plan->arena,
			node ? agent_error(at.agent) : "there is no node of that name");
		return 0;
	}
	return from_node(b, plan, &at, manager, points ? points : unused, found, err);
}

int http_cluster(const struct bench *b, const struct http_plan *plan, struct section_result *ret,
	struct http_found *found, struct err *err)
{
	struct point points[N_POINTS] = {0};
	const char *own;
	struct place manager;
	int r;

	if (!place_find(b, ret, &manager))
		return 0;
	own = manager.node->name;
	r = wake(b, plan, err);
	if (r == 0 && !b->o->n_from)
		r = from_here(b, plan, &points[POINT_CLIENT], found, err);
	if (r == 0 && !b->o->n_from)
		r = from_named(b, plan, own, &manager, points, ret, found, err);
	for (size_t i = 0; i < b->o->n_from && r == 0; i++)
		r = from_named(
			b, plan, b->o->from[i], &manager, i ? NULL : points, ret, found, err);
	if (r == 0)
		r = from_gateway(b, plan, &manager, &points[POINT_FUNCTION], found, err);
	if (r < 0 || found->views[0].error || !(found->views[0].rounds[0].answers > 0))
		return r; /* nothing comes through that could be compared */
	return measure_hops(b, plan, points, &found->hops, err);
}
