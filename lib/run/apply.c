/*
 * Carry out a node's changes: one exec of the compiled script.  What the steps need goes in as
 * frames, in step with what the script reads; how far it is comes back as marker lines ("@start
 * 3"). Waiting for another node is a frame that is not sent yet.  This is the only place that
 * writes to a node, and it refuses when the run only plans.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/quote.h"
#include "lib/node/script.h"
#include "lib/run/explain.h"
#include "lib/run/fleet_impl.h"

enum { CHUNK = 128 * 1024, MAX_LINE = 16 * 1024, MAX_OUTPUT = 1024 * 1024 };

/* The longest that another node can reasonably take: a slow apt and a slow upload. */
#define MAX_WAIT (30 * 60 * USEC_PER_SEC)
/* What is no step with a limit of its own: the settling at the end, the pause between two steps. */
#define MAX_REST (10 * 60 * USEC_PER_SEC)

struct apply {
	struct node_run *nr;
	struct script script;
	size_t frame; /* the one being sent */
	bool in_body; /* its length has been sent */
	char header[32];
	int fd;        /* FRAME_FILE being sent */
	uint64_t left; /* bytes of it */
	char *chunk;
	bool told_waiting;
	usec_t waiting_since; /* 0: not waiting */
	struct buf line;      /* output up to the next newline */
	struct buf log;       /* what the failed step said */
	struct explain *why;  /* services that do not run */
	size_t step;          /* running, counted from 1; 0: none */
	usec_t step_started;  /* or when the one before ended */
	size_t received;
	size_t failed; /* step that failed, and its exit status */
	int failed_status;
	bool ended;
};

static void emit_step(struct apply *a, enum event_kind kind, size_t step, const char *error)
{
	const struct change_set *set = &a->nr->changes;
	struct event e = {
		.kind = kind,
		.node = a->nr->node->name,
		.node_index = a->nr->node->index,
		.step = step,
		.total = set->n_steps,
		.text = script_step_title(set, step),
		.error = error,
		.seconds = (double)(clock_now() - a->step_started) / 1e6,
	};

	events_emit(a->nr->fleet->options.events, &e);
}

/* ---- input ---- */

static enum link_input give(const char **data, size_t *len, const char *text, size_t n)
{
	*data = text;
	*len = n;
	return LINK_INPUT_DATA;
}

static enum link_input give_header(struct apply *a, uint64_t body, const char **data, size_t *len)
{
	a->in_body = true;
	snprintf(a->header, sizeof(a->header), "%llu\n", (unsigned long long)body);
	return give(data, len, a->header, strlen(a->header));
}

static void next_frame(struct apply *a)
{
	if (a->waiting_since && !a->step)
		a->step_started = clock_now(); /* waiting is nobody's time */
	a->frame++;
	a->in_body = false;
	a->told_waiting = false;
	a->waiting_since = 0;
}

static enum link_input open_file(
	struct apply *a, const char *path, const char **data, size_t *len, struct err *err)
{
	struct stat st;

	a->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (a->fd < 0 || fstat(a->fd, &st) < 0) {
		err_errno(err, -errno, "unable to open '%s'", path);
		return LINK_INPUT_ABORT;
	}
	a->left = (uint64_t)st.st_size;
	return give_header(a, a->left, data, len);
}

static enum link_input read_file(
	struct apply *a, const char *path, const char **data, size_t *len, struct err *err)
{
	ssize_t n = read(a->fd, a->chunk, (size_t)MIN_OF(a->left, (uint64_t)CHUNK));

	if (n <= 0) {
		err_set(err, n < 0 ? -errno : -EIO, "'%s' changed or failed while it was read",
			path);
		return LINK_INPUT_ABORT;
	}
	a->left -= (uint64_t)n;
	if (!a->left) {
		close(TAKE_FD(a->fd));
		next_frame(a);
	}
	return give(data, len, a->chunk, (size_t)n);
}

static void tell_waiting(struct apply *a, const char *promise)
{
	if (a->told_waiting || a->step)
		return;
	a->told_waiting = true;
	if (!strcmp(promise, PROMISE_LOCK))
		events_state(
			a->nr->fleet->options.events, a->nr->node->index, "waiting for the lock");
	else if (!strcmp(promise, PROMISE_ALL_DONE))
		events_state(a->nr->fleet->options.events, a->nr->node->index,
			"waiting for the other nodes");
	else if (!strncmp(promise, "token.", 6))
		events_state(a->nr->fleet->options.events, a->nr->node->index,
			"waiting for %s's swarm", cluster_leader(a->nr->fleet->cluster)->name);
	else
		events_state(
			a->nr->fleet->options.events, a->nr->node->index, "waiting: %s", promise);
}

static enum link_input wait_for(struct apply *a, const char *promise, struct err *err)
{
	usec_t now = clock_now();

