/*
 * A run over all nodes: see fleet.h.  One thread a node, reading top to bottom: connect, facts,
 * preflight, diff, apply.  Between the threads there are promises and, under the fleet's lock,
 * three counters that tell the leader whether anybody needs the run's lock.
 */
#include "lib/run/fleet.h"

#include "lib/base/xalloc.h"
#include "lib/node/pending.h"
#include "lib/node/script.h"
#include "lib/run/fleet_impl.h"

struct fleet *fleet_new(const struct cluster *c, const struct fleet_options *options)
{
	struct fleet *f = xcalloc(1, sizeof(*f));

	f->cluster = c;
	f->options = *options;
	f->n = c->n_nodes;
	f->nodes = xcalloc(f->n, sizeof(*f->nodes));
	f->promises = promises_new();
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	for (size_t i = 0; i < f->n; i++) {
		f->nodes[i].node = &c->nodes[i];
		f->nodes[i].fleet = f;
	}
	return f;
}

static void node_done(struct node_run *nr)
{
	link_free(nr->link);
	facts_done(&nr->facts);
	arena_wipe(&nr->arena); /* frames may be secrets */
	err_done(&nr->err);
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		node_done(&f->nodes[i]);
	free(f->nodes);
	promises_free(f->promises);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

size_t fleet_size(const struct fleet *f)
{
	return f->n;
}

struct node_run *fleet_node(struct fleet *f, size_t i)
{
	return &f->nodes[i];
}

const struct cluster *fleet_cluster(const struct fleet *f)
{
	return f->cluster;
}

const struct fleet_options *fleet_options_of(const struct fleet *f)
{
	return &f->options;
}

size_t fleet_changes(const struct fleet *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->nodes[i].changes.n;
	return n;
}

bool fleet_is_leader(const struct node_run *nr)
{
	return nr->node == cluster_leader(nr->fleet->cluster);
}

/* ---- promises of one node ---- */

static const char *const own_promises[] = {"facts", "joined", "ready"};

static void keep_own(struct node_run *nr, const char *what)
{
	char name[300];

	snprintf(name, sizeof(name), "%s.%s", what, nr->node->name);
	promise_keep(nr->fleet->promises, name, NULL, 0);
}

/* A node that has ended breaks whatever it has not kept, so that nobody waits for it. */
static void break_own(struct node_run *nr, const char *how)
{
	static const char *const of_leader[] = {
		PROMISE_LOCK, "token.worker", "token.manager", "emptied"};
	char name[300], reason[300];

	snprintf(reason, sizeof(reason), "%s %s", nr->node->name, how);
	for (size_t i = 0; i < ARRAY_SIZE(own_promises); i++) {
		snprintf(name, sizeof(name), "%s.%s", own_promises[i], nr->node->name);
		promise_break(nr->fleet->promises, name, reason);
	}
	if (!fleet_is_leader(nr))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(of_leader); i++)
		promise_break(nr->fleet->promises, of_leader[i], reason);
}

/* ---- the counters ---- */

