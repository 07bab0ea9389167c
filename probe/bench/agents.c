/*
 * The agents' connections: see agents.h.  Each has a thread that stays inside link_exec(): it sends
 * the program, then the frames that others left in a queue, and hands frames that come to the jobs.
 */
#include "probe/bench/agents.h"

#include <assert.h>
#include <sys/utsname.h>

#include "lib/base/xalloc.h"
#include "lib/node/template.h"
#include "probe/bench/agents_impl.h"
#include "probe/bench/program.h"

/* The agent gives up a svarm that was silent for a minute. */
#define SPEAK_EVERY  (10 * USEC_PER_SEC)
/* For the node to begin, once it has the program. */
#define START_WITHIN (30 * USEC_PER_SEC)
/* For a node to end what it runs when it was told to. */
#define END_WITHIN   (20 * USEC_PER_SEC)

struct agents {
	struct agent *list;
	size_t n;
};

/* ---- in the agent's thread: what goes to the node ---- */

/* The length a gzip file has when unpacked is in its last four bytes. */
static unsigned long unpacked_size(const char *packed, size_t len)
{
	unsigned long size = 0;

	for (size_t i = 1; i <= 4; i++)
		size = size << 8 | (unsigned char)packed[len - i];
	return size;
}

static void add_head(struct buf *out)
{
	struct utsname machine;
	size_t len;
	const char *packed = program_packed(&len);

	uname(&machine);
	buf_addf(out, "%s %lu %zu\n", machine.machine, unpacked_size(packed, len), len);
}

/* Frames that wait, or now and then a sign of life. */
static enum link_input give_frames(struct agent *g, struct err *err)
{
	enum link_input r = LINK_INPUT_WAIT;
	struct buf empty;
	usec_t now = clock_now();

	buf_wipe(&g->sending); /* inputs may be secrets */
	pthread_mutex_lock(&g->lock);
	if (g->state == AGENT_STARTING && now - g->spoke >= START_WITHIN) {
		err_set(err, -ETIMEDOUT, "svarm-probe did not start within %.0f s",
			(double)START_WITHIN / 1e6);
		r = LINK_INPUT_ABORT;
	} else if (g->state == AGENT_STARTING) {
		r = g->closing ? LINK_INPUT_EOF : LINK_INPUT_WAIT;
	} else if (g->waiting.len || now - g->spoke >= SPEAK_EVERY) {
		if (now - g->spoke >= SPEAK_EVERY)
			agent_frame_add(&g->waiting, "alive", 0, NULL, 0);
		empty = g->sending;
		g->sending = g->waiting;
		g->waiting = empty;
		g->spoke = now;
		r = LINK_INPUT_DATA;
	} else if (g->closing) {
		r = LINK_INPUT_EOF;
	}
	pthread_mutex_unlock(&g->lock);
	return r;
}

static enum link_input give_input(void *arg, const char **data, size_t *len, struct err *err)
{
	struct agent *g = arg;
	enum link_input r = LINK_INPUT_DATA;

	switch (g->sent) {
	case SEND_HEAD:
		add_head(&g->sending);
		g->sent = SEND_PROGRAM;
		break;
	case SEND_PROGRAM:
		*data = program_packed(len);
		g->sent = SEND_FRAMES;
		g->spoke = clock_now();
		return LINK_INPUT_DATA;
	default: r = give_frames(g, err); break;
	}
	*data = buf_str(&g->sending);
	*len = g->sending.len;
	return r;
}

/* ---- and what comes from it ---- */

static int take_frame(struct agent *g, const struct agent_frame *f, struct err *err)
{
	if (g->state != AGENT_STARTING) {
		agent_job_frame(g, f);
	} else if (!strcmp(f->word, "hello")) {
		g->state = AGENT_RUNS;
		pthread_cond_broadcast(&g->changed);
	} else {
		return err_set(err, -EBADMSG, "what came is no greeting");
	}
	return 0;
}

static int take_output(void *arg, const char *data, size_t len, struct err *err)
{
	struct agent *g = arg;
	struct agent_frame f;
	int r;

	agent_frame_feed(&g->in, data, len);
	pthread_mutex_lock(&g->lock);
	while ((r = agent_frame_next(&g->in, &f, err)) > 0) {
		r = take_frame(g, &f, err);
		if (r < 0)
			break;
	}
	/* Who goes on talking is never silent for the link's timeout. */
	if (r >= 0 && g->closing && clock_now() - g->closed >= END_WITHIN)
		r = err_set(err, -ETIMEDOUT, "svarm-probe did not end");
	pthread_mutex_unlock(&g->lock);
	return r;
}

