/*
 * Events as plain lines, for logs and CI: one line per event worth reading, no escape codes,
 * nothing ever rewritten.  A step that takes long gives a sign of life now and then, so that a CI
 * system does not take the job for dead.
 */
#include "lib/run/report.h"

#include <assert.h>

#include "lib/base/xalloc.h"

enum { ALIVE_SEC = 30 };

struct plain_node {
	char *name;
	char *title;        /* of the step under way or what else the node does, or NULL */
	usec_t started;     /* of that */
	usec_t said;        /* when it last gave a sign */
	bool nothing_to_do; /* planned, and no step came out */
};

struct plain {
	struct reporter reporter;
	FILE *f; /* borrowed */
	int verbosity;
	struct plain_node *nodes;
	size_t n_nodes;
};

static struct plain_node *node_of(struct plain *p, const struct event *e)
{
	struct plain_node *n;

	while (p->n_nodes <= e->node_index) {
		p->nodes = xreallocarray(p->nodes, p->n_nodes + 1, sizeof(*p->nodes));
		p->nodes[p->n_nodes++] = (struct plain_node){0};
	}
	n = &p->nodes[e->node_index];
	if (!n->name)
		n->name = xstrdup(e->node);
	return n;
}

static void set(char **where, const char *value)
{
	free(*where);
	*where = value ? xstrdup(value) : NULL;
}

/* Write an event's lines at once, each later line of @text indented. */
static void say(struct plain *p, const char *node, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (node)
		buf_addf(&out, "%s: ", node);
	for (const char *s = text; *s; s++) {
		buf_addc(&out, *s);
		if (*s == '\n' && s[1] && s[1] != '\n')
			buf_adds(&out, "    ");
	}
	if (!out.len || out.data[out.len - 1] != '\n')
		buf_addc(&out, '\n');
	fwrite(out.data, 1, out.len, p->f);
	fflush(p->f);
}

/* "TITLE … WORD (1.5s)", then the error when there is one. */
static void say_step(struct plain *p, const char *node, const char *title, const char *word,
	double seconds, const char *error)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (title)
		buf_addf(&line, "%s … ", title);
	buf_adds(&line, word);
	buf_adds(&line, " (");
	clock_format(&line, (usec_t)(seconds * 1e6));
	buf_adds(&line, ")");
	if (error)
		buf_addf(&line, "\n%s", error);
	say(p, node, buf_str(&line));
}

static void node_planned(struct plain *p, struct plain_node *n, const struct event *e)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	n->nothing_to_do = e->total == 0;
	if (!e->total || p->verbosity < VERBOSITY_NORMAL)
		return;
	buf_addf(&line, "%zu step%s", e->total, e->total == 1 ? "" : "s");
	say(p, e->node, buf_str(&line));
}

static void node_state(struct plain *p, struct plain_node *n, const struct event *e)
{
	set(&n->title, e->text);
	n->started = n->said = clock_now();
	if (p->verbosity >= VERBOSITY_MORE)
		say(p, e->node, e->text);
}

static void step_started(struct plain *p, struct plain_node *n, const struct event *e)
{
	set(&n->title, e->text);
	n->started = n->said = clock_now();
	if (p->verbosity >= VERBOSITY_MORE) {
		_cleanup_buf_ struct buf line = BUF_INIT;

		buf_addf(&line, "%s …", e->text);
		say(p, e->node, buf_str(&line));
	}
}

static void step_ended(struct plain *p, struct plain_node *n, const struct event *e)
{
	bool failed = e->kind == EVENT_STEP_FAILED;

	set(&n->title, NULL);
	/* The error follows at once, with the node's end. */
	if (failed || p->verbosity >= VERBOSITY_NORMAL)
		say_step(p, e->node, e->text, failed ? "failed" : "done", e->seconds, NULL);
}

static void node_done(struct plain *p, struct plain_node *n, const struct event *e)
{
	set(&n->title, NULL);
	if (e->error)
		say_step(p, e->node, NULL, "failed", e->seconds, e->error);
	else if (p->verbosity >= VERBOSITY_NORMAL)
		say_step(p, e->node, NULL,
			e->text            ? e->text
			: n->nothing_to_do ? "nothing to do"
					   : "done",
			e->seconds, NULL);
}

static void plain_event(struct reporter *r, const struct event *e)
{
	struct plain *p = (struct plain *)r;
	struct plain_node *n = e->node ? node_of(p, e) : NULL;

	assert(n || e->kind == EVENT_RUN_STARTED || e->kind == EVENT_RUN_FINISHED ||
		e->kind == EVENT_NOTICE || e->kind == EVENT_PROGRESS);
	switch (e->kind) {
	case EVENT_RUN_STARTED:
		if (e->text && p->verbosity >= VERBOSITY_NORMAL)
			say(p, NULL, e->text);
		break;
	case EVENT_RUN_FINISHED: break; /* the caller has the last word */
	case EVENT_NODE_STATE: node_state(p, n, e); break;
	case EVENT_NODE_PLANNED: node_planned(p, n, e); break;
	case EVENT_STEP_STARTED: step_started(p, n, e); break;
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED: step_ended(p, n, e); break;
	case EVENT_NODE_DONE: node_done(p, n, e); break;
	case EVENT_PROGRESS:
	case EVENT_NOTICE:
		if (p->verbosity >= VERBOSITY_NORMAL)
			say(p, e->node, e->text);
		break;
	}
}

static void plain_tick(struct reporter *r)
{
	struct plain *p = (struct plain *)r;
	usec_t now = clock_now();

	if (p->verbosity < VERBOSITY_NORMAL)
		return;
	for (size_t i = 0; i < p->n_nodes; i++) {
		struct plain_node *n = &p->nodes[i];

		if (!n->title || now - n->said < ALIVE_SEC * USEC_PER_SEC)
			continue;
		n->said = now;
		say_step(p, n->name, n->title, "still at it",
			(double)(now - n->started) / (double)USEC_PER_SEC, NULL);
	}
}

static void plain_close(struct reporter *r)
{
	struct plain *p = (struct plain *)r;

	for (size_t i = 0; i < p->n_nodes; i++) {
		free(p->nodes[i].name);
		free(p->nodes[i].title);
	}
	free(p->nodes);
	free(p);
}

struct reporter *reporter_plain(FILE *f, int verbosity)
{
	struct plain *p = xcalloc(1, sizeof(*p));

	p->reporter = (struct reporter){
		.event = plain_event, .tick = plain_tick, .close = plain_close};
	p->f = f;
	p->verbosity = verbosity;
	return &p->reporter;
}
