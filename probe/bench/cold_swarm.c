/* What docker tells of the function: see cold_swarm.h. */
#include "probe/bench/cold_swarm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCK_ROUNDS = 3 };
/* By how much an event may seem to be outside of the call; seconds. */
#define CLOCK_SLACK 0.5

int cold_replicas(const struct place *p, int *ret, struct err *err)
{
	const char *const argv[] = {"service", "inspect", "--format",
		"{{json .Spec.Mode.Replicated}}", p->service->id, NULL};
	_cleanup_json_ json_t *mode = NULL;
	json_int_t n;
	int r;

	r = place_docker_json(p->agent, argv, &mode, err);
	if (r < 0)
		return r;
	n = json_int(mode, "Replicas", -1);
	if (n < 0 || n > 100000)
		return err_set(err, -EINVAL,
			"service '%s' has no number of tasks that could be set", p->service->name);
	*ret = (int)n;
	return 0;
}

int cold_running(const struct place *p, int *ret, struct err *err)
{
	char filter[80];
	const char *const argv[] = {
		"service", "ls", "--filter", filter, "--format", "{{.Replicas}}", NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	char *end;
	long n;
	int r;

	snprintf(filter, sizeof(filter), "id=%s", p->service->id);
	r = place_docker(p->agent, argv, &out, err);
	if (r < 0)
		return r;
	n = strtol(buf_str(&out), &end, 10); /* "1/2" */
	if (*end != '/' || n < 0 || n > 100000)
		return err_set(
			err, ERR_REMOTE, "there is no service '%s' any more", p->service->name);
	*ret = (int)n;
	return 0;
}

int cold_scale(const struct place *p, int replicas, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT, what = BUF_INIT;
	const char *argv[] = {"service", "scale", "--detach", NULL, NULL};

	buf_addf(&what, "%s=%d", p->service->name, replicas);
	argv[3] = buf_str(&what);
	return place_docker(p->agent, argv, &out, err);
}

/* ---- clocks ---- */

/* The clock of @agent's node less ours, and by how much that may be wrong. */
static int clock_of(struct agent *agent, double *ret_offset, double *ret_error, struct err *err)
{
	const char *const argv[] = {"/usr/bin/date", "+%s.%N", NULL};
	const struct agent_command c = {.argv = argv, .deadline = 5 * USEC_PER_SEC};

	*ret_offset = NAN;
	*ret_error = INFINITY;
	for (int i = 0; i < CLOCK_ROUNDS; i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		double asked = clock_wall(), heard, time;
		int r;

		r = agent_output(agent, &c, 100, &out, err);
		if (r < 0)
			return r;
		heard = clock_wall();
		time = strtod(buf_str(&out), NULL);
		if (!isfinite(time) || time <= 0 || (heard - asked) / 2 >= *ret_error)
			continue;
		*ret_error = (heard - asked) / 2;
		*ret_offset = time - (asked + heard) / 2;
	}
	return 0;
}

int cold_clocks(const struct bench *b, const struct place *p, double *ret, struct err *err)
{
	double base, base_error, offset, error;
	int r;

	r = clock_of(p->agent, &base, &base_error, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < b->cluster->n_nodes; i++) {
		struct agent *agent = agents_at(b->agents, i);

		ret[i] = i == p->node->index ? 0 : NAN;
		if (agent == p->agent || agent_error(agent))
			continue;
		r = clock_of(agent, &offset, &error, NULL);
		if (r == ERR_INTR)
			return err_set(err, r, "interrupted");
		if (r < 0)
			continue;
		ret[i] = offset - base;
		if (fabs(ret[i]) <= error + base_error)
			ret[i] = 0;
	}
	return 0;
}

/* ---- tasks ---- */

/* The node of the spec with this id in the swarm; NULL: none of ours. */
static const struct spec_node *node_of(const struct bench *b, const char *swarm_id)
{
	for (size_t i = 0; swarm_id && i < b->evidence->n; i++) {
		const struct node_evidence *e = &b->evidence->nodes[i];

		if (e->answered && e->answer.facts.swarm_node_id &&
			!strcmp(e->answer.facts.swarm_node_id, swarm_id))
			return e->node;
	}
	return NULL;
}

/* A container's id, which docker on its node is asked about. */
static const char *container_of(const json_t *task)
{
	const char *id = json_str(json_at(task, "Status", "ContainerStatus", NULL), "ContainerID");

	return id && strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64 ? id : NULL;
}

static int inspect_container(struct agent *agent, const char *id, json_t **ret, struct err *err)
{
	const char *const argv[] = {
		"inspect", "--type", "container", "--format", "{{json .}}", id, NULL};

	return place_docker_json(agent, argv, ret, err);
}

/* Both ends in full: docker cuts a relative end, such as "0s", to the whole second, and would leave
 * out what has happened since. */
static int event_created(struct agent *agent, const char *id, double since, double until,
	double *ret, struct err *err)
{
	char from[32], to[32], container[80];
	const char *const argv[] = {"events", "--since", from, "--until", to, "--filter", container,
		"--filter", "event=create", "--format", "{{json .}}", NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r;

	snprintf(from, sizeof(from), "%.3f", since);
	snprintf(to, sizeof(to), "%.3f", until);
	snprintf(container, sizeof(container), "container=%s", id);
	r = place_docker(agent, argv, &out, err);
	if (r == 0)
		*ret = cold_event_created(buf_str(&out), id);
	return r;
}

/* The times of one task's container, if it was earlier than *@ret's. */
static int look_at(const struct bench *b, const json_t *task, const double *ahead,
	struct cold_times *ret, struct err *err)
{
	const struct spec_node *node = node_of(b, json_str(task, "NodeID"));
	const char *id = container_of(task);
	_cleanup_json_ json_t *container = NULL;
	struct cold_times t = *ret;
	struct agent *agent;
	int r;

	if (!node || !id || !isfinite(ahead[node->index]))
		return 0;
	agent = agents_at(b->agents, node->index);
	r = inspect_container(agent, id, &container, err);
	if (r < 0)
		return r;
	cold_container(container, &t);
	t.ahead = ahead[node->index];
	if (!isfinite(t.started) || t.started - t.ahead >= ret->started - ret->ahead)
		return 0;
	r = event_created(agent, id, t.begin + t.ahead - CLOCK_SLACK,
		t.begin + t.seconds + t.ahead + CLOCK_SLACK, &t.made, err);
	if (r < 0)
		return r;
	*ret = t;
	return 0;
}

int cold_first(const struct bench *b, const struct place *p, const double *ahead,
	struct cold_times *ret, struct err *err)
{
	_cleanup_json_ json_t *tasks = NULL;
	struct cold_times first = *ret;
	json_t *task;
	size_t i;
	int r;

	r = place_tasks_json(p, &tasks, err);
	if (r < 0)
		return r;
	first.started = INFINITY;
	first.ahead = 0;
	json_array_foreach(tasks, i, task)
	{
		r = look_at(b, task, ahead, &first, err);
		if (r < 0)
			return r;
	}
	if (isfinite(first.started))
		*ret = first;
	return 0;
}
