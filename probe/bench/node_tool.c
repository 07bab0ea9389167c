/* One thread a machine: its nodes one after the other, or a thread a node.  See node_tool.h. */
#include "probe/bench/node_tool.h"

#include <math.h>
#include <pthread.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"

enum { MAX_NODE_TEXT = 400 };

struct run {
	struct bench *b;
	const struct node_tool *tool;
	struct node_answer *answers;
	size_t *machine; /* of each node: the first node on the same one */
	size_t n;
	pthread_mutex_t say; /* progress: one line at a time */
};

struct turn {
	struct run *run;
	pthread_t thread;
	size_t first;
	bool shared, started;
};

struct speaker {
	struct run *run;
	const struct spec_node *node;
};

static void say(void *arg, const char *text)
{
	struct speaker *s = arg;

	pthread_mutex_lock(&s->run->say);
	bench_say(s->run->b, "%s: %.200s", s->node->name, text);
	pthread_mutex_unlock(&s->run->say);
}

static void run_one(struct run *run, size_t i, bool shared)
{
	struct agent *g = agents_at(run->b->agents, i);
	struct node_answer *a = &run->answers[i];
	struct speaker speaker = {run, a->node};
	struct agent_command c = {
		.argv = shared && run->tool->argv_shared ? run->tool->argv_shared : run->tool->argv,
		.deadline = run->tool->deadline,
	};
	_cleanup_err_ struct err err = ERR_INIT;

	if (agent_follow(g, &c, say, &speaker, &a->result, &err) < 0)
		a->error = xstrdup(err_msg(&err));
}

static void *turn_main(void *arg)
{
	struct turn *t = arg;

	for (size_t i = t->first; i < t->run->n; i++)
		if (t->run->machine[i] == t->first && !bench_cancelled(t->run->b))
			run_one(t->run, i, t->shared);
	return NULL;
}

/* ---- which nodes share a machine ---- */

/* A kernel's count of context switches; 0 when it does not say. */
static unsigned long long switches(struct agent *g)
{
	static const char *const argv[] = {"/bin/grep", "^ctxt ", "/proc/stat", NULL};
	struct agent_command c = {.argv = argv, .deadline = 5 * USEC_PER_SEC};
	_cleanup_buf_ struct buf out = BUF_INIT;
	unsigned long long n = 0;

	if (agent_output(g, &c, 64, &out, NULL) < 0 || sscanf(buf_str(&out), "ctxt %llu", &n) != 1)
		return 0;
	return n;
}

bool node_same_kernel(const unsigned long long a[2], const unsigned long long b[2])
{
	return a[0] && a[0] <= b[0] && b[0] <= a[1] && a[1] <= b[1];
}

/* Servers that are containers of one machine have all the ids of their own, but its kernel's counts
 * in common: asked in turns, they give one rising row. */
static void find_machines(struct run *run)
{
	_cleanup_free_ unsigned long long(*seen)[2] = xcalloc(run->n, sizeof(*seen));

	for (size_t turn = 0; run->tool->argv_shared && turn < 2; turn++)
		for (size_t i = 0; i < run->n; i++)
			seen[i][turn] = switches(agents_at(run->b->agents, i));
	for (size_t i = 0; i < run->n; i++) {
		run->machine[i] = i;
		for (size_t k = 0; k < i && run->machine[i] == i; k++)
			if (node_same_kernel(seen[k], seen[i]))
				run->machine[i] = run->machine[k];
	}
}

/* ---- all ---- */

static void run_turns(struct run *run)
{
	struct turn *turns = xcalloc(run->n, sizeof(*turns));

	for (size_t i = 0; i < run->n; i++) {
		turns[run->machine[i]].shared |= run->machine[i] != i;
		turns[i].run = run;
		turns[i].first = i;
		turns[i].started = run->machine[i] == i;
	}
	for (size_t i = 0; i < run->n; i++)
		if (turns[i].started &&
			pthread_create(&turns[i].thread, NULL, turn_main, &turns[i]))
			abort();
	for (size_t i = 0; i < run->n; i++)
		if (turns[i].started)
			pthread_join(turns[i].thread, NULL);
	free(turns);
}

int node_tool_run(
	struct bench *b, const struct node_tool *t, struct node_answer *ret, struct err *err)
{
	const size_t n = b->cluster->n_nodes;
	_cleanup_free_ size_t *machine = xcalloc(n, sizeof(*machine));
	struct run run = {
		.b = b,
		.tool = t,
		.answers = ret,
		.machine = machine,
		.n = n,
		.say = PTHREAD_MUTEX_INITIALIZER,
	};

	for (size_t i = 0; i < n; i++)
		ret[i] = (struct node_answer){.node = &b->cluster->nodes[i]};
	find_machines(&run);
	run_turns(&run);
	if (bench_cancelled(b))
		return err_set(err, ERR_INTR, "interrupted");
	return 0;
}

void node_answers_done(struct node_answer *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_decref(a[i].result);
		free(a[i].error);
		a[i] = (struct node_answer){0};
	}
}

/* ---- reading ---- */

double node_number(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

void node_copy_text(json_t *to, const json_t *from, const char *key)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;
	const char *text = json_str(from, key);

	if (!text) {
		json_object_set_new(to, key, json_null());
		return;
	}
	escape_text(&clean, text, MIN_OF(strlen(text), (size_t)MAX_NODE_TEXT), false);
	json_set_text(to, key, buf_str(&clean), clean.len);
}
