/* The swarm: is everybody in it, as what the spec says, and does it run as many tasks as it should.
 */
#include "lib/spec/addr.h"
#include "probe/judge.h"

static bool same_address(const char *a, const char *b)
{
	struct addr x = {0}, y = {0};

	return a && addr_parse(&x, a) && addr_parse(&y, b) && !memcmp(&x, &y, sizeof(x));
}

static const char *role_word(bool manager)
{
	return manager ? "manager" : "worker";
}

static void not_active(struct judge *j, const struct node_evidence *e)
{
	const struct facts *f = &e->answer.facts;
	struct health_result *r;

	switch (f->swarm) {
	case SWARM_LOCKED:
		r = found(j, e->node, HEALTH_FAIL, "its swarm is locked");
		remedy(j, r, "on the node: 'docker swarm unlock'");
		break;
	case SWARM_PENDING:
		r = found(j, e->node, HEALTH_FAIL, "still joining: %s",
			shown(j, f->swarm_error, 200));
		remedy(j, r, "are 2377/tcp and 7946 open between the private addresses?");
		break;
	case SWARM_ERROR:
		r = found(j, e->node, HEALTH_FAIL, "in trouble: %s", shown(j, f->swarm_error, 200));
		remedy(j, r, "on the node: 'journalctl -u docker'");
		break;
	default:
		r = found(j, e->node, HEALTH_FAIL, "in no swarm");
		remedy(j, r, "'svarm up' lets it join");
	}
}

void judge_member(struct judge *j, const struct node_evidence *e)
{
	const struct facts *f = &e->answer.facts;
	bool manager = e->node->roles & ROLE_MANAGER;
	struct health_result *r;

	if (skip_dockerless(j, e))
		return;
	if (f->swarm != SWARM_ACTIVE) {
		not_active(j, e);
	} else if (!same_address(f->swarm_address, e->node->private)) {
		r = found(j, e->node, HEALTH_FAIL,
			"known to the swarm as %s, not by its private address %s",
			shown(j, f->swarm_address, 60), e->node->private);
		remedy(j, r,
			"on the node: 'docker swarm leave'; then 'svarm up' lets it join anew");
	} else if (f->swarm_manager != manager) {
		r = found(j, e->node, HEALTH_FAIL, "a %s; the spec says %s",
			role_word(f->swarm_manager), role_word(manager));
		remedy(j, r, "on a manager: 'docker node %s' this node",
			manager ? "promote" : "demote");
	} else {
		found(j, e->node, HEALTH_OK, "%s at %s", role_word(manager), e->node->private);
	}
}

static const struct fact_swarm_node *swarm_node(
	const struct facts *manager, const struct node_evidence *e)
{
	const char *id = e->answered ? e->answer.facts.swarm_node_id : NULL;

	if (id && *id)
		return facts_swarm_node_by_id(manager, id);
	return facts_swarm_node_by_address(manager, e->node->private);
}

void judge_ready(struct judge *j, const struct node_evidence *e)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	const struct fact_swarm_node *s;
	struct health_result *r;

	if (!m) {
		found(j, e->node, HEALTH_SKIP, "no manager of the swarm answers");
		return;
	}
	s = swarm_node(&m->answer.facts, e);
	if (!s) {
		r = found(j, e->node, HEALTH_FAIL, "%s does not know this node", m->node->name);
		remedy(j, r,
			"'svarm up' lets it join; if it is in another swarm, 'docker swarm leave' "
			"first");
	} else if (!s->ready) {
		r = found(j, e->node, HEALTH_FAIL, "down, says %s", m->node->name);
		remedy(j, r,
			"does its dockerd run, and is 7946 open between the private addresses?");
	} else if (!s->active) {
		r = found(j, e->node, HEALTH_WARN,
			"Ready, but it takes no tasks (drained or paused)");
		remedy(j, r, "on a manager: 'docker node update --availability active' this node");
	} else {
		found(j, e->node, HEALTH_OK, "Ready, says %s", m->node->name);
	}
}

/* Is this member of the swarm the one that a node of the spec is now? */
static bool is_ours(const struct evidence *ev, const struct fact_swarm_node *s)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct node_evidence *e = &ev->nodes[i];
		const char *id = e->answered ? e->answer.facts.swarm_node_id : NULL;

		if (id && *id ? !strcmp(id, s->id) : same_address(s->address, e->node->private))
			return true;
	}
	return false;
}

/* What a node was before it joined anew stays in the list, and with it its tasks. */
void judge_strangers(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	_cleanup_buf_ struct buf names = BUF_INIT;
	struct health_result *r;
	size_t n = 0;

	if (!m) {
		found(j, NULL, HEALTH_SKIP, "no manager of the swarm answers");
		return;
	}
	for (size_t i = 0; i < m->answer.facts.n_swarm_nodes; i++) {
		const struct fact_swarm_node *s = &m->answer.facts.swarm_nodes[i];

		if (is_ours(j->ev, s))
			continue;
		if (++n <= 3)
			buf_addf(&names, "%s%s (%s, %s)", n > 1 ? ", " : "",
				shown(j, s->hostname, 60), shown(j, s->id, 30),
				s->ready ? "Ready" : "Down");
	}
	if (!n) {
		found(j, NULL, HEALTH_OK, "%zu members, all of them in the spec",
			m->answer.facts.n_swarm_nodes);
		return;
	}
	r = found(j, NULL, HEALTH_WARN, "%zu member%s that the spec does not name: %s%s", n,
		n == 1 ? "" : "s", buf_str(&names), n > 3 ? ", …" : "");
	remedy(j, r, "for those that are gone, on a manager: 'docker node rm --force ID'");
}

