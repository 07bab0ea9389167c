/*
 * See everything at once: the calls and the port scan from this machine run beside the nodes' own
 * answers.  A node is asked twice: for what it shows of itself, then, when every node's containers
 * are known, to run commands in its own.
 */
#include <pthread.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"
#include "probe/evidence.h"

enum { MAX_OUTPUT = 8 * 1024 * 1024 };

/* ---- one exchange with a node ---- */

struct exchange {
	struct buf question, answer;
	bool sent;
	double asked, heard;
};

static enum link_input give_question(void *arg, const char **data, size_t *len, struct err *err)
{
	struct exchange *x = arg;

	if (x->sent)
		return LINK_INPUT_EOF;
	x->sent = true;
	*data = buf_str(&x->question);
	*len = x->question.len;
	return LINK_INPUT_DATA;
}

static int take_answer(void *arg, const char *data, size_t len, struct err *err)
{
	struct exchange *x = arg;

	if (x->heard == 0)
		x->heard = clock_wall();
	if (x->answer.len + len > MAX_OUTPUT)
		return err_set(err, -E2BIG, "the answer is over %d MiB", MAX_OUTPUT >> 20);
	buf_add(&x->answer, data, len);
	return 0;
}

static void exchange_done(struct exchange *x)
{
	buf_done(&x->question);
	buf_done(&x->answer);
}

/* Run health.sh on the node with x->question, at most @deadline. */
static int exchange(struct node_run *nr, struct exchange *x, usec_t deadline, struct err *err)
{
	_cleanup_(link_result_done) struct link_result result = {0};
	_cleanup_buf_ struct buf script = BUF_INIT;
	struct link_exec exec = {
		.input = give_question,
		.output = take_answer,
		.arg = x,
		.idle_timeout = deadline,
		.deadline = deadline,
		.cancel = fleet_options_of(nr->fleet)->cancel,
	};
	int r;

	r = template_text("health.sh", &script, err);
	if (r < 0)
		return r;
	exec.script = buf_str(&script);
	x->asked = clock_wall();
	r = link_exec(nr->link, &exec, &result, err);
	if (r < 0 || result.status == 0)
		return r;
	return err_set(err, ERR_REMOTE, "the health script failed (exit %d): %.400s", result.status,
		buf_str(&result.err));
}

/* ---- first exchange: what the node shows of itself ---- */

static void ask_sysctl(struct buf *out, const char *key)
{
	buf_adds(out, "read ");
	sysctl_path(out, key);
	buf_addc(out, '\n');
}

static void ask_sysctls(const struct cluster *c, struct buf *out)
{
	for (size_t i = 0; i < c->tune.n_sysctl; i++)
		ask_sysctl(out, c->tune.sysctl[i].key);
	for (size_t i = 0; i < n_added_sysctls; i++)
		if (!cluster_sysctl(c, added_sysctls[i]))
			ask_sysctl(out, added_sysctls[i]);
}

/* Where a full disk, or one that cannot be written to, stops the platform. */
static const char *const places[] = {
	"/", "/var/lib/docker", "/var/lib/containerd", "/var/log", "/tmp"};

static void ask_system(const struct spec_node *n, struct buf *out)
{
	buf_addf(out, "private %s\n", n->private);
	buf_addf(out, "listen 80\nlisten 443\ndocker %d\nsystem\njournal %d\ncertificate\n",
		LIMIT_DOCKER, LIMIT_JOURNAL);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		buf_addf(out, "disk %d %s\n", LIMIT_DISK, places[i]);
}

static int ask_node(struct node_run *nr, struct node_evidence *e, struct err *err)
{
	_cleanup_(exchange_done) struct exchange x = {0};
	int r;

	ask_sysctls(fleet_cluster(nr->fleet), &x.question);
	ask_system(nr->node, &x.question);
	r = exchange(nr, &x, LIMIT_NODE * USEC_PER_SEC, err);
	if (r >= 0)
		r = answer_parse(buf_str(&x.answer), x.answer.len, &e->answer, err);
	e->asked = x.asked;
	e->heard = x.heard;
	e->answered = r >= 0;
	return r;
}

/* Of fleet_each(): a node that cannot be asked is a finding, not an error. */
static int see_node(struct node_run *nr, void *arg, struct err *err)
{
	struct evidence *ev = arg;
	struct node_evidence *e = &ev->nodes[nr->node->index];
	_cleanup_err_ struct err why = ERR_INIT;

	e->connected = true;
	e->connect_seconds = nr->connect_seconds;
	events_state(fleet_options_of(nr->fleet)->events, nr->node->index, "probing");
	if (ask_node(nr, e, &why) == ERR_INTR)
		return err_move(err, &why);
	if (why.code)
		e->refused = arena_strdup(&e->arena, err_msg(&why));
	return 0;
}

/* ---- second exchange: commands in containers ---- */

static void ask_action(const struct action *a, size_t number, struct buf *out)
{
	static const char *const words[N_ACTIONS] = {
		[ACTION_REDIS] = "redis",
		[ACTION_STORE] = "store",
		[ACTION_ASYNC] = "async",
		[ACTION_QUEUE] = "queue",
		[ACTION_PEER] = "peer",
	};

	buf_addf(out, "run %zu %d %s %s probe %s", number, action_limit(a->kind), a->container->id,
		probe_program(a->container->service), words[a->kind]);
	if (a->argument)
		buf_addf(out, " %s", a->argument);
	buf_addc(out, '\n');
}