	if (!a->waiting_since)
		a->waiting_since = now;
	if (now - a->waiting_since > MAX_WAIT) {
		err_set(err, -ETIMEDOUT, "waited %llu minutes in vain for '%s'",
			(unsigned long long)(MAX_WAIT / USEC_PER_SEC / 60), promise);
		return LINK_INPUT_ABORT;
	}
	tell_waiting(a, promise);
	return LINK_INPUT_WAIT;
}

static enum link_input give_promise(
	struct apply *a, const char *name, const char **data, size_t *len, struct err *err)
{
	const char *value = NULL;
	size_t n = 0;

	switch (promise_poll(a->nr->fleet->promises, name, &value, &n, err)) {
	case PROMISE_PENDING: return wait_for(a, name, err);
	case PROMISE_BROKEN: err_wrap(err, "waiting for '%s'", name); return LINK_INPUT_ABORT;
	case PROMISE_KEPT: break;
	}
	if (!a->in_body && n)
		return give_header(a, n, data, len);
	next_frame(a);
	return n ? give(data, len, value, n) : give(data, len, "0\n", 2);
}

static enum link_input on_input(void *arg, const char **data, size_t *len, struct err *err)
{
	struct apply *a = arg;
	const struct frame *f;

	if (a->frame >= a->script.n_frames)
		return LINK_INPUT_EOF;
	f = a->script.frames[a->frame];
	if (f->from == FRAME_PROMISE)
		return give_promise(a, f->data, data, len, err);
	if (f->from == FRAME_FILE)
		return a->in_body ? read_file(a, f->data, data, len, err)
				  : open_file(a, f->data, data, len, err);
	if (!a->in_body)
		return give_header(a, f->len, data, len);
	next_frame(a);
	return give(data, len, f->data, f->len);
}

/* ---- output ---- */

static bool is_token(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-')
			return false;
	return len;
}

/* The id of a swarm node, as swarm makes them: 25 of a-z and 0-9. */
static bool is_node_id(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]))
			return false;
	return len > 0 && len <= 64;
}

/* What the leader alone can say.  Any other name is one that it may not speak for. */
static void on_out_of_leader(struct apply *a, const char *name, const char *value, size_t len)
{
	struct promises *p = a->nr->fleet->promises;

	if (!strcmp(name, PROMISE_LOCK) || !strcmp(name, "emptied"))
		promise_keep(p, name, NULL, 0);
	if (strcmp(name, "token.worker") && strcmp(name, "token.manager"))
		return;
	if (is_token(value, len))
		promise_keep(p, name, value, len);
	else
		promise_break(p, name, "the leader's answer holds no join token");
}

/* "@out NAME [BASE64]": this node keeps a promise. */
static void on_out(struct apply *a, char *rest)
{
	_cleanup_(buf_wipe) struct buf value = BUF_INIT;
	char *name = strsep(&rest, " ");
	char promise[300];

	if (rest && !base64_decode(rest, &value))
		return;
	if (!strcmp(name, "joined") || !strcmp(name, "ready")) {
		snprintf(promise, sizeof(promise), "%s.%s", name, a->nr->node->name);
		promise_keep(a->nr->fleet->promises, promise, buf_str(&value),
			is_node_id(buf_str(&value), value.len) ? value.len : 0);
	} else if (fleet_is_leader(a->nr)) {
		on_out_of_leader(a, name, buf_str(&value), value.len);
	}
	if (rest)
		explicit_bzero(rest, strlen(rest));
}

/* The number of a step the script has: those of the changes, and the settling behind them. */
static int read_step(const struct apply *a, const char *text, size_t *ret, struct err *err)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (n < 1 || n > a->nr->changes.n_steps + 1)
		return err_set(err, -EBADMSG,
			"the node tells of step %.20s, which the script does not have", text);
	*ret = n;
	return 0;
}

static int on_started(struct apply *a, const char *rest, struct err *err)
{
	int r = read_step(a, rest, &a->step, err);

	if (r < 0)
		return r;
	a->step_started = clock_now();
	emit_step(a, EVENT_STEP_STARTED, a->step, NULL);
	return 0;
}

static int on_finished(struct apply *a, const char *rest, struct err *err)
{
	size_t step = 0;
	int r = read_step(a, rest, &step, err);

	if (r < 0)
		return r;
	emit_step(a, EVENT_STEP_DONE, step, NULL);
	a->nr->steps_done++;
	a->step = 0;
	a->step_started = clock_now();
	return 0;
}

/* A node that only says that it is alive must not keep a run from ending. */
static int check_time(struct apply *a, struct err *err)
{
	const struct change_set *set = &a->nr->changes;
	usec_t limit = MAX_REST;

	if (!a->step && a->waiting_since)
		return 0;
	if (a->step >= 1 && a->step <= set->n_steps)
		limit = set->steps[a->step - 1].timeout;
	if (!limit || clock_now() - a->step_started <= limit)
		return 0;
	return err_set(err, -ETIMEDOUT, "%s%s%s took longer than %llu s", a->step ? "step '" : "",
		a->step ? script_step_title(set, a->step) : "what the node does between two steps",
		a->step ? "'" : "", (unsigned long long)(limit / USEC_PER_SEC));
}

