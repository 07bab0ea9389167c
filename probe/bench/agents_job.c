/* Commands on a node: see agents.h.  Output is kept until its job reads it; one that prints far
 * more than is read is given up rather than let it hold up the others of its node. */
#include <assert.h>
#include <signal.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/bench/agents_impl.h"

enum {
	MAX_UNREAD = 32 * 1024 * 1024,
	MAX_LINE = 8 * 1024 * 1024, /* what is longer is cut */
	MAX_ERRORS = 8 * 1024,
	MAX_INPUT = AGENT_FRAME_MAX_START / 2,
};
#define DEADLINE    (60 * USEC_PER_SEC)
/* Beyond a job's deadline, for its end to come; and for one that was told to stop. */
#define END_MARGIN  (10 * USEC_PER_SEC)
#define STOP_WITHIN (5 * USEC_PER_SEC)
#define LONGEST     (24 * 3600 * USEC_PER_SEC)
/* Beyond its deadline, for its input to arrive and its end to come: a node that goes on printing
 * does not hold up svarm for longer. */
#define OVERTIME    (120 * USEC_PER_SEC)

/* ---- from the agent's thread, with its lock held ---- */

static struct agent_job *find(struct agent *g, unsigned long id)
{
	struct agent_job *j = g->jobs;

	while (j && j->id != id)
		j = j->next;
	return j;
}

static void ask_stop(struct agent_job *j)
{
	agent_frame_add(&j->agent->waiting, "stop", j->id, NULL, 0);
}

static void take_out(struct agent_job *j, const struct agent_frame *f)
{
	if (j->fault)
		return;
	if (j->out.len - j->taken + f->len > MAX_UNREAD) {
		j->fault = "it printed more than was read";
		ask_stop(j);
		return;
	}
	buf_add(&j->out, f->data, f->len);
}

void agent_job_frame(struct agent *g, const struct agent_frame *f)
{
	struct agent_job *j = find(g, f->id);

	/* Of one that was freed, or a word of a later version. */
	if (!j || j->ended)
		return;
	if (!strcmp(f->word, "out")) {
		take_out(j, f);
	} else if (!strcmp(f->word, "err")) {
		buf_add(&j->errors, f->data,
			MIN_OF(f->len, MAX_ERRORS - MIN_OF(j->errors.len, MAX_ERRORS)));
	} else if (!strcmp(f->word, "end")) {
		j->ended = true;
		j->status = agent_frame_status(f);
	}
	pthread_cond_broadcast(&g->changed);
}

void agent_jobs_lost(struct agent *g)
{
	for (struct agent_job *j = g->jobs; j; j = j->next)
		if (!j->ended && !j->fault)
			j->fault = "the node is gone";
}

/* ---- from the job's thread ---- */

static int over_error(const struct agent *g, struct err *err)
{
	int code = g->error.code == ERR_INTR ? ERR_INTR : -ECONNRESET;

	return err_set(err, code, "%s", err_msg(&g->error));
}

static int check_command(const struct agent_command *c, struct err *err)
{
	size_t args = 0;

	while (c->argv[args])
		args++;
	assert(args && args <= AGENT_FRAME_MAX_ARGS);
	if (c->input_len > MAX_INPUT)
		return err_set(err, -E2BIG, "an input of more than %d MiB", MAX_INPUT >> 20);
	if (c->container && !agent_frame_is_container(c->container))
		return err_set(err, -EINVAL, "'%s' is no container's id", c->container);
	return 0;
}

static void add_start(struct agent_job *j, const struct agent_command *c)
{
	struct agent_frame_start s = {
		.msec = MIN_OF(c->deadline ? c->deadline : DEADLINE, LONGEST) / USEC_PER_MSEC + 1,
		.container = c->container,
		.input = c->input,
		.input_len = c->input_len,
	};

	for (size_t i = 0; c->argv[i]; i++)
		s.argv[i] = c->argv[i];
	agent_frame_add_start(&j->agent->waiting, j->id, &s);
}

int agent_start(
	struct agent *g, const struct agent_command *c, struct agent_job **ret, struct err *err)
{
	struct agent_job *j;
	int r;

	r = check_command(c, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&g->lock);
	if (g->state != AGENT_RUNS) {
		r = over_error(g, err);
		pthread_mutex_unlock(&g->lock);
		return r;
	}
	j = xcalloc(1, sizeof(*j));
	j->agent = g;
	j->id = ++g->last_id;
	j->status = -1;
	j->until = clock_now() + MIN_OF(c->deadline ? c->deadline : DEADLINE, LONGEST) + OVERTIME;
	j->next = g->jobs;
	g->jobs = j;
	add_start(j, c);
	pthread_mutex_unlock(&g->lock);
	*ret = j;
	return 0;
}

static struct timespec time_at(usec_t at)
{
	return (struct timespec){(time_t)(at / USEC_PER_SEC), (long)(at % USEC_PER_SEC) * 1000};
}

/* Move the first line that is there to j->line.  1 or 0. */
static int take_line(struct agent_job *j)
{
	const char *start = buf_str(&j->out) + j->taken;
	size_t have = j->out.len - j->taken;
	const char *nl = have > j->searched ? memchr(start + j->searched, '\n', have - j->searched)
					    : NULL;
	size_t len = nl ? (size_t)(nl - start) : have;

	if (!nl && (!have || !(j->ended || j->fault))) {
		j->searched = have;
		return 0;
	}
	buf_clear(&j->line);
	buf_add(&j->line, start, MIN_OF(len, (size_t)MAX_LINE));
	j->taken += len + (nl != NULL);
	j->searched = 0;
	if (j->taken > j->out.len / 2) {
		buf_consume(&j->out, j->taken);
		j->taken = 0;
	}
	return 1;
}

