/* Follow Docker and keep nginx up to date: see watch.h. */
#include "faas/gateway/watch.h"

#include <pthread.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/planetext.h"
#include "faas/gateway/ready.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

static const usec_t FAST = 250 * USEC_PER_MSEC;    /* between looks while things move */
static const usec_t HURRIED = 25 * USEC_PER_MSEC;  /* ... and while a caller waits */
static const usec_t DEBOUNCE = 20 * USEC_PER_MSEC; /* between an event and the look */
static const usec_t AFTER_EVENT = 5 * USEC_PER_SEC;
static const usec_t GIVE_UP_FAST = 120 * USEC_PER_SEC; /* something never converges */
static const usec_t STALE = 30 * USEC_PER_SEC;
static const usec_t STARTING = 2 * USEC_PER_SEC; /* nginx may take that long to listen */
enum {
	PROBE_MS = 15,         /* new tasks, between glances at the rest of the world */
	FIRST_PROBE_MS = 1000, /* all tasks are new to a gateway that starts */
	EVENTS_PATIENCE = 3,   /* times in a row that following events may fail unsaid */
};

/* Events after which the picture may differ.  Containers of other nodes send none. */
static const char event_filters[] = "{\"type\":[\"service\",\"container\",\"node\"],"
				    "\"event\":[\"create\",\"update\",\"remove\",\"start\","
				    "\"die\",\"health_status\"]}";

struct watch {
	const struct config *c;
	struct nginx *nginx;
	struct plane *plane;
	pthread_mutex_t lock;
	pthread_cond_t wake;    /* the looker has reason to look */
	pthread_cond_t settled; /* a look is over */
	bool dirty;
	usec_t last_event, hurry_until;
	unsigned long begun, finished; /* looks; finished only counts effective ones */
	struct model *newest;          /* what nginx is about to have */
	struct model *model;           /* what it has */
	usec_t last_ok;
	char docker_problem[128], nginx_problem[128];
	void (*changed)(void *arg, const struct model *m);
	void *changed_arg;
	bool events_told; /* the follower's own */
	/* the looker's own */
	struct ready *ready;
	struct model *all; /* the last look, ready or not */
	struct buf applied;
	unsigned applied_start; /* which of nginx' starts got it */
	usec_t owed;            /* since when nginx runs but lacks the table; 0: it has it */
	usec_t last_change;
};

static void deadline_in(struct timespec *ts, usec_t wait)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += (time_t)(wait / USEC_PER_SEC);
	ts->tv_nsec += (long)(wait % USEC_PER_SEC) * 1000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000;
	}
}

static void cond_init(pthread_cond_t *c)
{
	pthread_condattr_t a;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(c, &a);
	pthread_condattr_destroy(&a);
}

static void kick_locked(struct watch *w)
{
	w->dirty = true;
	w->last_event = clock_now();
	pthread_cond_signal(&w->wake);
}

void watch_kick(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	kick_locked(w);
	pthread_mutex_unlock(&w->lock);
}

static void on_event(void *arg)
{
	watch_kick(arg);
}

static bool never(void *arg)
{
	return false;
}

/* Docker answers, but its events do not come: the functions are followed nevertheless, by looking
 * all the time, which would go unnoticed.  Said once, until they have come for a while. */
static void note_events(struct watch *w, unsigned failures, const struct err *err)
{
	bool docker_ok;

	pthread_mutex_lock(&w->lock);
	docker_ok = w->last_ok && !w->docker_problem[0];
	pthread_mutex_unlock(&w->lock);
	if (docker_ok && failures >= EVENTS_PATIENCE && !w->events_told) {
		log_warn("no events from docker, which is asked several times a second instead: %s",
			err_msg(err));
		w->events_told = true;
	}
}

static void *follow(void *arg)
{
	struct watch *w = arg;
	_cleanup_(docker_freep) struct docker *d = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t backoff = USEC_PER_SEC / 4, since;
	unsigned failures = 0;

	if (docker_new(w->c->docker_host, &d, &err) < 0)
		return NULL; /* the looker reports it */
	for (;;) {
		since = clock_now();
		if (docker_follow(d, event_filters, on_event, on_event, never, w, &err) < 0)
			log_debug("%s", err_msg(&err));
		if (clock_now() - since > 30 * USEC_PER_SEC) {
			backoff = USEC_PER_SEC / 4;
			failures = 0;
			w->events_told = false;
		}
		note_events(w, ++failures, &err);
		err_done(&err);
		watch_kick(w);
		clock_sleep(backoff);
		backoff = MIN_OF(backoff * 2, 5 * USEC_PER_SEC);
	}
}