static int on_marker(struct apply *a, char *text, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	char *rest = text, *word = strsep(&rest, " ");

	if (!rest)
		rest = text + strlen(text);
	if (!strcmp(word, "out")) {
		on_out(a, rest);
		return 0;
	}
	if (explain_take(a->why, word, rest))
		return 0;
	escape_text(&shown, rest, MIN_OF(strlen(rest), 500), false);
	if (!strcmp(word, "start"))
		return on_started(a, buf_str(&shown), err);
	if (!strcmp(word, "finish"))
		return on_finished(a, buf_str(&shown), err);
	if (!strcmp(word, "fail"))
		sscanf(rest, "%zu %d", &a->failed, &a->failed_status);
	else if (!strcmp(word, "log") && a->log.len < 8192)
		buf_addf(&a->log, "\n    %s", buf_str(&shown));
	else if (!strcmp(word, "note"))
		events_notice(
			a->nr->fleet->options.events, a->nr->node->index, "%s", buf_str(&shown));
	else if (!strcmp(word, "locked"))
		return err_set(err, ERR_LOCKED,
			"another run holds the lock: %s; wait for it to end", buf_str(&shown));
	else if (!strcmp(word, "end"))
		a->ended = true;
	return 0;
}

static int on_output(void *arg, const char *data, size_t len, struct err *err)
{
	struct apply *a = arg;
	char *newline;
	int r = 0;

	a->received += len;
	if (a->received > MAX_OUTPUT)
		return err_set(err, -EMSGSIZE, "the node wrote more than %d bytes", MAX_OUTPUT);
	buf_add(&a->line, data, len);
	while (r >= 0 && (newline = memchr(buf_str(&a->line), '\n', a->line.len))) {
		*newline = '\0';
		if (a->line.data[0] == '@')
			r = on_marker(a, a->line.data + 1, err);
		buf_consume(&a->line, (size_t)(newline - a->line.data) + 1);
	}
	if (r >= 0 && a->line.len > MAX_LINE)
		r = err_set(err, -EMSGSIZE, "the node's answer has a line over %d bytes", MAX_LINE);
	return r < 0 ? r : check_time(a, err);
}

/* ---- the whole ---- */

static int step_failed(struct apply *a, struct err *err)
{
	_cleanup_buf_ struct buf why = BUF_INIT;

	explain_print(a->why, &why);
	return err_set(err, ERR_REMOTE, "step '%s' failed (exit %d):%s%s",
		script_step_title(&a->nr->changes, a->failed), a->failed_status,
		a->log.len ? buf_str(&a->log) : " it said nothing", buf_str(&why));
}

/* What the outcome of the exec means. */
static int judge(struct apply *a, int r, const struct link_result *result, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t skip = result->err.len > 600 ? result->err.len - 600 : 0;

	if (a->failed)
		r = step_failed(a, err);
	else if (r >= 0 && !a->ended) {
		escape_text(&text, buf_str(&result->err) + skip, result->err.len - skip, false);
		r = err_set(err, ERR_REMOTE, "the apply script ended early (exit %d): %s",
			result->status, buf_str(&text));
	}
	if (r < 0 && a->step)
		emit_step(a, EVENT_STEP_FAILED, a->step, err_msg(err));
	return r;
}

static int run_script(struct apply *a, struct err *err)
{
	_cleanup_(link_result_done) struct link_result result = {0};
	struct link_exec exec = {
		.script = buf_str(&a->script.text),
		.input = on_input,
		.output = on_output,
		.arg = a,
		.idle_timeout = 60 * USEC_PER_SEC, /* the script says something every 5 s */
		.cancel = a->nr->fleet->options.cancel,
	};
	int r = link_exec(a->nr->link, &exec, &result, err);

	return judge(a, r, &result, err);
}

int node_apply(struct node_run *nr, struct err *err)
{
	struct script_role role = {
		.leader = fleet_is_leader(nr),
		.swarm_exists = nr->facts.swarm == SWARM_ACTIVE,
		.settle = nr->fleet->settle,
		.owner = nr->fleet->options.owner,
	};
	struct apply a = {.nr = nr, .fd = -1, .step_started = clock_now(), .why = explain_new()};
	int r;

	if (!nr->fleet->apply) {
		explain_free(a.why);
		return err_set(err, -EROFS, "this run only plans: nothing may be written");
	}
	a.chunk = arena_alloc(&nr->arena, CHUNK);
	r = script_compile(&nr->changes, &role, &nr->arena, &a.script, err);
	if (r >= 0)
		r = run_script(&a, err);
	if (a.fd >= 0)
		close(a.fd);
	buf_wipe(&a.line);
	buf_done(&a.log);
	explain_free(a.why);
	script_done(&a.script);
	return r;
}
