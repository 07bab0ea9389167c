/* Callers of functions that have no ready task: see wake.h. */
#include "faas/gateway/wake.h"

#include <pthread.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/replicas.h"
#include "faas/gateway/waiting.h"
#include "lib/base/xalloc.h"

enum {
	THREADS = 3,          /* functions that are woken at the same moment */
	HURRY_MS = 1000,      /* how long the watcher looks often, each time it is told to */
	EXPLAIN_SECONDS = 10, /* between two explanations for one function */
};

static const usec_t HURRY_FOR = 10 * USEC_PER_SEC;
static const usec_t ASK_AGAIN = USEC_PER_SEC; /* after Docker did not do it, or it was undone */
static const usec_t TICK = USEC_PER_SEC;      /* threads look at least so often */

/* The log was told why a function does not wake. */
struct explained {
	char name[NAME_MAX_LEN + 1];
	usec_t at;
};

struct wake {
	const struct config *c;
	struct watch *watch;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct waiting waiting;
	struct model *model; /* what nginx' table was made from last */
	usec_t hurried;      /* the watcher was told to, last */
	struct explained explained[32];
};

/* ---- answers ---- */

static void answer_awake(struct httpd_request *rq)
{
	httpd_add_header(rq, "X-Accel-Redirect", "@awake");
	httpd_reply(rq, 200, NULL, NULL, 0);
}

static void answer_unknown(struct httpd_request *rq, const char *name)
{
	httpd_add_header(rq, "X-Svarm-Reason", "no-function");
	httpd_reply_text(rq, 404,
		"error finding function %s." FUNCTION_NAMESPACE ": server returned non-200 status "
		"code (404) for function, %s\n",
		name, name);
}

static void answer_unavailable(struct httpd_request *rq, const char *why)
{
	httpd_add_header(rq, "Retry-After", "1");
	httpd_add_header(rq, "X-Svarm-Reason", "no-task");
	httpd_reply_text(rq, 503, "%s\n", why);
}

enum verdict { AWAKE, UNKNOWN, LATE };

/* End the wait of all of @list. */
static void release(struct waiter *list, const char *name, enum verdict verdict)
{
	for (struct waiter *one = list; one; one = one->next) {
		struct httpd_request *rq = one->who;

		if (verdict == AWAKE)
			answer_awake(rq);
		else if (verdict == UNKNOWN)
			answer_unknown(rq, name);
		else
			answer_unavailable(rq, "no instance of this function became ready in time");
		httpd_resume(rq);
	}
	waiting_free(list);
}

/* ---- the watcher's side ---- */

/* What the picture @m means for @s: true when its wait is over. */
static bool settled(const struct model *m, struct sleeper *s, usec_t now, enum verdict *ret)
{
	const struct function *f = model_find(m, s->name);

	*ret = f ? AWAKE : UNKNOWN;
	if (!f || f->addresses_n)
		return true;
	/* Somebody put it back to sleep. */
	if (!f->replicas && s->state == SLEEPER_ASKED && now - s->asked_at > ASK_AGAIN) {
		s->state = SLEEPER_NEW;
		s->ask_at = now;
	}
	return false;
}

static void changed(void *arg, const struct model *m)
{
	struct wake *w = arg;
	usec_t now = clock_now();
	struct model *old;
	bool hurry = false;

	pthread_mutex_lock(&w->lock);
	old = w->model;
	w->model = model_ref((struct model *)m);
	for (struct sleeper *s = w->waiting.sleepers, *next; s; s = next) {
		char name[NAME_MAX_LEN + 1];
		enum verdict verdict;

		next = s->next;
		if (!settled(m, s, now, &verdict)) {
			hurry |= now - s->since < HURRY_FOR;
			continue;
		}
		if (verdict == AWAKE) {
			metric_add(METRIC_WAKES);
			metric_observe(METRIC_WAKE_SECONDS, now - s->since);
		}
		memcpy(name, s->name, sizeof(name));
		release(waiting_take(&w->waiting, s), name, verdict);
	}
	/* Telling it means a look at once: not after every look. */
	hurry &= now - w->hurried > HURRY_MS * USEC_PER_MSEC;
	if (hurry)
		w->hurried = now;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	model_unref(old);
	if (hurry)
		watch_hurry(w->watch, HURRY_MS);
}

/* ---- asking Docker ---- */