static int act(struct node_run *nr, struct node_evidence *e, struct answer *answer, struct err *err)
{
	_cleanup_(exchange_done) struct exchange x = {0};
	/* They run sixteen at a time: see health.sh. */
	usec_t rounds = e->n_actions / 16 + 1;
	int r;

	for (size_t i = 0; i < e->n_actions; i++)
		ask_action(&e->actions[i], i, &x.question);
	r = exchange(nr, &x, (LIMIT_ASYNC * rounds + 5) * USEC_PER_SEC, err);
	if (r >= 0)
		r = answer_parse(buf_str(&x.answer), x.answer.len, answer, err);
	return r;
}

struct actor {
	pthread_t thread;
	struct node_run *nr;
	struct node_evidence *e;
	struct err err;
};

static void *actor_main(void *arg)
{
	struct actor *one = arg;
	struct node_evidence *e = one->e;
	_cleanup_(answer_done) struct answer answer = {.n_ran = e->n_actions};
	int r = act(one->nr, e, &answer, &one->err);

	for (size_t i = 0; i < e->n_actions; i++) {
		struct action *a = &e->actions[i];

		if (r < 0)
			a->error = arena_strdup(&e->arena, err_msg(&one->err));
		else if (answer.ran[i])
			action_read(a, answer.ran[i], &e->arena);
		else
			a->error = "the node did not say how it went";
	}
	return NULL;
}

/* Not by fleet_each(), which would try to connect again what cannot be connected. */
static void act_on_all(struct fleet *f, unsigned needs, struct evidence *ev)
{
	struct actor *actors = xcalloc(ev->n, sizeof(*actors));

	actions_plan(ev, needs);
	for (size_t i = 0; i < ev->n; i++) {
		actors[i].nr = fleet_node(f, i);
		actors[i].e = &ev->nodes[i];
		if (!ev->nodes[i].n_actions)
			continue;
		if (pthread_create(&actors[i].thread, NULL, actor_main, &actors[i]))
			abort();
	}
	for (size_t i = 0; i < ev->n; i++) {
		if (ev->nodes[i].n_actions)
			pthread_join(actors[i].thread, NULL);
		err_done(&actors[i].err);
	}
	free(actors);
}

/* ---- all of it ---- */

struct outside {
	pthread_t thread;
	bool started;
	void (*collect)(struct evidence *ev, const bool *cancel);
	struct evidence *ev;
	const bool *cancel;
};

static void *outside_main(void *arg)
{
	struct outside *o = arg;

	o->collect(o->ev, o->cancel);
	return NULL;
}

static void outside_start(struct outside *o)
{
	if (pthread_create(&o->thread, NULL, outside_main, o))
		abort();
	o->started = true;
}

static void outside_wait(struct outside *o)
{
	if (o->started)
		pthread_join(o->thread, NULL);
}

/* What the nodes' answers lead to, at once. */
static void see_more(struct fleet *f, unsigned needs, struct evidence *ev)
{
	const bool *cancel = fleet_options_of(f)->cancel;
	struct outside tls = {.collect = collect_tls, .ev = ev, .cancel = cancel};
	struct outside scan6 = {.collect = collect_scan6, .ev = ev, .cancel = cancel};

	if (needs & NEED_TLS)
		outside_start(&tls);
	if (needs & NEED_SCAN6)
		outside_start(&scan6);
	if (needs & NEED_ACTIONS)
		act_on_all(f, needs, ev);
	outside_wait(&tls);
	outside_wait(&scan6);
}

static void see_nodes(struct fleet *f, unsigned needs, struct evidence *ev)
{
	/* What went wrong with a node is in its node_run. */
	_cleanup_err_ struct err ignored = ERR_INIT;
	int r = fleet_each(f, see_node, ev, &ignored);

	for (size_t i = 0; r < 0 && i < ev->n; i++) {
		const struct err *why = &fleet_node(f, i)->err;

		if (why->code && !ev->nodes[i].connected)
			ev->nodes[i].refused = arena_strdup(&ev->nodes[i].arena, err_msg(why));
	}
	if (r != ERR_INTR)
		see_more(f, needs, ev);
}

int evidence_collect(struct fleet *f, unsigned needs, struct evidence *ret, struct err *err)
{
	const bool *cancel = fleet_options_of(f)->cancel;
	struct outside http = {.collect = collect_http, .ev = ret, .cancel = cancel};
	struct outside scan = {.collect = collect_scan, .ev = ret, .cancel = cancel};

	ret->cluster = fleet_cluster(f);
	ret->n = fleet_size(f);
	ret->now = clock_wall();
	ret->nodes = xcalloc(ret->n, sizeof(*ret->nodes));
	for (size_t i = 0; i < ret->n; i++)
		ret->nodes[i].node = fleet_node(f, i)->node;
	if (needs & NEED_HTTP)
		outside_start(&http);
	if (needs & NEED_SCAN)
		outside_start(&scan);
	if (needs & NEED_NODES)
		see_nodes(f, needs, ret);
	outside_wait(&http);
	outside_wait(&scan);
	if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
		return err_set(err, ERR_INTR, "interrupted");
	return 0;
}

void evidence_done(struct evidence *ev)
{
	for (size_t i = 0; i < ev->n; i++) {
		answer_done(&ev->nodes[i].answer);
		arena_done(&ev->nodes[i].arena);
		arena_done(&ev->nodes[i].tls.arena);
	}
	free(ev->nodes);
	arena_done(&ev->http_arena);
	arena_done(&ev->scan_arena);
	*ev = (struct evidence){0};
}