static int fetch_model(struct watch *w, struct docker *d, struct model **ret, struct err *err)
{
	_cleanup_json_ json_t *services = NULL, *tasks = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	buf_adds(&path, "/services?filters=");
	docker_escape(&path, "{\"label\":[\"" LABEL_FUNCTION "\"]}");
	r = docker_get(d, buf_str(&path), &services, err);
	if (r < 0)
		return r;
	buf_clear(&path);
	buf_adds(&path, "/tasks?filters=");
	docker_escape(&path, "{\"desired-state\":[\"running\"]}");
	r = docker_get(d, buf_str(&path), &tasks, err);
	if (r < 0)
		return r;
	return model_build(services, tasks, w->c->network, ret, err);
}

static void note(struct watch *w, char *slot, size_t size, const char *problem)
{
	pthread_mutex_lock(&w->lock);
	if (*problem && strncmp(slot, problem, size - 1))
		log_warn("%s", problem);
	else if (!*problem && *slot)
		log_info("recovered from: %s", slot);
	snprintf(slot, size, "%s", problem);
	pthread_mutex_unlock(&w->lock);
}

/* Bring nginx' table in line with @m.  True when it is. */
static bool put_into_effect(struct watch *w, const struct model *m)
{
	unsigned start = nginx_starts(w->nginx);
	_cleanup_buf_ struct buf table = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	plane_table(m, w->c->function_port, &table);
	if (start == w->applied_start && w->applied.len == table.len &&
		!memcmp(buf_str(&w->applied), table.data, table.len))
		return true;
	w->last_change = clock_now();
	if (plane_push(w->plane, m, &err) < 0) {
		metric_add(METRIC_TABLE_FAILURES);
		if (start && !w->owed)
			w->owed = clock_now();
		if (w->owed && clock_now() - w->owed > STARTING)
			note(w, w->nginx_problem, sizeof(w->nginx_problem), err_msg(&err));
		return false;
	}
	w->owed = 0;
	note(w, w->nginx_problem, sizeof(w->nginx_problem), "");
	metric_add(METRIC_TABLES);
	log_debug("%zu functions, nginx is up to date", m->functions_n);
	buf_done(&w->applied);
	w->applied = table;
	w->applied_start = start;
	table = BUF_INIT;
	return true;
}

static void set_newest(struct watch *w, struct model *m)
{
	struct model *old;

	pthread_mutex_lock(&w->lock);
	old = w->newest;
	w->newest = model_ref(m);
	pthread_mutex_unlock(&w->lock);
	model_unref(old);
}

/* Make the last look, as far as its tasks are ready, the picture for everybody. */
static void publish(struct watch *w, unsigned long number)
{
	struct model *m = model_pick(w->all, ready_is, w->ready), *old;
	void (*changed)(void *arg, const struct model *m);
	bool effective;
	void *arg;

	set_newest(w, m);
	effective = put_into_effect(w, m);
	pthread_mutex_lock(&w->lock);
	old = w->model;
	w->model = model_ref(m);
	if (effective)
		w->finished = number;
	changed = w->changed;
	arg = w->changed_arg;
	pthread_cond_broadcast(&w->settled);
	pthread_mutex_unlock(&w->lock);
	model_unref(old);
	if (effective && changed)
		changed(arg, m);
	model_unref(m);
}

/* Give new tasks a moment; @all: until no more become ready, not just the first. */
static bool probe(struct watch *w, int ms, bool all)
{
	usec_t end = clock_now() + (usec_t)ms * USEC_PER_MSEC, now;
	bool some = false;

	while (ready_missing(w->ready) && (now = clock_now()) < end) {
		bool found = ready_probe(w->ready, (int)((end - now) / USEC_PER_MSEC) + 1);

		some |= found;
		if (found && !all)
			break;
	}
	return some;
}

static void look(struct watch *w, struct docker *d)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct model *m = NULL;
	bool first = !w->all;
	unsigned long number;

	pthread_mutex_lock(&w->lock);
	number = ++w->begun;
	w->dirty = false;
	pthread_mutex_unlock(&w->lock);

	metric_add(METRIC_SYNCS);
	if (fetch_model(w, d, &m, &err) < 0) {
		metric_add(METRIC_SYNC_FAILURES);
		note(w, w->docker_problem, sizeof(w->docker_problem), err_msg(&err));
		return;
	}
	note(w, w->docker_problem, sizeof(w->docker_problem), "");
	pthread_mutex_lock(&w->lock);
	w->last_ok = clock_now();
	pthread_mutex_unlock(&w->lock);
	if (m->skipped && (!w->all || m->skipped != w->all->skipped))
		log_warn("%zu service%s left out, among them %s", m->skipped,
			m->skipped == 1 ? " is" : "s are", m->skipped_why);
	ready_follow(w->ready, m);
	model_unref(w->all);
	w->all = m;
	probe(w, first ? FIRST_PROBE_MS : PROBE_MS, first);
	publish(w, number);
}

