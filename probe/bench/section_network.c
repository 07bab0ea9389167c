/*
 * Round trips, throughput and packet size between every pair of nodes, over the private network and
 * over the overlay that containers use.  On each node `svarm-probe net-serve` answers, in its own
 * network namespace and in that of a container; the others ask, in slots of pairs that do not
 * disturb each other, and one pair at a time for throughput.
 */
#include <pthread.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/network.h"

enum { N_NETWORKS = 2, SERVER_SECONDS = 600 };

#define BUDGET       (20 * USEC_PER_SEC) /* of all measuring, without what starting costs */
#define LEAST        (200 * USEC_PER_MSEC)
#define MOST         (400 * USEC_PER_MSEC)
#define START_WITHIN (20 * USEC_PER_SEC)
#define ASK_WITHIN   (30 * USEC_PER_SEC)

/* One node in one network. */
struct end {
	struct agent *agent;
	const char *address;   /* NULL: it has none here */
	const char *container; /* NULL: the node's own namespace */
	const char *fault;     /* why nothing can be measured with it; raw */
	struct agent_job *server;
	int port;
	char token[33];
};

struct run {
	struct bench *b;
	struct arena *arena;
	size_t n_nodes;
	const char **names;
	struct network_slot *slots;
	size_t n_slots;
	usec_t each; /* of one measurement */
	struct end *ends[N_NETWORKS];
	struct network networks[N_NETWORKS];
};

/* One measurement, in a thread of its own. */
struct question {
	const struct end *from, *to;
	const char *parts; /* of svarm-probe net */
	usec_t duration;
	json_t *answer; /* NULL: none, for the reason: */
	struct err err;
	int code;
};

/* ---- the ends ---- */

/* On the overlay: a gateway or a queue worker, else anything of ours. */
static const struct container *overlay_container(const struct node_evidence *e)
{
	const struct container *c = probe_container(e);

	for (size_t i = 0; !(c && c->address) && i < e->answer.n_containers; i++)
		c = &e->answer.containers[i];
	return c && c->address ? c : NULL;
}

static void serve(struct run *r, struct end *e)
{
	const char *const argv[] = {"net-serve", "--bind", e->address, "--seconds",
		arena_printf(r->arena, "%d", SERVER_SECONDS), NULL};
	struct agent_command c = {.argv = argv,
		.container = e->container,
		.deadline = (SERVER_SECONDS + 10) * USEC_PER_SEC};
	_cleanup_err_ struct err err = ERR_INIT;
	const char *line = NULL;

	if (agent_start(e->agent, &c, &e->server, &err) < 0) {
		e->fault = arena_strdup(r->arena, err_msg(&err));
		return;
	}
	if (agent_job_line(e->server, START_WITHIN, &line, &err) <= 0 ||
		!network_read_server(line, &e->port, e->token))
		e->fault = arena_printf(r->arena, "no probe could be started at %s%s%s", e->address,
			err.code ? ": " : "", err_msg(&err));
}

static void find_ends(struct run *r, size_t i)
{
	struct end *own = &r->ends[0][i], *overlay = &r->ends[1][i];
	const struct node_evidence *e = &r->b->evidence->nodes[i];
	const struct container *c = overlay_container(e);

	own->agent = overlay->agent = agents_at(r->b->agents, i);
	own->fault = overlay->fault = agent_error(own->agent);
	own->address = e->node->private;
	if (!c && !overlay->fault)
		overlay->fault = "no container of svarm's runs there";
	if (!c)
		return;
	overlay->container = c->id;
	overlay->address = c->address;
}

static void start_servers(struct run *r)
{
	for (size_t i = 0; i < r->n_nodes; i++) {
		find_ends(r, i);
		for (int k = 0; k < N_NETWORKS; k++)
			if (!r->ends[k][i].fault)
				serve(r, &r->ends[k][i]);
	}
}

/* ---- the pairs ---- */