/* ---- services ---- */

enum { MAX_OTHERS = 500 };

/* How many tasks a service should have by the spec. */
struct expected {
	const char *name;
	size_t tasks;
	bool function; /* its number may be changed by a running cluster */
};

static const char *task_error(const struct answer *a, const struct fact_service *s)
{
	for (size_t i = 0; i < a->n_task_errors; i++)
		if (!strcmp(a->task_errors[i].key, s->id))
			return a->task_errors[i].value;
	return NULL;
}

static void too_few(
	struct judge *j, const struct answer *a, const struct fact_service *s, size_t tasks)
{
	const char *why = task_error(a, s);
	struct health_result *r;

	r = found(j, NULL, HEALTH_FAIL, "%d of %zu running%s%s", s->running, tasks, why ? ": " : "",
		shown(j, why, 200));
	if (why && strstr(why, "No such image"))
		remedy(j, r,
			"name the image's archive in 'images:', or give the nodes a way to a "
			"registry that has it");
	else
		remedy(j, r, "on a manager: 'docker service ps --no-trunc %s'",
			shown(j, s->name, 80));
	subject(j, r, s->name);
}

static void service_row(struct judge *j, const struct answer *a, const struct fact_service *s,
	const struct expected *x)
{
	size_t desired = (size_t)MAX_OF(s->desired, 0), tasks = desired;
	struct health_result *r;

	if (x && !x->function)
		tasks = MAX_OF(desired, x->tasks);
	if ((size_t)MAX_OF(s->running, 0) < tasks) {
		too_few(j, a, s, tasks);
		return;
	}
	if (x && x->function && desired < x->tasks) {
		r = found(j, NULL, HEALTH_WARN, "%d of %zu running; the spec says %zu", s->running,
			desired, x->tasks);
		remedy(j, r, "it was scaled down; 'svarm up' brings it back");
	} else {
		r = found(j, NULL, HEALTH_OK, "%d of %zu running", s->running, tasks);
	}
	subject(j, r, s->name);
}

static void expected_row(struct judge *j, const struct answer *a, const struct expected *x)
{
	const struct fact_service *s = facts_service(&a->facts, x->name);
	struct health_result *r;

	if (!x->tasks && !s)
		return;
	if (s) {
		service_row(j, a, s, x);
		return;
	}
	r = found(j, NULL, HEALTH_FAIL, "no such service; the spec wants %zu running", x->tasks);
	subject(j, r, x->name);
	remedy(j, r, "'svarm up' deploys it");
}

enum { MAX_OWN = 8 };

/* svarm's own services, or those of engine openfaas; how many there are. */
static size_t own_services(const struct cluster *c, struct expected ret[MAX_OWN])
{
	const size_t managers = cluster_count(c, ROLE_MANAGER);
	const size_t workers = cluster_count(c, ROLE_WORKER);
	const struct expected own[MAX_OWN] = {
		{"svarm_redis", cluster_first(c, ROLE_DATABASE) ? 1 : 0, false},
		{"svarm_gateway", managers, false},
		{"svarm_queue-worker", workers, false},
		{"svarm_prometheus", 1, false},
		{"svarm_alertmanager", 1, false},
		{"svarm_basic-auth-plugin", 1, false},
		{"svarm_faas-swarm", 1, false},
		{"svarm_nats", 1, false},
	};

	memcpy(ret, own, sizeof(own));
	if (c->faas.engine == ENGINE_OPENFAAS)
		return MAX_OWN;
	return c->faas.monitoring == MONITORING_PROMETHEUS ? 4 : 3;
}

static bool is_expected(struct judge *j, const char *name)
{
	const struct cluster *c = j->ev->cluster;
	struct expected own[MAX_OWN];
	const size_t n = own_services(c, own);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(own[i].name, name))
			return true;
	for (size_t i = 0; i < c->faas.n_functions; i++)
		if (!strcmp(name, function_service(j, &c->faas.functions[i])))
			return true;
	return false;
}

static void judge_expected(struct judge *j, const struct answer *a)
{
	const struct cluster *c = j->ev->cluster;
	struct expected own[MAX_OWN];
	const size_t n = own_services(c, own);

	for (size_t i = 0; i < n; i++)
		expected_row(j, a, &own[i]);
	for (size_t i = 0; i < c->faas.n_functions; i++) {
		const struct spec_function *fn = &c->faas.functions[i];
		struct expected x = {
			.name = function_service(j, fn),
			.tasks = (size_t)MAX_OF(fn->replicas, 0),
			.function = true,
		};

		expected_row(j, a, &x);
	}
}

/* Whatever else runs here: functions deployed by other means, stacks of the operator's own. */
static void judge_others(struct judge *j, const struct answer *a)
{
	const struct facts *f = &a->facts;
	struct health_result *r;
	size_t n = 0;

	for (size_t i = 0; i < f->n_services; i++)
		if (!is_expected(j, f->services[i].name) && ++n <= MAX_OTHERS)
			service_row(j, a, &f->services[i], NULL);
	if (n <= MAX_OTHERS)
		return;
	r = found(j, NULL, HEALTH_WARN, "%zu more services were not looked at", n - MAX_OTHERS);
	remedy(j, r, "on a manager: 'docker service ls'");
}

void judge_services(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	struct health_result *r;

	if (!m) {
		r = found(j, NULL, HEALTH_FAIL, "no manager of a swarm answers");
		remedy(j, r, "see the rows of the managers above; 'svarm up' makes a swarm");
		return;
	}
	judge_expected(j, &m->answer);
	judge_others(j, &m->answer);
}