/* How long to the next look when nobody asks for one. */
static usec_t pause_of(struct watch *w)
{
	usec_t now = clock_now(), moved = MAX_OF(w->last_event, w->last_change);
	bool moving = now - w->last_event < AFTER_EVENT ||
		      (model_converging(w->model) && now - moved < GIVE_UP_FAST);

	if (now < w->hurry_until)
		return HURRIED;
	if (w->owed && !w->docker_problem[0])
		return DEBOUNCE;
	return moving ? FAST : (usec_t)w->c->resync_ms * USEC_PER_MSEC;
}

/* Until it is time to look.  True when somebody asked for it. */
static bool rest(struct watch *w)
{
	struct timespec until;
	usec_t end;
	bool asked;

	pthread_mutex_lock(&w->lock);
	end = clock_now() + pause_of(w);
	while (!w->dirty && clock_now() < end) {
		unsigned long number = w->begun;

		if (!w->all || !ready_missing(w->ready)) {
			deadline_in(&until, end - clock_now());
			pthread_cond_timedwait(&w->wake, &w->lock, &until);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		if (probe(w, ready_pace(w->ready), false))
			publish(w, number);
		pthread_mutex_lock(&w->lock);
	}
	asked = w->dirty && clock_now() >= w->hurry_until;
	pthread_mutex_unlock(&w->lock);
	return asked;
}

static void *looker(void *arg)
{
	struct watch *w = arg;
	_cleanup_(docker_freep) struct docker *d = NULL;
	_cleanup_err_ struct err err = ERR_INIT;

	if (docker_new(w->c->docker_host, &d, &err) < 0) {
		note(w, w->docker_problem, sizeof(w->docker_problem), err_msg(&err));
		return NULL;
	}
	for (;;) {
		look(w, d);
		if (rest(w))
			clock_sleep(DEBOUNCE); /* events come in flocks */
	}
}

int watch_start(const struct config *c, struct nginx *n, struct plane *p, struct watch **ret,
	struct err *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	pthread_t a, b;
	int r;

	w->c = c;
	w->nginx = n;
	w->plane = p;
	w->ready = ready_new(c->function_port);
	w->last_event = w->last_change = clock_now();
	pthread_mutex_init(&w->lock, NULL);
	cond_init(&w->wake);
	cond_init(&w->settled);
	r = -pthread_create(&a, NULL, looker, w);
	if (r == 0)
		r = -pthread_create(&b, NULL, follow, w);
	if (r < 0)
		return err_errno(err, r, "unable to start a thread");
	*ret = w;
	return 0;
}

void watch_listen(struct watch *w, void (*changed)(void *arg, const struct model *m), void *arg)
{
	pthread_mutex_lock(&w->lock);
	w->changed = changed;
	w->changed_arg = arg;
	pthread_mutex_unlock(&w->lock);
}

void watch_hurry(struct watch *w, int ms)
{
	usec_t until = clock_now() + (usec_t)ms * USEC_PER_MSEC;

	pthread_mutex_lock(&w->lock);
	w->hurry_until = MAX_OF(w->hurry_until, until);
	w->dirty = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

bool watch_known(struct watch *w, int timeout_ms)
{
	struct timespec until;
	bool known;

	deadline_in(&until, (usec_t)timeout_ms * USEC_PER_MSEC);
	pthread_mutex_lock(&w->lock);
	while (!w->model && pthread_cond_timedwait(&w->settled, &w->lock, &until) == 0)
		;
	known = w->model;
	pthread_mutex_unlock(&w->lock);
	return known;
}

bool watch_settle(struct watch *w, int timeout_ms)
{
	struct timespec until;
	unsigned long want;
	bool done;

	deadline_in(&until, (usec_t)timeout_ms * USEC_PER_MSEC);
	pthread_mutex_lock(&w->lock);
	kick_locked(w);
	want = w->begun + 1;
	while (w->finished < want && pthread_cond_timedwait(&w->settled, &w->lock, &until) == 0)
		;
	done = w->finished >= want;
	pthread_mutex_unlock(&w->lock);
	return done;
}

struct model *watch_model(struct watch *w)
{
	struct model *m;

	pthread_mutex_lock(&w->lock);
	m = model_ref(w->model);
	pthread_mutex_unlock(&w->lock);
	return m;
}

struct model *watch_newest(struct watch *w)
{
	struct model *m;

	pthread_mutex_lock(&w->lock);
	m = model_ref(w->newest);
	pthread_mutex_unlock(&w->lock);
	return m;
}

void watch_health(struct watch *w, struct watch_health *ret)
{
	pthread_mutex_lock(&w->lock);
	ret->docker_ok = w->last_ok && clock_now() - w->last_ok < STALE && !w->docker_problem[0];
	ret->nginx_ok = !w->nginx_problem[0];
	snprintf(ret->problem, sizeof(ret->problem), "%s",
		w->docker_problem[0] ? w->docker_problem : w->nginx_problem);
	pthread_mutex_unlock(&w->lock);
}