static void add_pair(struct run *r, int k, size_t from, size_t to)
{
	struct network *net = &r->networks[k];

	net->pairs[net->n_pairs++] = (struct network_pair){.from = from,
		.to = to,
		.rounds = arena_array(r->arena, struct network_sample, r->b->rounds)};
}

/* As people read a table, whatever the order of measuring. */
static int by_names(const void *a, const void *b)
{
	const struct network_pair *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static void make_network(struct run *r, int k)
{
	struct network *net = &r->networks[k];

	net->name = k ? "overlay" : "private";
	net->pairs = arena_array(r->arena, struct network_pair, 2 * r->n_slots + 1);
	net->left_out = arena_array(r->arena, const char *, r->n_nodes);
	for (size_t i = 0; i < r->n_nodes; i++)
		if (r->ends[k][i].fault)
			net->left_out[net->n_left_out++] = arena_printf(
				r->arena, "%s: %s", r->names[i], r->ends[k][i].fault);
	for (size_t i = 0; i < r->n_slots; i++) {
		size_t a = r->slots[i].a, b = r->slots[i].b;

		if (r->ends[k][a].fault || r->ends[k][b].fault)
			continue;
		add_pair(r, k, a, b);
		add_pair(r, k, b, a);
	}
	qsort(net->pairs, net->n_pairs, sizeof(*net->pairs), by_names);
}

static size_t slot_of(const struct run *r, const struct network_pair *p)
{
	size_t i = 0;

	while (r->slots[i].a != MIN_OF(p->from, p->to) || r->slots[i].b != MAX_OF(p->from, p->to))
		i++;
	return r->slots[i].slot;
}

/* ---- measuring ---- */

static void *ask(void *arg)
{
	struct question *q = arg;
	char port[16], seconds[32];
	const char *const argv[] = {"net", "--to", q->to->address, "--port", port, "--seconds",
		seconds, "--only", q->parts, NULL};
	struct agent_command c = {.argv = argv,
		.container = q->from->container,
		.input = q->to->token,
		.input_len = strlen(q->to->token),
		.deadline = q->duration + ASK_WITHIN};

	snprintf(port, sizeof(port), "%d", q->to->port);
	snprintf(seconds, sizeof(seconds), "%.3f", (double)q->duration / 1e6);
	q->code = agent_run(q->from->agent, &c, &q->answer, &q->err);
	return NULL;
}

/* All at once; what could not be asked says so in q->err. */
static void ask_all(struct question *q, size_t n)
{
	_cleanup_free_ pthread_t *threads = xcalloc(n, sizeof(*threads));
	_cleanup_free_ bool *started = xcalloc(n, sizeof(*started));

	for (size_t i = 1; i < n; i++)
		started[i] = pthread_create(&threads[i], NULL, ask, &q[i]) == 0;
	for (size_t i = 0; i < n; i++)
		if (!started[i])
			ask(&q[i]);
	for (size_t i = 1; i < n; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
}

static void question_done(struct question *q)
{
	json_decref(q->answer);
	err_done(&q->err);
}

static struct question question_of(
	const struct run *r, int k, const struct network_pair *p, const char *parts)
{
	return (struct question){.from = &r->ends[k][p->from],
		.to = &r->ends[k][p->to],
		.parts = parts,
		.duration = r->each};
}

static void keep_round_trips(struct run *r, struct network_pair *p, const struct question *q)
{
	struct network_sample *s = &p->rounds[p->n_rounds++];

	network_read(q->answer, r->arena, s);
	if (q->code < 0)
		s->error = arena_strdup(r->arena, err_msg(&q->err));
}

/* Who did not answer once is not waited for again. */
static bool is_dead(const struct network_pair *p)
{
	return p->n_rounds && !p->rounds[p->n_rounds - 1].rtt_known;
}

/* Round trips of the pairs of one slot that go from the lower place to the higher, or back. */
static void measure_slot(struct run *r, int k, size_t slot, bool back, bool first)
{
	struct network *net = &r->networks[k];
	_cleanup_free_ struct question *q = xcalloc(net->n_pairs + 1, sizeof(*q));
	_cleanup_free_ struct network_pair **whose = xcalloc(net->n_pairs + 1, sizeof(*whose));
	size_t n = 0;

	for (size_t i = 0; i < net->n_pairs; i++) {
		struct network_pair *p = &net->pairs[i];

		if (slot_of(r, p) != slot || (p->from > p->to) != back || is_dead(p))
			continue;
		q[n] = question_of(r, k, p, first ? "rtt,mtu" : "rtt");
		whose[n++] = p;
	}
	if (!n)
		return;
	ask_all(q, n);
	for (size_t i = 0; i < n; i++) {
		keep_round_trips(r, whose[i], &q[i]);
		question_done(&q[i]);
	}
}

static void measure_throughput(struct run *r, int k, struct network_pair *p)
{
	struct network_sample *s = &p->rounds[p->n_rounds - 1], got = {0};
	struct question q = question_of(r, k, p, "throughput");

	ask(&q);
	network_read(q.answer, r->arena, &got);
	s->throughput_mbit = got.throughput_mbit;
	s->throughput_error = q.code < 0 ? arena_strdup(r->arena, err_msg(&q.err)) : got.error;
	question_done(&q);
}

static void measure_network(struct run *r, int k, bool first)
{
	struct network *net = &r->networks[k];
	size_t slots = r->n_slots ? r->slots[r->n_slots - 1].slot + 1 : 0;

	for (size_t s = 0; s < 2 * slots && !bench_cancelled(r->b); s++)
		measure_slot(r, k, s / 2, s % 2, first);
	for (size_t i = 0; i < net->n_pairs && !bench_cancelled(r->b); i++) {
		struct network_pair *p = &net->pairs[i];

		if (!p->n_rounds || is_dead(p))
			continue;
		bench_say(r->b, "%s: throughput from %s to %s", net->name, r->names[p->from],
			r->names[p->to]);
		measure_throughput(r, k, p);
	}
}

static void choose_duration(struct run *r)
{
	size_t slots = r->n_slots ? r->slots[r->n_slots - 1].slot + 1 : 1;
	size_t steps = N_NETWORKS * r->b->rounds * (2 * slots + 2 * r->n_slots);

	r->each = MIN_OF(MAX_OF(BUDGET / steps, LEAST), MOST);
}

static int measure(struct run *r, struct err *err)
{
	start_servers(r);
	for (int k = 0; k < N_NETWORKS; k++)
		make_network(r, k);
	choose_duration(r);
	for (unsigned round = 0; round < r->b->rounds; round++)
		for (int k = 0; k < N_NETWORKS; k++) {
			bench_say(r->b, "%s: round trips, round %u of %u", r->networks[k].name,
				round + 1, r->b->rounds);
			measure_network(r, k, round == 0);
		}
	return bench_cancelled(r->b) ? err_set(err, ERR_INTR, "interrupted") : 0;
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	struct run r = {.b = b, .arena = &ret->arena, .n_nodes = b->cluster->n_nodes};
	int code;

	if (r.n_nodes < 2) {
		section_found(ret, HEALTH_SKIP, "one node is no pair");
		return 0;
	}
	r.names = arena_array(r.arena, const char *, r.n_nodes);
	for (size_t i = 0; i < r.n_nodes; i++)
		r.names[i] = b->cluster->nodes[i].name;
	r.n_slots = network_plan(r.n_nodes, &r.slots);
	for (int k = 0; k < N_NETWORKS; k++)
		r.ends[k] = arena_array(r.arena, struct end, r.n_nodes);
	code = measure(&r, err);
	if (code == 0)
		network_judge(r.networks, N_NETWORKS, r.names, ret);
	for (size_t i = 0; i < r.n_nodes; i++)
		for (int k = 0; k < N_NETWORKS; k++)
			agent_job_end(r.ends[k][i].server);
	free(r.slots);
	return code;
}

const struct section section_network = {
	.name = "network",
	.summary = "round trips, throughput and packet size between every pair of nodes",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
	.print = network_print,
};