static bool is_closing(struct agent *g)
{
	bool closing;

	pthread_mutex_lock(&g->lock);
	closing = g->closing;
	pthread_mutex_unlock(&g->lock);
	return closing;
}

static int talk(struct agent *g, struct err *err)
{
	_cleanup_(link_result_done) struct link_result result = {0};
	_cleanup_buf_ struct buf script = BUF_INIT;
	struct link_exec exec = {
		.input = give_input,
		.output = take_output,
		.arg = g,
		.idle_timeout = END_WITHIN,
		.cancel = g->cancel,
	};
	int r;

	r = template_text("agent.sh", &script, err);
	if (r < 0)
		return r;
	exec.script = buf_str(&script);
	r = link_exec(g->link, &exec, &result, err);
	if (r < 0)
		return r;
	buf_rtrim(&result.err);
	if (result.status || !is_closing(g))
		return err_set(err, ERR_REMOTE, "svarm-probe ended (exit %d)%s%.400s",
			result.status, result.err.len ? ": " : "", buf_str(&result.err));
	return err_set(err, -ECONNRESET, "it was closed");
}

static void *agent_main(void *arg)
{
	struct agent *g = arg;
	_cleanup_err_ struct err err = ERR_INIT;

	(void)talk(g, &err);
	pthread_mutex_lock(&g->lock);
	err_move(&g->error, &err);
	g->state = AGENT_OVER;
	agent_jobs_lost(g);
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* ---- for the others ---- */

static void agent_init(struct agent *g, struct node_run *nr, const bool *cancel)
{
	pthread_condattr_t attr;

	g->node = nr->node;
	g->link = nr->link;
	g->cancel = cancel;
	g->in.max = AGENT_FRAME_MAX_OUTPUT;
	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (!g->link) {
		err_set(&g->error, -ECONNRESET, "not connected%s%s", nr->err.code ? ": " : "",
			err_msg(&nr->err));
		return;
	}
	g->state = AGENT_STARTING;
	if (pthread_create(&g->thread, NULL, agent_main, g))
		abort();
	g->has_thread = true;
}

/* Until it runs or is over; what ends it early is the link's matter. */
static void agent_await(struct agent *g)
{
	pthread_mutex_lock(&g->lock);
	while (g->state == AGENT_STARTING)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

int agents_open(struct fleet *f, const bool *cancel, struct agents **ret, struct err *err)
{
	struct agents *a = xcalloc(1, sizeof(*a));

	a->n = fleet_size(f);
	a->list = xcalloc(a->n, sizeof(*a->list));
	for (size_t i = 0; i < a->n; i++)
		agent_init(&a->list[i], fleet_node(f, i), cancel);
	for (size_t i = 0; i < a->n; i++)
		agent_await(&a->list[i]);
	if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)) {
		agents_close(a);
		return err_set(err, ERR_INTR, "interrupted");
	}
	*ret = a;
	return 0;
}

static void agent_done(struct agent *g)
{
	assert(!g->jobs);
	if (g->has_thread)
		pthread_join(g->thread, NULL);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	err_done(&g->error);
	buf_wipe(&g->waiting);
	buf_wipe(&g->sending);
	agent_frame_reader_done(&g->in);
}

void agents_close(struct agents *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		pthread_mutex_lock(&a->list[i].lock);
		a->list[i].closing = true;
		a->list[i].closed = clock_now();
		pthread_mutex_unlock(&a->list[i].lock);
	}
	for (size_t i = 0; i < a->n; i++)
		agent_done(&a->list[i]);
	free(a->list);
	free(a);
}

struct agent *agents_at(struct agents *a, size_t i)
{
	assert(i < a->n);
	return &a->list[i];
}

const struct spec_node *agent_node(const struct agent *g)
{
	return g->node;
}

const char *agent_error(const struct agent *g)
{
	struct agent *locked = (struct agent *)g;
	const char *why;

	pthread_mutex_lock(&locked->lock);
	why = g->state == AGENT_RUNS ? NULL : err_msg(&g->error);
	pthread_mutex_unlock(&locked->lock);
	return why;
}
