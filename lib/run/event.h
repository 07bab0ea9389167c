/*
 * What happens during a run, as a stream of events.  Node threads emit; reporters (live terminal,
 * plain lines, JSON lines) listen.  Results never travel this way: a reporter can be absent.
 *
 * events_emit() may be called from any thread; reporters are called one at a time under a lock and
 * must not keep the event or its strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/macro.h"

enum event_kind {
	EVENT_RUN_STARTED,  /* text: command and cluster; total: number of nodes */
	EVENT_NODE_STATE,   /* text: what the node is doing: "connecting", "reading facts",
			       "waiting for lab-1's swarm", "nothing to do", "done" */
	EVENT_NODE_PLANNED, /* total: number of steps it will carry out */
	EVENT_STEP_STARTED, /* step, text: title */
	EVENT_STEP_DONE,    /* step, text: title, seconds */
	EVENT_STEP_FAILED,  /* step, text: title, seconds, error */
	EVENT_NODE_DONE,    /* seconds; error: NULL, or why the node failed */
	EVENT_PROGRESS,     /* text: how far something long has got, about once a second */
	EVENT_NOTICE,       /* text: something to know, "waiting for the dpkg lock held by …" */
	EVENT_RUN_FINISHED, /* seconds; text: one line of summary; error: NULL when all is well */
};

struct event {
	enum event_kind kind;
	const char *node; /* NULL for the run itself */
	size_t node_index;
	size_t step, total; /* steps count from 1 */
	const char *text;   /* already escaped for a terminal */
	const char *error;  /* already escaped; may have several lines */
	double seconds;
};

struct reporter {
	void (*event)(struct reporter *r, const struct event *e);
	/* Called by a ticker about ten times a second while the run lasts; may be NULL. */
	void (*tick)(struct reporter *r);
	void (*close)(struct reporter *r); /* flushes and frees */
};

struct events;

/* @node_names: borrowed until events_free(). */
struct events *events_new(const char *const *node_names, size_t n_nodes);
/* Owned by @ev afterwards. */
void events_add_reporter(struct events *ev, struct reporter *r);
void events_emit(struct events *ev, const struct event *e);
/* Shorthand for EVENT_NODE_STATE and EVENT_NOTICE. */
void events_state(struct events *ev, size_t node, const char *fmt, ...) _printf_(3, 4);
void events_notice(struct events *ev, size_t node, const char *fmt, ...) _printf_(3, 4);
/* Stops the ticker, closes the reporters. NULL-safe. */
void events_free(struct events *ev);
