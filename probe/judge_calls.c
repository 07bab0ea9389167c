/* What the cluster is for: calls from outside, calls through the queue, and what both stand on. */
#include "probe/judge.h"

static void no_answer(struct judge *j, const struct node_evidence *e, const struct http_seen *s)
{
	struct health_result *r;

	r = found(j, e->node, HEALTH_FAIL, "no answer on port 80: %s",
		shown(j, s->error ? s->error : "timed out", 200));
	remedy(j, r, "on the node: 'systemctl status nginx'; is port 80 open to this machine?");
	r->seconds = s->seconds;
}

/* What a wrong status of nginx or the gateway usually means. */
static void explain(struct judge *j, struct health_result *r, int status)
{
	switch (status) {
	case 404:
		remedy(j, r, "is something else listening on port 80? 'svarm plan' shows drift");
		break;
	case 502:
	case 504:
		remedy(j, r,
			"nginx finds no gateway: on a manager 'docker service ps svarm_gateway'");
		break;
	case 503: remedy(j, r, "the gateway lacks docker or Redis: see those rows"); break;
	default: remedy(j, r, "on a manager: 'docker service logs svarm_gateway'");
	}
}

static struct health_result *wrong_status(
	struct judge *j, const struct node_evidence *e, const struct http_seen *s, const char *what)
{
	/* A page of nginx's own says no more than its status. */
	const char *body = shown(j, s->body && *s->body != '<' ? s->body : NULL, 160);
	struct health_result *r;

	r = found(j, e->node, HEALTH_FAIL, "%s answered %d%s%s", what, s->status, *body ? ": " : "",
		body);
	r->seconds = s->seconds;
	explain(j, r, s->status);
	return r;
}

static void function_failed(
	struct judge *j, const struct node_evidence *e, const struct http_seen *s, const char *name)
{
	const char *service = function_service(j, &j->ev->cluster->faas.functions[0]);
	struct health_result *r = wrong_status(
		j, e, s, arena_printf(&j->health->arena, "'%s'", name));

	if (e->http[HTTP_HEALTHZ].status != 200)
		return; /* it is not the function's fault */
	if (s->status == 404)
		remedy(j, r, "the gateway does not know it: 'svarm up' deploys it");
	else
		remedy(j, r, "on a manager: 'docker service ps %s', 'docker service logs %s'",
			service, service);
}

void judge_healthz(struct judge *j, const struct node_evidence *e)
{
	const struct http_seen *s = &e->http[HTTP_HEALTHZ];
	struct health_result *r;

	if (!s->status) {
		no_answer(j, e, s);
	} else if (s->status != 200) {
		wrong_status(j, e, s, "/healthz");
	} else {
		r = found(j, e->node, HEALTH_OK, "/healthz answers 200 in %s",
			duration(j, s->seconds));
		r->seconds = s->seconds;
	}
}

void judge_function(struct judge *j, const struct node_evidence *e)
{
	const struct http_seen *s = &e->http[HTTP_FUNCTION];
	const struct spec_faas *faas = &j->ev->cluster->faas;
	struct health_result *r;
	const char *name;

	if (!faas->n_functions) {
		found(j, e->node, HEALTH_SKIP, "the spec names no function to call");
		return;
	}
	name = faas->functions[0].name;
	if (!s->status) {
		no_answer(j, e, s);
	} else if (s->status < 400) {
		r = found(j, e->node, HEALTH_OK, "'%s' answers %d in %s", name, s->status,
			duration(j, s->seconds));
		r->seconds = s->seconds;
	} else if (s->status < 500 && s->status != 404 && s->status != 429) {
		/* It has an opinion of its own about GET: the way there is whole. */
		r = found(j, e->node, HEALTH_WARN, "'%s' answers %d to GET in %s", name, s->status,
			duration(j, s->seconds));
		r->seconds = s->seconds;
		remedy(j, r, "the call arrives; name a function first that answers a plain GET");
	} else {
		function_failed(j, e, s, name);
	}
}

void judge_auth(struct judge *j, const struct node_evidence *e)
{
	const struct http_seen *s = &e->http[HTTP_SYSTEM];
	struct health_result *r;

	if (!s->status) {
		no_answer(j, e, s);
	} else if (s->status == 401) {
		r = found(j, e->node, HEALTH_OK, "/system/functions without a password: 401");
		r->seconds = s->seconds;
	} else if (s->status < 400) {
		r = found(j, e->node, HEALTH_FAIL,
			"/system/functions without a password: %d; anybody can "
			"deploy functions",
			s->status);
		remedy(j, r, "close port 80, then 'svarm up': does the gateway have its secrets?");
	} else {
		wrong_status(j, e, s, "/system/functions");
	}
}

/* ---- from within containers ---- */

static const struct action *action_of(const struct node_evidence *e, int kind)
{
	for (size_t i = 0; i < e->n_actions; i++)
		if ((int)e->actions[i].kind == kind)
			return &e->actions[i];
	return NULL;
}

static void no_container(struct judge *j, const struct node_evidence *e)
{
	struct health_result *r;

	r = found(j, e->node, HEALTH_FAIL, "neither a gateway nor a queue worker runs here");
	remedy(j, r, "on a manager: 'docker service ps svarm_gateway svarm_queue-worker'");
}

