/*
 * New connections to Redis through the overlay, as a worker would make them, and what tcp_tw_reuse
 * buys.
 *
 * They are made in a container of our own on the network `svarm`, one for each measurement, and not
 * in a service's namespace: connections leave their ports waiting for a minute, which there would
 * take ports from calls, and a setting that is changed there is changed for the service.  So each
 * measurement also starts without what the one before has left.  The container is told its setting
 * when it is made, does nothing but sleep, and is gone with the measurement, or a minute later by
 * itself should nobody be left to remove it.
 */
#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/bench/place.h"
#include "probe/bench/redis.h"

enum { ID_LEN = 64, REDIS_PORT = 6379, DEFAULT_REUSE = 2 };

#define REUSE        "net.ipv4.tcp_tw_reuse"
#define PLAIN        (3 * USEC_PER_SEC) /* of a run; with another to compare it to: */
#define COMPARED     (6 * USEC_PER_SEC)
#define LONGEST      (12 * USEC_PER_SEC)
#define USED_PORTS   0.75
#define MARGIN       (30 * USEC_PER_SEC)
#define CONCURRENCY  "4"
#define SLEEP_BEYOND 60 /* seconds */

struct plan {
	struct bench *b;
	struct arena *arena;
	const struct node_evidence *from;
	const struct container *like; /* there: the service whose connections these stand for */
	struct agent *agent;
	const char *target; /* "10.201.0.5:6379" */
	const char *image;  /* for the container: one that is there already */
	usec_t duration;
};

/* ---- where ---- */

static const struct container *find_container(const struct node_evidence *e, const char *service)
{
	for (size_t i = 0; i < e->answer.n_containers; i++)
		if (e->answer.containers[i].address &&
			!strcmp(e->answer.containers[i].service, service))
			return &e->answer.containers[i];
	return NULL;
}

/* Whose connections are these?  A queue worker's, else a gateway's. */
static const struct container *client_on(const struct node_evidence *e)
{
	const struct container *c = find_container(e, "svarm_queue-worker");

	return c ? c : find_container(e, "svarm_gateway");
}

/* Through the overlay, if there is any other node; with a worker rather than a gateway. */
static int worth(const struct node_evidence *e, const struct node_evidence *home)
{
	return (e != home ? 4 : 2) + (find_container(e, "svarm_queue-worker") ? 1 : 0);
}

static const struct node_evidence *find_redis(struct plan *p)
{
	for (size_t i = 0; i < p->b->evidence->n; i++) {
		const struct node_evidence *e = &p->b->evidence->nodes[i];
		const struct container *c = find_container(e, "svarm_redis");

		if (!c)
			continue;
		p->target = arena_printf(p->arena, strchr(c->address, ':') ? "[%s]:%d" : "%s:%d",
			c->address, REDIS_PORT);
		return e;
	}
	return NULL;
}

/* NULL, or why it cannot be measured anywhere; raw. */
static const char *choose(struct plan *p)
{
	const struct node_evidence *home = find_redis(p);
	const char *why = "no queue worker and no gateway runs on any node";

	if (!home)
		return "no Redis of svarm's runs on any node";
	for (size_t i = 0; i < p->b->evidence->n; i++) {
		const struct node_evidence *e = &p->b->evidence->nodes[i];
		struct agent *agent = agents_at(p->b->agents, i);

		if (!client_on(e))
			continue;
		if (agent_error(agent)) {
			why = agent_error(agent);
			continue;
		}
		if (p->from && worth(p->from, home) >= worth(e, home))
			continue;
		p->from = e;
		p->agent = agent;
		p->like = client_on(e);
	}
	return p->from ? NULL : why;
}

/* ---- the container ---- */

static int docker(struct plan *p, const char *const *argv, struct buf *out, struct err *err)
{
	int r = place_docker(p->agent, argv, out, err);

	buf_rtrim(out);
	return r;
}

