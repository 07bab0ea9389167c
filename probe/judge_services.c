/* Does every service run as many tasks as it should: svarm's own, the functions, and all others. */
#include "probe/judge.h"

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

static bool is_own(struct judge *j, const char *name)
{
	struct expected own[MAX_OWN];
	const size_t n = own_services(j->ev->cluster, own);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(own[i].name, name))
			return true;
	return false;
}

static bool is_of_spec(struct judge *j, const char *name)
{
	const struct cluster *c = j->ev->cluster;

	for (size_t i = 0; i < c->faas.n_functions; i++)
		if (!strcmp(name, function_service(j, &c->faas.functions[i])))
			return true;
	return false;
}

static void judge_own(struct judge *j, const struct answer *a)
{
	struct expected own[MAX_OWN];
	const size_t n = own_services(j->ev->cluster, own);

	for (size_t i = 0; i < n; i++)
		expected_row(j, a, &own[i]);
}

static void judge_of_spec(struct judge *j, const struct answer *a)
{
	const struct cluster *c = j->ev->cluster;

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

/* Whatever else runs here: @functions deployed by other means, or stacks of the operator's own. */
static void judge_others(struct judge *j, const struct answer *a, bool functions)
{
	const struct facts *f = &a->facts;
	struct health_result *r;
	size_t n = 0;

	for (size_t i = 0; i < f->n_services; i++) {
		const struct fact_service *s = &f->services[i];

		if (is_own(j, s->name) || is_of_spec(j, s->name) || functions != !!s->function)
			continue;
		if (++n <= MAX_OTHERS)
			service_row(j, a, s, NULL);
	}
	if (n <= MAX_OTHERS)
		return;
	r = found(j, NULL, HEALTH_WARN, "%zu more services were not looked at", n - MAX_OTHERS);
	remedy(j, r, "on a manager: 'docker service ls'");
}

/* The manager that knows; without one, that is a row of its own. */
static const struct answer *manager_answer(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);
	struct health_result *r;

	if (m)
		return &m->answer;
	r = found(j, NULL, HEALTH_FAIL, "no manager of a swarm answers");
	remedy(j, r, "see the rows of the managers above; 'svarm up' makes a swarm");
	return NULL;
}

void judge_services(struct judge *j)
{
	const struct answer *a = manager_answer(j);

	if (!a)
		return;
	judge_own(j, a);
	judge_others(j, a, false);
}

void judge_functions(struct judge *j)
{
	const struct answer *a = manager_answer(j);
	const size_t before = j->health->n;

	if (!a)
		return;
	judge_of_spec(j, a);
	judge_others(j, a, true);
	if (j->health->n == before)
		found(j, NULL, HEALTH_SKIP, "there is no function");
}