static void count_diffed(struct node_run *nr)
{
	struct fleet *f = nr->fleet;

	pthread_mutex_lock(&f->lock);
	if (!nr->planned)
		f->undiffed--;
	nr->planned = true;
	if (!fleet_is_leader(nr) && nr->changes.n_steps)
		f->others_write = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void count_ended(struct node_run *nr, bool failed)
{
	struct fleet *f = nr->fleet;
	bool last = false, bad;

	pthread_mutex_lock(&f->lock);
	if (failed && !nr->planned)
		f->undiffed--;
	if (!fleet_is_leader(nr))
		last = --f->others_left == 0;
	f->others_failed |= failed;
	bad = f->others_failed;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (last)
		promise_keep(f->promises, PROMISE_ALL_DONE, "failed", bad ? strlen("failed") : 0);
}

/* The leader with nothing to do: is its lock needed all the same? */
static bool others_will_write(struct fleet *f)
{
	bool write;

	pthread_mutex_lock(&f->lock);
	while (!f->others_write && f->undiffed > 0)
		pthread_cond_wait(&f->changed, &f->lock);
	write = f->others_write;
	pthread_mutex_unlock(&f->lock);
	return write;
}

/* Does the leader's swarm take a node of the spec for gone?  It may be wrong (templates/apply.sh,
 * workers_revive). */
static bool misses_member(const struct node_run *leader)
{
	const struct cluster *c = leader->fleet->cluster;

	for (size_t i = 0; i < c->n_nodes; i++) {
		const struct fact_swarm_node *member = facts_swarm_node_by_address(
			&leader->facts, c->nodes[i].private);

		if (member && !member->ready)
			return true;
	}
	return false;
}

/* Must the node's script run, if only to take the lock or to see to services that do not run? */
static bool must_apply(struct node_run *nr)
{
	if (nr->changes.n_steps)
		return true;
	if (!fleet_is_leader(nr))
		return false;
	return others_will_write(nr->fleet) ||
	       (nr->fleet->settle && (!facts_services_run(&nr->facts) || misses_member(nr)));
}

/* ---- the life of a node ---- */

static int find_changes(struct node_run *nr, const struct fleet_flow *flow, struct err *err)
{
	int r;

	nr->want.arena = nr->changes.arena = &nr->arena;
	if (flow->changes) {
		r = flow->changes(flow->arg, nr->node, &nr->facts, &nr->changes, err);
		change_close(&nr->changes, 0);
		return r;
	}
	r = flow->want(flow->arg, nr->node, &nr->facts, &nr->want, err);
	if (r < 0)
		return r;
	r = change_diff(&nr->want, &nr->facts, &nr->changes, err);
	if (r >= 0)
		pending_changes(&nr->facts, &nr->changes);
	return r;
}

static int plan_node(struct node_run *nr, const struct fleet_flow *flow, struct err *err)
{
	struct event e = {
		.kind = EVENT_NODE_PLANNED, .node = nr->node->name, .node_index = nr->node->index};
	int r;

	if ((r = node_connect(nr, err)) < 0 || (r = node_gather(nr, flow, err)) < 0)
		return r;
	keep_own(nr, "facts");
	r = node_preflight(nr, err);
	if (r < 0)
		return r;
	r = find_changes(nr, flow, err);
	if (r < 0)
		return r;
	if (nr->facts.swarm == SWARM_ACTIVE)
		keep_own(nr, "joined");
	count_diffed(nr);
	e.total = nr->changes.n_steps;
	events_emit(nr->fleet->options.events, &e);
	return 0;
}

static int converge_node(struct node_run *nr, const struct fleet_flow *flow, struct err *err)
{
	int r = plan_node(nr, flow, err);

	if (r < 0 || !nr->fleet->apply)
		return r;
	if (must_apply(nr))
		r = node_apply(nr, err);
	if (r >= 0)
		keep_own(nr, "ready");
	return r;
}

struct job {
	pthread_t thread;
	struct node_run *nr;
	const struct fleet_flow *flow;
	int (*fn)(struct node_run *nr, void *arg, struct err *err);
	void *arg;
};

static void emit_node_done(struct node_run *nr, usec_t start)
{
	struct event e = {
		.kind = EVENT_NODE_DONE,
		.node = nr->node->name,
		.node_index = nr->node->index,
		.total = nr->changes.n_steps,
		.error = nr->err.code ? err_msg(&nr->err) : NULL,
		.seconds = (double)(clock_now() - start) / 1e6,
	};

	nr->seconds = e.seconds;
	events_emit(nr->fleet->options.events, &e);
}

static void *converge_main(void *arg)
{
	struct job *job = arg;
	usec_t start = clock_now();
	int r = converge_node(job->nr, job->flow, &job->nr->err);

	break_own(job->nr, r < 0 ? "failed" : "ended without it");
	count_ended(job->nr, r < 0);
	emit_node_done(job->nr, start);
	return NULL;
}

static void *each_main(void *arg)
{
	struct job *job = arg;
	int r = node_connect(job->nr, &job->nr->err);

	if (r >= 0)
		job->fn(job->nr, job->arg, &job->nr->err);
	return NULL;
}

/* Which node's code stands for the run: what stopped it all before what followed from it. */
static int rank(int code)
{
	switch (code) {
	case 0: return 0;
	case ERR_PROMISE: return 1;
	case ERR_INTR: return 3;
	case ERR_LOCKED: return 4;
	default: return 2;
	}
}

static int gather_errors(struct fleet *f, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t failed = 0;
	int code = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct node_run *nr = &f->nodes[i];

		if (!nr->err.code)
			continue;
		failed++;
		if (rank(nr->err.code) > rank(code))
			code = nr->err.code;
		buf_addf(&text, "\n  %s: %s", nr->node->name, err_msg(&nr->err));
	}
	if (!failed)
		return 0;
	/* Whatever it was on the node, here it means: a node failed. */
	if (code != ERR_LOCKED && code != ERR_INTR)
		code = ERR_REMOTE;
	return err_set(err, code, "%zu of %zu nodes failed:%s", failed, f->n, buf_str(&text));
}

static int run_jobs(
	struct fleet *f, void *(*main)(void *), const struct job *model, struct err *err)
{
	struct job *jobs = xcalloc(f->n, sizeof(*jobs));
	int r;

	for (size_t i = 0; i < f->n; i++) {
		jobs[i] = *model;
		jobs[i].nr = &f->nodes[i];
		err_done(&f->nodes[i].err);
		if (pthread_create(&jobs[i].thread, NULL, main, &jobs[i]))
			abort();
	}
	for (size_t i = 0; i < f->n; i++)
		pthread_join(jobs[i].thread, NULL);
	free(jobs);
	r = gather_errors(f, err);
	return r;
}

int fleet_converge(struct fleet *f, const struct fleet_flow *flow, bool apply, struct err *err)
{
	struct job model = {.flow = flow};

	f->apply = apply;
	f->settle = !flow->changes;
	f->others_failed = false;
	f->undiffed = f->n;
	f->others_left = f->n - 1;
	f->others_write = false;
	if (!f->others_left)
		promise_keep(f->promises, PROMISE_ALL_DONE, NULL, 0);
	return run_jobs(f, converge_main, &model, err);
}

int fleet_each(struct fleet *f, int (*fn)(struct node_run *nr, void *arg, struct err *err),
	void *arg, struct err *err)
{
	struct job model = {.fn = fn, .arg = arg};

	return run_jobs(f, each_main, &model, err);
}
