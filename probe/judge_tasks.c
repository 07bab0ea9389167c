/* What the tasks of the swarm show over time and over nodes: restart loops, and all eggs in one
 * basket.
 */
#include "probe/judge.h"

enum {
	LOOP_SECONDS = 600, /* so many failures … */
	LOOP_FAILURES = 3, /* … in that time are no accident; the swarm remembers five a slot … */
	LOOP_GOING = 180, /* … and so long after the last one it is over */
};

static const struct answer *manager_answer(struct judge *j)
{
	const struct node_evidence *m = manager_evidence(j->ev);

	if (!m)
		found(j, NULL, HEALTH_SKIP, "no manager of the swarm answers");
	return m ? &m->answer : NULL;
}

static const struct task *loop_of(
	const struct answer *a, const struct fact_service *s, size_t *ret_failures)
{
	const struct task *last = NULL;

	*ret_failures = 0;
	for (size_t i = 0; i < a->n_tasks; i++) {
		const struct task *t = &a->tasks[i];

		if (t->running || t->at < a->time - LOOP_SECONDS || strcmp(t->service, s->id) != 0)
			continue;
		++*ret_failures;
		if (!last || t->at >= last->at)
			last = t;
	}
	return last;
}

void judge_restarts(struct judge *j)
{
	const struct answer *a = manager_answer(j);
	struct health_result *r;
	size_t loops = 0, failures;

	if (!a)
		return;
	for (size_t i = 0; i < a->facts.n_services; i++) {
		const struct fact_service *s = &a->facts.services[i];
		const struct task *last = loop_of(a, s, &failures);

		if (failures < LOOP_FAILURES || last->at < a->time - LOOP_GOING)
			continue;
		loops++;
		r = found(j, NULL, HEALTH_WARN, "%zu tasks failed within %d min; last: %s",
			failures, LOOP_SECONDS / 60,
			*last->error ? shown(j, last->error, 200) : "without saying why");
		subject(j, r, s->name);
		remedy(j, r, "on a manager: 'docker service logs --tail 50 %s'",
			shown(j, s->name, 80));
	}
	if (!loops)
		found(j, NULL, HEALTH_OK, "no service in a loop");
}

/* ---- spread ---- */

/* Tasks of functions go to workers, unless a constraint of the function's own says where. */
static bool places_itself(const struct spec_function *fn)
{
	return fn->n_constraints > 0;
}

static const char *node_id(const struct answer *manager, const struct node_evidence *e)
{
	const struct fact_swarm_node *s = swarm_node(&manager->facts, e);

	return s && s->ready && s->active ? s->id : NULL;
}

/* How many tasks of @service run, and on how many of the workers that take tasks. */
static size_t count_tasks(struct judge *j, const struct answer *a, const char *service,
	size_t *ret_nodes, size_t *ret_workers, const struct spec_node **ret_where)
{
	size_t tasks = 0;

	*ret_nodes = *ret_workers = 0;
	for (size_t i = 0; i < j->ev->n; i++) {
		const struct node_evidence *e = &j->ev->nodes[i];
		const char *id = e->node->roles & ROLE_WORKER ? node_id(a, e) : NULL;
		size_t here = 0;

		for (size_t k = 0; id && k < a->n_tasks; k++)
			here += a->tasks[k].running && !strcmp(a->tasks[k].service, service) &&
				!strcmp(a->tasks[k].node, id);
		*ret_workers += id != NULL;
		*ret_nodes += here > 0;
		tasks += here;
		if (here)
			*ret_where = e->node;
	}
	return tasks;
}

static bool judge_one_spread(
	struct judge *j, const struct answer *a, const struct spec_function *fn)
{
	const char *name = function_service(j, fn);
	const struct fact_service *s = facts_service(&a->facts, name);
	const struct spec_node *where = NULL;
	size_t nodes, workers, tasks;
	struct health_result *r;

	if (!s || places_itself(fn))
		return false;
	tasks = count_tasks(j, a, s->id, &nodes, &workers, &where);
	if (tasks < 2 || workers < 2)
		return false;
	if (nodes > 1) {
		r = found(j, NULL, HEALTH_OK, "%zu tasks on %zu nodes", tasks, nodes);
		subject(j, r, name);
		return true;
	}
	r = found(j, NULL, HEALTH_WARN, "all %zu tasks run on %s", tasks, where->name);
	subject(j, r, name);
	/* Swarm moves no task that runs; one fewer comes off the fullest node. */
	remedy(j, r,
		"on a manager: 'docker service scale %s=%zu', then '…=%zu': one more goes to the "
		"emptier node, one fewer comes off the fuller",
		name, tasks + 1, tasks);
	return true;
}

void judge_spread(struct judge *j)
{
	const struct spec_faas *faas = &j->ev->cluster->faas;
	const struct answer *a = manager_answer(j);
	size_t judged = 0;

	if (!a)
		return;
	for (size_t i = 0; i < faas->n_functions; i++)
		judged += judge_one_spread(j, a, &faas->functions[i]);
	if (!judged)
		found(j, NULL, HEALTH_SKIP,
			"no function has tasks that could be on more than one node");
}
