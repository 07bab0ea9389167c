/* Promises between node threads: see promise.h. */
#include "lib/run/promise.h"

#include <pthread.h>
#include <time.h>

#include "lib/base/xalloc.h"

struct promise {
	char *name, *value, *reason; /* owned */
	size_t len;
	enum promise_state state;
};

struct promises {
	pthread_mutex_t lock;
	pthread_cond_t settled;
	struct promise **items; /* owned; pointers, so that borrowed values stay where they are */
	size_t n, cap;
};

struct promises *promises_new(void)
{
	struct promises *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->settled, NULL);
	return p;
}

void promises_free(struct promises *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		struct promise *one = p->items[i];

		if (one->value)
			explicit_bzero(one->value, one->len);
		free(one->value);
		free(one->reason);
		free(one->name);
		free(one);
	}
	free(p->items);
	pthread_cond_destroy(&p->settled);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Under the lock. */
static struct promise *find(struct promises *p, const char *name)
{
	struct promise *one;

	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->items[i]->name, name))
			return p->items[i];
	one = xcalloc(1, sizeof(*one));
	one->name = xstrdup(name);
	xgrow(p->items, p->n, p->cap);
	p->items[p->n++] = one;
	return one;
}

void promise_keep(struct promises *p, const char *name, const char *value, size_t len)
{
	struct promise *one;

	pthread_mutex_lock(&p->lock);
	one = find(p, name);
	if (one->state == PROMISE_PENDING) {
		one->state = PROMISE_KEPT;
		one->value = len ? xmemdup(value, len) : NULL;
		one->len = len;
		pthread_cond_broadcast(&p->settled);
	}
	pthread_mutex_unlock(&p->lock);
}

void promise_break(struct promises *p, const char *name, const char *reason)
{
	struct promise *one;

	pthread_mutex_lock(&p->lock);
	one = find(p, name);
	if (one->state == PROMISE_PENDING) {
		one->state = PROMISE_BROKEN;
		one->reason = xstrdup(reason);
		pthread_cond_broadcast(&p->settled);
	}
	pthread_mutex_unlock(&p->lock);
}

enum promise_state promise_poll(
	struct promises *p, const char *name, const char **value, size_t *len, struct err *err)
{
	enum promise_state state;
	struct promise *one;

	pthread_mutex_lock(&p->lock);
	one = find(p, name);
	state = one->state;
	if (state == PROMISE_KEPT && value)
		*value = one->value;
	if (state == PROMISE_KEPT && len)
		*len = one->len;
	if (state == PROMISE_BROKEN)
		err_set(err, ERR_PROMISE, "%s", one->reason);
	pthread_mutex_unlock(&p->lock);
	return state;
}

/* Wake up now and then to look at the cancel flag: a signal handler cannot signal a condition. */
static void wait_a_moment(struct promises *p)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 100 * 1000 * 1000;
	if (until.tv_nsec >= 1000 * 1000 * 1000) {
		until.tv_nsec -= 1000 * 1000 * 1000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&p->settled, &p->lock, &until);
}

int promise_wait(struct promises *p, const char *name, const bool *cancel, struct err *err)
{
	struct promise *one;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	one = find(p, name);
	while (one->state == PROMISE_PENDING &&
		!(cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)))
		wait_a_moment(p);
	if (one->state == PROMISE_BROKEN)
		r = err_set(err, ERR_PROMISE, "%s", one->reason);
	else if (one->state == PROMISE_PENDING)
		r = err_set(err, ERR_INTR, "interrupted");
	pthread_mutex_unlock(&p->lock);
	return r;
}
