/* Follow Docker and keep nginx up to date: see watch.h. */
#include "faas/gateway/watch.h"

#include <pthread.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/metrics.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

static const usec_t FAST = 250 * USEC_PER_MSEC;    /* between looks while things move */
static const usec_t DEBOUNCE = 50 * USEC_PER_MSEC; /* between an event and the look */
static const usec_t AFTER_EVENT = 5 * USEC_PER_SEC;
static const usec_t GIVE_UP_FAST = 120 * USEC_PER_SEC; /* something never converges */
static const usec_t STALE = 30 * USEC_PER_SEC;

/* Events after which the picture may differ.  Containers of other nodes send none. */
static const char event_filters[] = "{\"type\":[\"service\",\"container\",\"node\"],"
				    "\"event\":[\"create\",\"update\",\"remove\",\"start\","
				    "\"die\",\"health_status\"]}";

struct watch {
	const struct config *c;
	struct nginx *nginx;
	pthread_mutex_t lock;
	pthread_cond_t wake;    /* the looker has reason to look */
	pthread_cond_t settled; /* a look is over */
	bool dirty;
	usec_t last_event;
	unsigned long begun, finished; /* looks; finished only counts effective ones */
	struct model *model;
	usec_t last_ok;
	char docker_problem[128], nginx_problem[128];
	/* the looker's own */
	struct buf applied;
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

static void *follow(void *arg)
{
	struct watch *w = arg;
	_cleanup_(docker_freep) struct docker *d = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t backoff = USEC_PER_SEC / 4, since;

	if (docker_new(w->c->docker_host, &d, &err) < 0)
		return NULL; /* the looker reports it */
	for (;;) {
		since = clock_now();
		if (docker_follow(d, event_filters, on_event, on_event, never, w, &err) < 0)
			log_debug("%s", err_msg(&err));
		err_done(&err);
		watch_kick(w);
		if (clock_now() - since > 30 * USEC_PER_SEC)
			backoff = USEC_PER_SEC / 4;
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

/* Bring nginx in line with @m (NULL: not known yet). */
static void put_into_effect(struct watch *w, const struct model *m)
{
	_cleanup_buf_ struct buf conf = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	nginx_conf(w->c, nginx_env(w->nginx), m, &conf);
	if (w->applied.len == conf.len && !memcmp(buf_str(&w->applied), conf.data, conf.len))
		return;
	w->last_change = clock_now();
	if (nginx_apply(w->nginx, &conf, &err) < 0) {
		metric_add(METRIC_RELOAD_FAILURES);
		note(w, w->nginx_problem, sizeof(w->nginx_problem), err_msg(&err));
		return;
	}
	note(w, w->nginx_problem, sizeof(w->nginx_problem), "");
	metric_add(METRIC_RELOADS);
	if (m)
		log_info("%zu functions, nginx is up to date", m->functions_n);
	buf_done(&w->applied);
	w->applied = conf;
	conf = BUF_INIT;
}

static void look(struct watch *w, struct docker *d)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct model *m = NULL, *old;
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
	put_into_effect(w, m);

	pthread_mutex_lock(&w->lock);
	old = w->model;
	w->model = m;
	w->last_ok = clock_now();
	w->finished = number;
	pthread_cond_broadcast(&w->settled);
	pthread_mutex_unlock(&w->lock);
	model_unref(old);
}

/* How long to the next look when nobody asks for one. */
static usec_t pause_of(struct watch *w)
{
	usec_t now = clock_now(), moved = MAX_OF(w->last_event, w->last_change);
	bool moving = now - w->last_event < AFTER_EVENT ||
		      (model_converging(w->model) && now - moved < GIVE_UP_FAST);

	return moving ? FAST : (usec_t)w->c->resync_ms * USEC_PER_MSEC;
}

static void *looker(void *arg)
{
	struct watch *w = arg;
	_cleanup_(docker_freep) struct docker *d = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	struct timespec until;

	if (docker_new(w->c->docker_host, &d, &err) < 0) {
		note(w, w->docker_problem, sizeof(w->docker_problem), err_msg(&err));
		return NULL;
	}
	put_into_effect(w, NULL);
	for (;;) {
		look(w, d);
		pthread_mutex_lock(&w->lock);
		deadline_in(&until, pause_of(w));
		while (!w->dirty && pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
			;
		pthread_mutex_unlock(&w->lock);
		clock_sleep(DEBOUNCE);
	}
}

int watch_start(const struct config *c, struct nginx *n, struct watch **ret, struct err *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	pthread_t a, b;
	int r;

	w->c = c;
	w->nginx = n;
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

void watch_health(struct watch *w, struct watch_health *ret)
{
	pthread_mutex_lock(&w->lock);
	ret->docker_ok = w->last_ok && clock_now() - w->last_ok < STALE && !w->docker_problem[0];
	ret->nginx_ok = !w->nginx_problem[0];
	snprintf(ret->problem, sizeof(ret->problem), "%s",
		w->docker_problem[0] ? w->docker_problem : w->nginx_problem);
	pthread_mutex_unlock(&w->lock);
}
