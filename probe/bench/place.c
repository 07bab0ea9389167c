/* Where calls are made from: see place.h. */
#include "probe/bench/place.h"

#include <assert.h>
#include <string.h>

enum { MAX_OUTPUT = 4 * 1024 * 1024, MAX_ARGS = 64, MAX_TASKS = 20 };
#define DOCKER_DEADLINE (30 * USEC_PER_SEC)

static const struct container *gateway_of(const struct node_evidence *e)
{
	for (size_t i = 0; e->answered && i < e->answer.n_containers; i++)
		if (!strcmp(e->answer.containers[i].service, "svarm_gateway"))
			return &e->answer.containers[i];
	return NULL;
}

static const struct fact_service *service_of(const struct node_evidence *e, const char *function)
{
	const struct facts *f = &e->answer.facts;

	for (size_t i = 0; e->answered && i < f->n_services; i++)
		if (f->services[i].function && !strcmp(f->services[i].function, function))
			return &f->services[i];
	return NULL;
}

bool place_on(const struct bench *b, const struct spec_node *node,
	struct section_result *ret_result, struct place *ret)
{
	const struct node_evidence *e = &b->evidence->nodes[node->index];
	const char *why;

	*ret = (struct place){.node = node, .agent = agents_at(b->agents, node->index)};
	if (b->cluster->faas.n_functions) {
		ret->function = &b->cluster->faas.functions[0];
		ret->service = service_of(e, ret->function->name);
	}
	ret->gateway = gateway_of(e);
	why = agent_error(ret->agent);
	if (why)
		section_found(ret_result, HEALTH_SKIP, "nothing can be run on '%s': %.300s",
			node->name, why);
	return !why;
}

bool place_find(const struct bench *b, struct section_result *ret_result, struct place *ret)
{
	const struct node_evidence *manager = manager_evidence(b->evidence);

	if (!b->cluster->faas.n_functions) {
		section_found(ret_result, HEALTH_SKIP, "the spec has no function to call");
		return false;
	}
	if (!manager) {
		section_found(ret_result, HEALTH_SKIP, "no manager's docker answers");
		section_remedy(ret_result, "'svarm health' says more");
		return false;
	}
	if (!place_on(b, manager->node, ret_result, ret))
		return false;
	if (ret->gateway && ret->service)
		return true;
	section_found(ret_result, HEALTH_FAIL,
		ret->gateway ? "there is no function '%s' in the swarm" : "no gateway runs on '%s'",
		ret->gateway ? ret->function->name : ret->node->name);
	section_remedy(ret_result, "'svarm up' brings it back; 'svarm health' says more");
	return false;
}

int place_docker(struct agent *agent, const char *const *argv, struct buf *out, struct err *err)
{
	const char *args[MAX_ARGS + 2] = {"/usr/bin/docker"};
	struct agent_command c = {.argv = args, .deadline = DOCKER_DEADLINE};

	for (size_t i = 0; argv[i]; i++) {
		assert(i < MAX_ARGS);
		args[i + 1] = argv[i];
	}
	return agent_output(agent, &c, MAX_OUTPUT, out, err);
}

int place_docker_json(struct agent *agent, const char *const *argv, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r;

	r = place_docker(agent, argv, &out, err);
	if (r < 0)
		return r;
	r = json_parse(buf_str(&out), out.len, MAX_OUTPUT, ret, err);
	return r < 0 ? err_wrap(err, "docker %s", argv[0]) : 0;
}

int place_tasks_json(const struct place *p, json_t **ret, struct err *err)
{
	const char *const list[] = {"service", "ps", "-q", "--no-trunc", "--filter",
		"desired-state=running", p->service->id, NULL};
	const char *inspect[MAX_TASKS + 4] = {"inspect", "--type", "task"};
	_cleanup_buf_ struct buf ids = BUF_INIT;
	size_t n = 3;
	char *at, *id;
	int r;

	r = place_docker(p->agent, list, &ids, err);
	if (r < 0)
		return r;
	id = ids.len ? strtok_r(ids.data, "\n", &at) : NULL;
	for (; id && n < MAX_TASKS + 3; id = strtok_r(NULL, "\n", &at))
		if (*id != '-') /* what docker prints is no option */
			inspect[n++] = id;
	if (n == 3)
		return err_set(err, ERR_REMOTE, "service '%s' has no tasks", p->service->name);
	return place_docker_json(p->agent, inspect, ret, err);
}

/* The address of a task in the overlay, which its description has as "10.201.0.12/20". */
static const char *address_of(const json_t *task, struct arena *a)
{
	const json_t *network;
	size_t i;

	json_array_foreach(json_arr(task, "NetworksAttachments"), i, network)
	{
		const char *name = json_str(json_at(network, "Network", "Spec", NULL), "Name");
		const char *at = json_string_value(
			json_array_get(json_arr(network, "Addresses"), 0));
		size_t len = at ? strspn(at, "0123456789abcdefABCDEF.:") : 0;

		if (name && !strcmp(name, "svarm") && len && len < 46)
			return arena_strndup(a, at, len);
	}
	return NULL;
}

int place_tasks(const struct place *p, struct arena *a, const char **ret, size_t max, size_t *ret_n,
	struct err *err)
{
	_cleanup_json_ json_t *tasks = NULL;
	const json_t *task;
	size_t i;
	int r;

	r = place_tasks_json(p, &tasks, err);
	if (r < 0)
		return r;
	*ret_n = 0;
	json_array_foreach(tasks, i, task)
	{
		const char *state = json_str(json_obj(task, "Status"), "State");
		const char *address = address_of(task, a);

		if (address && state && !strcmp(state, "running") && *ret_n < max)
			ret[(*ret_n)++] = address;
	}
	return 0;
}

int place_failed(struct section_result *ret_result, int r, struct err *err)
{
	if (r == ERR_INTR || r == -ENOMEM)
		return r;
	section_found(ret_result, HEALTH_FAIL, "%.500s", err_msg(err));
	section_remedy(ret_result, "'svarm health' says what is wrong with the cluster");
	err_done(err);
	return 0;
}

bool place_sleep(const struct bench *b, usec_t duration)
{
	usec_t end = clock_now() + duration, now;

	while ((now = clock_now()) < end && !bench_cancelled(b))
		clock_sleep(MIN_OF(end - now, 50 * USEC_PER_MSEC));
	return !bench_cancelled(b);
}