const struct action *action_anywhere(
	const struct evidence *ev, enum action_kind kind, const struct spec_node **ret_node)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct action *a = action_of(&ev->nodes[i], kind);

		*ret_node = ev->nodes[i].node;
		if (a)
			return a;
	}
	*ret_node = NULL;
	return NULL;
}

static void no_gateway(struct judge *j)
{
	struct health_result *r;

	r = found(j, NULL, HEALTH_FAIL, "no gateway runs on a node that answers");
	remedy(j, r, "on a manager: 'docker service ps svarm_gateway'");
}

bool action_failed(struct judge *j, const struct action *a, const struct spec_node *n)
{
	struct health_result *r;

	if (!a) {
		no_gateway(j);
		return true;
	}
	if (a->ok)
		return false;
	/* The words of a program that knows fewer probes. */
	if (a->error && !strncmp(a->error, "usage:", 6)) {
		r = found(j, n, HEALTH_WARN, "its gateway is older than this svarm");
		remedy(j, r, "'svarm up' updates it");
		return true;
	}
	r = found(j, n, HEALTH_FAIL, "%s", shown(j, a->error, 300));
	remedy(j, r,
		"on a manager: 'docker service ps svarm_redis', 'docker service logs svarm_redis'");
	r->seconds = a->seconds;
	return true;
}

void judge_async(struct judge *j)
{
	const struct spec_node *node;
	const struct action *a;
	struct health_result *r;

	if (skip_openfaas(j, NULL))
		return;
	if (!j->ev->cluster->faas.n_functions) {
		found(j, NULL, HEALTH_SKIP, "the spec names no function to call");
		return;
	}
	a = action_anywhere(j->ev, ACTION_ASYNC, &node);
	if (!a) {
		no_gateway(j);
		return;
	}
	if (!a->ok) {
		r = found(j, node, HEALTH_FAIL, "'%s': %s", a->argument, shown(j, a->error, 300));
		remedy(j, r,
			"on a manager: 'docker service logs svarm_queue-worker', and '… "
			"svarm_gateway'");
	} else {
		r = found(j, node, HEALTH_OK, "'%s' was called, its callback came, in %s",
			a->argument, duration(j, a->seconds));
	}
	r->seconds = a->seconds;
}

void judge_redis(struct judge *j, const struct node_evidence *e)
{
	const struct action *a = action_of(e, ACTION_REDIS);
	struct health_result *r;

	if (skip_openfaas(j, e->node) || skip_dockerless(j, e))
		return;
	if (!a) {
		no_container(j, e);
		return;
	}
	if (!a->ok) {
		r = found(j, e->node, HEALTH_FAIL, "from %s: %s",
			shown(j, a->container->service, 60), shown(j, a->error, 300));
		remedy(j, r,
			"on a manager: 'docker service ps svarm_redis', 'docker service logs "
			"svarm_redis'");
	} else {
		r = found(j, e->node, HEALTH_OK, "written, read, deleted in %s",
			duration(j, a->seconds));
	}
	r->seconds = a->seconds;
}

/* Append "lab-2 (10.0.1.5:7007): timed out" of each peer that failed. */
static size_t list_failed(struct judge *j, const struct node_evidence *e, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_actions; i++) {
		const struct action *a = &e->actions[i];

		if (a->kind != ACTION_PEER || a->ok)
			continue;
		if (++n <= 3)
			buf_addf(out, "%s%s (%s): %s", n > 1 ? "; " : "", a->peer->name,
				a->argument, shown(j, a->error, 160));
	}
	if (n > 3)
		buf_addf(out, "; and %zu more", n - 3);
	return n;
}

static size_t count_peers(const struct node_evidence *e, double *ret_slowest)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_actions; i++) {
		if (e->actions[i].kind != ACTION_PEER)
			continue;
		n++;
		*ret_slowest = MAX_OF(*ret_slowest, e->actions[i].seconds);
	}
	return n;
}

void judge_overlay(struct judge *j, const struct node_evidence *e)
{
	_cleanup_buf_ struct buf failed = BUF_INIT;
	double slowest = 0;
	size_t n = count_peers(e, &slowest);
	struct health_result *r;

	if (j->ev->n == 1) {
		found(j, e->node, HEALTH_SKIP, "there is no other node");
		return;
	}
	if (skip_openfaas(j, e->node) || skip_dockerless(j, e))
		return;
	if (!probe_container(e)) {
		no_container(j, e);
		return;
	}
	if (!n) {
		r = found(j, e->node, HEALTH_FAIL,
			"no container on another node to exchange bytes with");
		remedy(j, r, "see the rows of services and of the other nodes");
	} else if (list_failed(j, e, &failed)) {
		r = found(j, e->node, HEALTH_FAIL, "no data to %s", buf_str(&failed));
		remedy(j, r,
			"is 4789/udp open between the private addresses, and is the MTU of the "
			"overlay 50 below that of the private network?");
	} else {
		r = found(j, e->node, HEALTH_OK,
			"64 KiB to and from %zu container%s on other nodes, "
			"slowest %s",
			n, n == 1 ? "" : "s", duration(j, slowest));
	}
	r->seconds = slowest;
}
