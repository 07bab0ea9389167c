/* Where calls are made from: see place.h. */
#include "probe/bench/place.h"

#include <string.h>

enum { MAX_OUTPUT = 4 * 1024 * 1024, MAX_ARGS = 32 };
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

	for (size_t i = 0; argv[i] && i < MAX_ARGS; i++)
		args[i + 1] = argv[i];
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