/* Everything that came before its end was read: how did it end? */
static int no_more(const struct agent_job *j, struct err *err)
{
	if (j->agent->state == AGENT_OVER && !j->ended)
		return over_error(j->agent, err);
	return j->fault ? err_set(err, -E2BIG, "%s", j->fault) : 0;
}

int agent_job_line(struct agent_job *j, usec_t timeout, const char **ret_line, struct err *err)
{
	const usec_t now = clock_now();
	const struct timespec until = time_at(MIN_OF(now + timeout, MAX_OF(j->until, now)));
	struct agent *g = j->agent;
	bool late = false;
	int r;

	pthread_mutex_lock(&g->lock);
	while (!(r = take_line(j)) && !j->ended && !j->fault && !late)
		late = pthread_cond_timedwait(&g->changed, &g->lock, &until) == ETIMEDOUT;
	if (!j->ended && clock_now() >= j->until)
		r = err_set(err, -ETIMEDOUT, "it did not end when its time was over");
	else if (!r && !j->ended && !j->fault)
		r = err_set(
			err, -ETIMEDOUT, "nothing was printed for %.0f s", (double)timeout / 1e6);
	else if (!r)
		r = no_more(j, err);
	pthread_mutex_unlock(&g->lock);
	if (r > 0)
		*ret_line = buf_str(&j->line);
	return r;
}

static void unlink_job(struct agent_job *j)
{
	struct agent_job **p = &j->agent->jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
}

int agent_job_end(struct agent_job *j)
{
	struct timespec until = time_at(clock_now() + STOP_WITHIN);
	struct agent *g;
	int status;

	if (!j)
		return -1;
	g = j->agent;
	pthread_mutex_lock(&g->lock);
	if (!j->ended && g->state == AGENT_RUNS) {
		ask_stop(j);
		while (!j->ended && g->state == AGENT_RUNS)
			if (pthread_cond_timedwait(&g->changed, &g->lock, &until) == ETIMEDOUT)
				break;
	}
	unlink_job(j);
	pthread_mutex_unlock(&g->lock);
	status = j->status;
	buf_done(&j->out);
	buf_done(&j->errors);
	buf_done(&j->line);
	free(j);
	return status;
}

/* ---- whole runs ---- */

/* The end of a job whose lines have all been read, with its errors. */
static int ended(struct agent_job *j, struct buf *ret_errors)
{
	pthread_mutex_lock(&j->agent->lock);
	buf_add(ret_errors, buf_str(&j->errors), j->errors.len);
	pthread_mutex_unlock(&j->agent->lock);
	buf_rtrim(ret_errors);
	return agent_job_end(j);
}

static usec_t patience(const struct agent_command *c)
{
	return (c->deadline ? c->deadline : DEADLINE) + END_MARGIN;
}

static int failed(
	const struct agent_command *c, int status, const struct buf *errors, struct err *err)
{
	if (status == 128 + SIGKILL && !errors->len)
		return err_set(err, ERR_REMOTE, "'%s' was killed; its time was %.0f s", c->argv[0],
			(double)(c->deadline ? c->deadline : DEADLINE) / 1e6);
	return err_set(err, ERR_REMOTE, "'%s' ended with %d%s%.1000s", c->argv[0], status,
		errors->len ? ": " : "", buf_str(errors));
}

int agent_follow(struct agent *g, const struct agent_command *c,
	void (*say)(void *arg, const char *text), void *arg, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf last = BUF_INIT, errors = BUF_INIT;
	_cleanup_json_ json_t *object = NULL;
	struct agent_job *j;
	const char *line;
	int r, status;

	r = agent_start(g, c, &j, err);
	if (r < 0)
		return r;
	while ((r = agent_job_line(j, patience(c), &line, err)) > 0) {
		buf_clear(&last);
		buf_adds(&last, line);
		if (say && *line != '{')
			say(arg, line);
	}
	status = ended(j, &errors);
	if (r < 0)
		return r;
	if (status != 0 && status != 1)
		return failed(c, status, &errors, err);
	r = json_parse(buf_str(&last), last.len, MAX_LINE, &object, err);
	if (r < 0 || !json_is_object(object))
		return err_set(err, ERR_REMOTE, "'%s' printed no result: %.200s%s%.400s",
			c->argv[0], buf_str(&last), errors.len ? "; " : "", buf_str(&errors));
	*ret = TAKE_PTR(object);
	return 0;
}

int agent_run(struct agent *g, const struct agent_command *c, json_t **ret, struct err *err)
{
	return agent_follow(g, c, NULL, NULL, ret, err);
}

int agent_output(struct agent *g, const struct agent_command *c, size_t max, struct buf *out,
	struct err *err)
{
	_cleanup_buf_ struct buf errors = BUF_INIT;
	const size_t before = out->len;
	struct agent_job *j;
	const char *line;
	int r, status;

	r = agent_start(g, c, &j, err);
	if (r < 0)
		return r;
	while ((r = agent_job_line(j, patience(c), &line, err)) > 0) {
		size_t room = max - MIN_OF(out->len - before, max);
		size_t len = strlen(line);

		buf_add(out, line, MIN_OF(len, room));
		buf_add(out, "\n", len < room);
	}
	status = ended(j, &errors);
	return r < 0 || status == 0 ? r : failed(c, status, &errors, err);
}