static int find_image(struct plan *p, struct err *err)
{
	const char *const argv[] = {"inspect", "--format", "{{.Image}}", p->like->id, NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = docker(p, argv, &out, err);

	if (r < 0)
		return err_wrap(err, "looking for an image");
	if (strncmp(buf_str(&out), "sha256:", 7) ||
		strspn(buf_str(&out) + 7, "0123456789abcdef") != ID_LEN || out.len != 7 + ID_LEN)
		return err_set(err, ERR_REMOTE, "docker named no image");
	p->image = arena_strdup(p->arena, buf_str(&out));
	return 0;
}

#define BIND(dir) "type=bind,source=" dir ",target=" dir ",readonly"

/* Our images hold nothing that just sleeps, so it is the node's own program, with its libraries. */
static int open_container(struct plan *p, int tw_reuse, char ret[ID_LEN + 1], struct err *err)
{
	const char *const argv[] = {"run", "--detach", "--rm", "--network", "svarm", "--label",
		"svarm.bench=redis", "--sysctl", arena_printf(p->arena, REUSE "=%d", tw_reuse),
		"--memory", "64m", "--pids-limit", "16", "--cap-drop", "ALL", "--security-opt",
		"no-new-privileges", "--user", "65534:65534", "--read-only", "--log-driver", "none",
		"--no-healthcheck", "--mount", BIND("/usr"), "--mount", BIND("/lib"), "--mount",
		BIND("/lib64"), "--entrypoint", "/usr/bin/sleep", p->image,
		arena_printf(p->arena, "%d", (int)(p->duration / USEC_PER_SEC) + SLEEP_BEYOND),
		NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = docker(p, argv, &out, err);

	if (r < 0)
		return err_wrap(err, "making a container");
	if (out.len != ID_LEN || strspn(buf_str(&out), "0123456789abcdef") != ID_LEN)
		return err_set(err, ERR_REMOTE, "docker made no container");
	memcpy(ret, buf_str(&out), ID_LEN + 1);
	return 0;
}

static void close_container(struct plan *p, const char *id)
{
	const char *const argv[] = {"rm", "--force", id, NULL};
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;

	/* It ends by itself otherwise. */
	(void)docker(p, argv, &out, &err);
}

/* ---- measuring ---- */

static int churn(struct plan *p, const char *id, json_t **ret, struct err *err)
{
	const char *const argv[] = {"churn", "--to", p->target, "--seconds",
		arena_printf(p->arena, "%.3f", (double)p->duration / 1e6), "--concurrency",
		CONCURRENCY, NULL};
	struct agent_command c = {.argv = argv, .container = id, .deadline = p->duration + MARGIN};

	return agent_run(p->agent, &c, ret, err);
}

static void measure_one(struct plan *p, int tw_reuse, struct redis_run *r)
{
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	char id[ID_LEN + 1];
	int code;

	bench_say(p->b, "from %s, tcp_tw_reuse %d, round %u of %u", p->from->node->name, tw_reuse,
		r->round, p->b->rounds);
	code = open_container(p, tw_reuse, id, &err);
	if (code == 0) {
		code = churn(p, id, &answer, &err);
		close_container(p, id);
	}
	if (code == 0)
		redis_read(answer, r);
	else
		r->error = arena_strdup(p->arena, err_msg(&err));
	if (!r->error && r->tw_reuse != tw_reuse)
		r->error = "the container has not the tcp_tw_reuse that it was made with";
}

static int own_reuse(const struct plan *p)
{
	const char *value = netns_sysctl(&p->like->netns, REUSE);

	return value && strlen(value) == 1 && *value >= '0' && *value <= '2' ? *value - '0' : -1;
}

/* A run is compared to one that must have time to use up its ports: an outgoing connection takes
 * every second one first. */
static void choose_duration(struct plan *p, const struct redis_run *first)
{
	double ports = USED_PORTS * (first->port_high - first->port_low + 1);

	if (!first->error && first->port_low && first->rate > 0)
		p->duration = (usec_t)fmin(
			fmax(ports / first->rate * 1e6, (double)COMPARED), (double)LONGEST);
}

/* Each pair of runs in the other order than the one before: what changes meanwhile favours none. */
static void measure(struct plan *p, struct redis_runs *all)
{
	int tuned = p->b->o->ab || all->own_reuse < 0 ? 1 : all->own_reuse;

	for (unsigned round = 1; round <= p->b->rounds; round++)
		for (int k = 0; k < (all->ab ? 2 : 1) && !bench_cancelled(p->b); k++) {
			struct redis_run *r = &all->runs[all->n++];

			r->round = round;
			r->tuned = !all->ab || (k == 0) == (round % 2 == 1);
			measure_one(p, r->tuned ? tuned : DEFAULT_REUSE, r);
			if (all->ab && all->n == 1)
				choose_duration(p, r);
		}
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	struct plan p = {.b = b, .arena = &ret->arena, .duration = b->o->ab ? COMPARED : PLAIN};
	const char *why = choose(&p);
	_cleanup_err_ struct err e = ERR_INIT;
	struct redis_runs all = {0};

	if (!why && find_image(&p, &e) < 0)
		why = err_msg(&e);
	if (why) {
		section_found(ret, HEALTH_SKIP, "%s", why);
		return bench_cancelled(b) ? err_set(err, ERR_INTR, "interrupted") : 0;
	}
	all = (struct redis_runs){.node = p.from->node->name,
		.target = p.target,
		.own_service = p.like->service,
		.own_reuse = own_reuse(&p),
		.ab = b->o->ab,
		.runs = arena_array(&ret->arena, struct redis_run, 2 * b->rounds)};
	measure(&p, &all);
	if (bench_cancelled(b))
		return err_set(err, ERR_INTR, "interrupted");
	redis_judge(&all, ret);
	return 0;
}

const struct section section_redis = {
	.name = "redis",
	.summary = "new connections to Redis through the overlay, and what the tuning buys",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
	.print = redis_print,
};