static void note_asked(struct wake *w, const char *name, bool done)
{
	usec_t now = clock_now();
	struct sleeper *s;

	pthread_mutex_lock(&w->lock);
	s = waiting_find(&w->waiting, name);
	if (s && s->state == SLEEPER_BUSY) {
		s->state = done ? SLEEPER_ASKED : SLEEPER_NEW;
		s->asked_at = now;
		s->ask_at = now + ASK_AGAIN;
	}
	pthread_mutex_unlock(&w->lock);
}

/* Give function @name its first tasks, unless it has some already. */
static void ask(struct wake *w, struct docker *d, const char *name)
{
	_cleanup_(model_unrefp) struct model *m = watch_newest(w->watch);
	const struct function *f = model_find(m, name);
	_cleanup_err_ struct err err = ERR_INIT;
	struct replicas_change change;
	bool changed_it = false;
	int r = f ? 0 : -ENOENT;

	if (f) {
		change = (struct replicas_change){
			.service_id = f->service_id, .expect = 0, .want = f->settings.min};
		r = replicas_set(d, &change, &changed_it, &err);
	}
	if (r == 0 && changed_it)
		log_info("woke '%s' up: %u task%s", f->name, change.want,
			change.want == 1 ? "" : "s");
	else if (r < 0 && r != -ENOENT && r != -EINVAL)
		log_warn("waking '%s' up: %s", name, err_msg(&err));
	note_asked(w, name, r == 0 || r == -EINVAL);
	watch_kick(w->watch);
	watch_hurry(w->watch, HURRY_MS);
}

/* What is wrong with a function whose tasks run as far as Docker can see. */
static void explain_running(const struct wake *w, const struct function *f, char *ret, size_t size)
{
	if (!f->tasks_n)
		snprintf(ret, size, "its tasks run, but not on the network '%s'", w->c->network);
	else if (f->settings.ready_path)
		snprintf(ret, size, "its tasks run, but do not answer GET %s on port %ld with 2xx",
			f->settings.ready_path, w->c->function_port);
	else
		snprintf(ret, size, "its tasks run, but take no connection on port %ld",
			w->c->function_port);
}

/* Say in the log why calls of @name had to go away. */
static void explain(struct wake *w, struct docker *d, const char *name)
{
	_cleanup_(model_unrefp) struct model *m = watch_newest(w->watch);
	const struct function *f = model_find(m, name);
	char why[300] = "";

	if (f && f->running && !f->addresses_n)
		explain_running(w, f, why, sizeof(why));
	else if (f)
		replicas_explain(d, f->service_id, why, sizeof(why));
	log_warn("'%s' had no ready task in time: %s", name,
		*why ? why : "its tasks say nothing about why");
}

/* One explanation for a function in a while. */
static bool to_explain(struct wake *w, const char name[NAME_MAX_LEN + 1], usec_t now)
{
	struct explained *e, *oldest = &w->explained[0];

	for (size_t i = 0; i < ARRAY_SIZE(w->explained); i++) {
		e = &w->explained[i];
		if (!strcasecmp(e->name, name) && now - e->at < EXPLAIN_SECONDS * USEC_PER_SEC)
			return false;
		if (e->at < oldest->at)
			oldest = e;
	}
	oldest->at = now;
	memcpy(oldest->name, name, sizeof(oldest->name));
	return true;
}

/* Send away whose time is up; true when there was somebody.  Called, and returns, locked. */
static bool expire(struct wake *w, struct docker *d)
{
	char name[NAME_MAX_LEN + 1];
	usec_t now = clock_now();
	struct waiter *late = waiting_expire(&w->waiting, now, name);
	bool tell;

	if (!late)
		return false;
	tell = to_explain(w, name, now);
	pthread_mutex_unlock(&w->lock);
	for (const struct waiter *one = late; one; one = one->next)
		metric_add(METRIC_WAKE_LATE);
	release(late, name, LATE);
	if (tell)
		explain(w, d, name);
	pthread_mutex_lock(&w->lock);
	return true;
}

static void wait_for_work(struct wake *w)
{
	usec_t until = MIN_OF(waiting_due(&w->waiting), clock_now() + TICK);
	struct timespec ts = {.tv_sec = (time_t)(until / USEC_PER_SEC),
		.tv_nsec = (long)(until % USEC_PER_SEC) * 1000};

	pthread_cond_timedwait(&w->work, &w->lock, &ts);
}

