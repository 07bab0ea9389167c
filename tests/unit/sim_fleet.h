/* A cluster of simulated nodes and runs of the real fleet over it. */
#pragma once

#include "tests/unit/flow_make.h"
#include "tests/unit/sim.h"

enum { SIM_NODES = 3 };

static const char sim_spec[] =
	"cluster: sim\n"
	"nodes:\n"
	"  - {name: n1, address: 192.0.2.1, private: 10.0.0.1, roles: [manager, ingress]}\n"
	"  - {name: n2, address: 192.0.2.2, private: 10.0.0.2, roles: [worker]}\n"
	"  - {name: n3, address: 192.0.2.3, private: 10.0.0.3, roles: [worker, database]}\n"
	"images: [echo.tar]\n"
	"faas:\n"
	"  functions:\n"
	"    - {name: echo, image: 'svarm/echo:dev', replicas: 2}\n";

struct sim_cluster {
	struct cluster *cluster;
	struct test_flow flow;
	struct sim_world world;
	struct sim_node nodes[SIM_NODES];
};

static inline void sim_cluster_init(struct sim_cluster *x)
{
	_cleanup_err_ struct err err = ERR_INIT;

	*x = (struct sim_cluster){0};
	if (cluster_parse("sim.yaml", sim_spec, strlen(sim_spec), &x->cluster, &err) < 0 ||
		test_flow_load(&x->flow, x->cluster, &err) < 0)
		fail_msg("%s", err_msg(&err));
	sim_world_init(&x->world);
	for (size_t i = 0; i < SIM_NODES; i++)
		sim_node_init(&x->nodes[i], &x->world, &x->cluster->nodes[i]);
}

static inline void sim_cluster_done(struct sim_cluster *x)
{
	for (size_t i = 0; i < SIM_NODES; i++)
		sim_node_done(&x->nodes[i]);
	sim_world_done(&x->world);
	test_flow_done(&x->flow);
	cluster_free(x->cluster);
}

#define _sim_cluster_ _cleanup_(sim_cluster_done) struct sim_cluster

/* Bare nodes again. */
static inline void sim_cluster_reset(struct sim_cluster *x)
{
	for (size_t i = 0; i < SIM_NODES; i++) {
		sim_node_done(&x->nodes[i]);
		sim_node_init(&x->nodes[i], &x->world, &x->cluster->nodes[i]);
	}
	sim_world_done(&x->world);
	sim_world_init(&x->world);
}

/* ---- one run ---- */

struct sim_run_options {
	bool apply, down;
	size_t fail_node, fail_at; /* that node's connection dies at that operation; 0: none */
	const bool *cancel;
	int parallel;
};

struct sim_result {
	int code;
	size_t changes;
	char *error;
	char *node_error[SIM_NODES]; /* "" when it did not fail */
	int node_code[SIM_NODES];
	size_t steps_done[SIM_NODES];
	struct buf log; /* events, one a line: "n1: start install …" */
};

static inline void sim_result_done(struct sim_result *r)
{
	free(r->error);
	for (size_t i = 0; i < SIM_NODES; i++)
		free(r->node_error[i]);
	buf_done(&r->log);
}

#define _sim_result_ _cleanup_(sim_result_done) struct sim_result

struct sim_reporter {
	struct reporter base; /* first */
	struct buf *log;
};

static inline void sim_event(struct reporter *base, const struct event *e)
{
	static const char *const words[] = {
		"run", "state", "planned", "start", "finish", "fail", "done", "notice", "over"};
	struct buf *log = ((struct sim_reporter *)base)->log;

	buf_addf(log, "%s: %s %s%s%s\n", e->node ? e->node : "-", words[e->kind],
		e->text ? e->text : "", e->error ? ": " : "", e->error ? e->error : "");
}
static inline void sim_event_close(struct reporter *base)
{
}

static inline void sim_gather(struct sim_result *ret, struct fleet *f)
{
	ret->changes = fleet_changes(f);
	for (size_t i = 0; i < SIM_NODES; i++) {
		const struct node_run *nr = fleet_node(f, i);

		ret->node_error[i] = xstrdup(err_msg(&nr->err));
		ret->node_code[i] = nr->err.code;
		ret->steps_done[i] = nr->steps_done;
	}
}

static inline void sim_converge(
	struct sim_cluster *x, const struct sim_run_options *o, struct sim_result *ret)
{
	const char *names[SIM_NODES] = {"n1", "n2", "n3"};
	struct fleet_flow flow = o->down ? test_flow_down(&x->flow) : test_flow_up(&x->flow);
	struct sim_reporter reporter = {{sim_event, NULL, sim_event_close}, &ret->log};
	struct fleet_options options = {.owner = "test",
		.run_id = "1",
		.cancel = o->cancel,
		.parallel = o->parallel,
		.events = events_new(names, SIM_NODES)};
	_cleanup_err_ struct err err = ERR_INIT;
	struct fleet *f;

	*ret = (struct sim_result){0};
	events_add_reporter(options.events, &reporter.base);
	f = fleet_new(x->cluster, &options);
	for (size_t i = 0; i < SIM_NODES; i++)
		fleet_node(f, i)->link = sim_open(&x->nodes[i], i == o->fail_node ? o->fail_at : 0);
	ret->code = fleet_converge(f, &flow, o->apply, &err);
	ret->error = xstrdup(err_msg(&err));
	sim_gather(ret, f);
	fleet_free(f);
	events_free(options.events);
}

/* An `up`, a `plan` or a `down` that must go well; returns the number of its changes. */
static inline size_t sim_good(struct sim_cluster *x, bool apply, bool down)
{
	_sim_result_ r;

	sim_converge(x, &(struct sim_run_options){.apply = apply, .down = down}, &r);
	if (r.code != 0)
		fail_msg("%s\n%s", r.error, buf_str(&r.log));
	return r.changes;
}

/* Where in the run's events @text stands; fails the test when it does not. */
static inline size_t sim_at(const struct sim_result *r, const char *text)
{
	const char *hit = strstr(buf_str(&r->log), text);

	if (!hit)
		fail_msg("'%s' is not among the events:\n%s", text, buf_str(&r->log));
	return hit ? (size_t)(hit - r->log.data) : 0;
}
