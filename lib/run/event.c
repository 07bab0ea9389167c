/*
 * The stream of events between the threads that work on nodes and the reporters that show it: see
 * event.h.  One lock keeps reporters to one call at a time; a ticker thread gives those that move
 * (spinner, elapsed time) a pulse while a run lasts.
 */
#include "lib/run/event.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

enum { TICK_MSEC = 100 };

struct events {
	const char *const *node_names; /* borrowed */
	size_t n_nodes;
	pthread_mutex_t lock; /* guards everything below */
	pthread_cond_t wake;  /* running or stopping changed */
	struct reporter **reporters;
	size_t n_reporters, cap_reporters;
	bool running;  /* between EVENT_RUN_STARTED and EVENT_RUN_FINISHED */
	bool stopping; /* the ticker shall end */
	bool has_ticker;
	pthread_t ticker;
};

struct events *events_new(const char *const *node_names, size_t n_nodes)
{
	struct events *ev = xcalloc(1, sizeof(*ev));
	pthread_condattr_t attr;

	ev->node_names = node_names;
	ev->n_nodes = n_nodes;
	pthread_mutex_init(&ev->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ev->wake, &attr);
	pthread_condattr_destroy(&attr);
	return ev;
}

/* Wait for the next tick, or for @ev->stopping.  Called with the lock held. */
static void wait_tick(struct events *ev)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += TICK_MSEC * 1000000L;
	at.tv_sec += at.tv_nsec / 1000000000L;
	at.tv_nsec %= 1000000000L;
	while (!ev->stopping)
		if (pthread_cond_timedwait(&ev->wake, &ev->lock, &at) == ETIMEDOUT)
			return;
}

static void *ticker_main(void *arg)
{
	struct events *ev = arg;

	pthread_mutex_lock(&ev->lock);
	while (!ev->stopping) {
		if (!ev->running) {
			pthread_cond_wait(&ev->wake, &ev->lock);
			continue;
		}
		wait_tick(ev);
		for (size_t i = 0; ev->running && !ev->stopping && i < ev->n_reporters; i++)
			if (ev->reporters[i]->tick)
				ev->reporters[i]->tick(ev->reporters[i]);
	}
	pthread_mutex_unlock(&ev->lock);
	return NULL;
}

/* Without a ticker (no thread to be had) reporters still see every event: not worth an error. */
static void ticker_start(struct events *ev)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ev->has_ticker = pthread_create(&ev->ticker, NULL, ticker_main, ev) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void events_add_reporter(struct events *ev, struct reporter *r)
{
	pthread_mutex_lock(&ev->lock);
	xgrow(ev->reporters, ev->n_reporters, ev->cap_reporters);
	ev->reporters[ev->n_reporters++] = r;
	if (r->tick && !ev->has_ticker)
		ticker_start(ev);
	pthread_mutex_unlock(&ev->lock);
}

/* Texts may quote a node: nothing in them may act on a terminal. */
static const char *harmless(struct buf *out, const char *text)
{
	if (!text)
		return NULL;
	escape_text(out, text, strlen(text), true);
	return buf_str(out);
}

void events_emit(struct events *ev, const struct event *raw)
{
	_cleanup_buf_ struct buf text = BUF_INIT, error = BUF_INIT;
	struct event shown = *raw;
	const struct event *e = &shown;

	shown.text = harmless(&text, raw->text);
	shown.error = harmless(&error, raw->error);
	pthread_mutex_lock(&ev->lock);
	if (e->kind == EVENT_RUN_STARTED || e->kind == EVENT_RUN_FINISHED) {
		ev->running = e->kind == EVENT_RUN_STARTED;
		pthread_cond_signal(&ev->wake);
	}
	for (size_t i = 0; i < ev->n_reporters; i++)
		ev->reporters[i]->event(ev->reporters[i], e);
	pthread_mutex_unlock(&ev->lock);
}

static void _printf_(4, 0)
	emit_text(struct events *ev, enum event_kind kind, size_t node, const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = xvasprintf(fmt, ap);
	struct event e = {.kind = kind, .node_index = node, .text = text};

	assert(node < ev->n_nodes);
	e.node = ev->node_names[node];
	events_emit(ev, &e);
}

void events_state(struct events *ev, size_t node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(ev, EVENT_NODE_STATE, node, fmt, ap);
	va_end(ap);
}

void events_notice(struct events *ev, size_t node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(ev, EVENT_NOTICE, node, fmt, ap);
	va_end(ap);
}

void events_free(struct events *ev)
{
	if (!ev)
		return;
	pthread_mutex_lock(&ev->lock);
	ev->stopping = true;
	pthread_cond_signal(&ev->wake);
	pthread_mutex_unlock(&ev->lock);
	if (ev->has_ticker)
		pthread_join(ev->ticker, NULL);
	for (size_t i = 0; i < ev->n_reporters; i++)
		ev->reporters[i]->close(ev->reporters[i]);
	free(ev->reporters);
	pthread_cond_destroy(&ev->wake);
	pthread_mutex_destroy(&ev->lock);
	free(ev);
}