static void *waker(void *arg)
{
	struct wake *w = arg;
	struct docker *d = NULL;
	struct sleeper *s;
	char name[NAME_MAX_LEN + 1];

	if (docker_new(w->c->docker_host, &d, NULL) < 0)
		abort(); /* checked at the start */
	pthread_mutex_lock(&w->lock);
	for (;;) {
		if (expire(w, d))
			continue;
		s = waiting_next_to_ask(&w->waiting, clock_now());
		if (!s) {
			wait_for_work(w);
			continue;
		}
		memcpy(name, s->name, sizeof(name));
		pthread_mutex_unlock(&w->lock);
		ask(w, d, name);
		pthread_mutex_lock(&w->lock);
	}
	return NULL;
}

/* ---- the callers' side ---- */

/* How long the call @rq of @f (NULL: not known yet) may wait: within its own time, and within
 * nginx' patience with us.  A queue worker tries again by itself, and has other functions to serve.
 */
static usec_t patience(
	const struct wake *w, const struct httpd_request *rq, const struct function *f)
{
	long ms = MIN_OF(w->c->wake_timeout_ms, w->c->read_timeout_ms / 10 * 9);

	if (httpd_header(rq, "X-Delivery-Attempt"))
		ms /= 6;
	if (f && f->settings.timeout_ms)
		ms = MIN_OF(ms, f->settings.timeout_ms);
	return (usec_t)ms * USEC_PER_MSEC;
}

enum outcome { NOW_AWAKE, NOW_UNKNOWN, NOW_FULL, NOW_WAITING };

/* Line @rq up, unless it can be answered at once. */
static enum outcome enqueue(struct wake *w, struct httpd_request *rq, const char *name)
{
	_cleanup_(model_unrefp) struct model *newest = watch_newest(w->watch);
	usec_t now = clock_now();
	const struct function *f;

	/* The same picture as in nginx' table: nobody can miss the moment between the two. */
	f = model_find(w->model, name);
	if (f && f->addresses_n)
		return NOW_AWAKE;
	/* What nginx has had only since a moment ago we will be told of. */
	if (!f)
		f = model_find(newest, name);
	if (w->model && !f)
		return NOW_UNKNOWN;
	if (waiting_full(&w->waiting, name))
		return NOW_FULL;
	httpd_defer(rq);
	if (waiting_add(&w->waiting, f ? f->name : name, rq, now, now + patience(w, rq, f)))
		pthread_cond_signal(&w->work);
	return NOW_WAITING;
}

void wake_call(struct wake *w, struct httpd_request *rq, const char *target)
{
	char name[NAME_MAX_LEN + 1];
	enum outcome outcome = NOW_UNKNOWN;

	if (name_split(target, strcspn(target, "/"), name)) {
		pthread_mutex_lock(&w->lock);
		outcome = enqueue(w, rq, name);
		pthread_mutex_unlock(&w->lock);
	} else {
		name[0] = '\0';
	}
	if (outcome == NOW_AWAKE)
		answer_awake(rq);
	else if (outcome == NOW_UNKNOWN)
		answer_unknown(rq, name);
	if (outcome != NOW_FULL)
		return;
	metric_add(METRIC_WAKE_REFUSED);
	answer_unavailable(rq, "too many calls wait for this function to start");
}

size_t wake_waiting(struct wake *w)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = w->waiting.total;
	pthread_mutex_unlock(&w->lock);
	return n;
}

bool wake_wanted(struct wake *w, const char *name)
{
	bool wanted;

	pthread_mutex_lock(&w->lock);
	wanted = waiting_find(&w->waiting, name) != NULL;
	pthread_mutex_unlock(&w->lock);
	return wanted;
}

static void init_locks(struct wake *w)
{
	pthread_condattr_t a;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &a);
	pthread_condattr_destroy(&a);
}

int wake_start(const struct config *c, struct watch *watch, struct wake **ret, struct err *err)
{
	struct wake *w = xcalloc(1, sizeof(*w));
	struct docker *d = NULL;
	pthread_t t;
	int r;

	w->c = c;
	w->watch = watch;
	w->waiting.max_each = (size_t)c->wake_queue;
	w->waiting.max_total = (size_t)c->wake_queue_all;
	init_locks(w);
	r = docker_new(c->docker_host, &d, err);
	docker_free(d);
	for (int i = 0; i < THREADS && r == 0; i++) {
		r = -pthread_create(&t, NULL, waker, w);
		if (r < 0)
			return err_errno(err, r, "unable to start a thread");
		pthread_detach(t);
	}
	if (r < 0)
		return r;
	watch_listen(watch, changed, w);
	*ret = w;
	return 0;
}
