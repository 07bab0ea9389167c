/* Reports of processor and memory use: see reporter.h. */
#include "faas/worker/reporter.h"

#include <pthread.h>
#include <unistd.h>

#include "faas/common/board.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/worker/cgroup.h"
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum { REDIS_TIMEOUT_MS = 3000, OUTLIVES = 3 /* reports: how long the last one is valid */ };

struct reporter {
	const struct config *c;
	char key[sizeof(KEY_USAGE) + 80];
	struct redis *redis;
	struct cgroup_use *uses;
	bool empty; /* no container was found last, and the log was told */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

/* We are in a container ourselves, so there is at least one: else the tree is not as we know it. */
static void note_empty(struct reporter *r, bool empty)
{
	if (empty && !r->empty)
		log_warn("no containers below '%s': functions that scale by their use of processor "
			 "stay as they are; is Docker's cgroup driver or parent another one?",
			r->c->cgroup);
	r->empty = empty;
}

static int report(struct reporter *r, struct err *err)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct board_note *notes;
	usec_t at = clock_now();
	size_t n = cgroup_read(r->c->cgroup, r->uses);
	int rc = 0;

	note_empty(r, n == 0);
	notes = arena_array(&a, struct board_note, n + 1);
	for (size_t i = 0; i < n; i++)
		notes[i] = (struct board_note){r->uses[i].id,
			arena_printf(&a, "%llu %llu", (unsigned long long)r->uses[i].cpu_ns,
				(unsigned long long)r->uses[i].bytes)};
	notes[n] = (struct board_note){
		USAGE_AT, arena_printf(&a, "%llu", (unsigned long long)(at / USEC_PER_MSEC))};
	if (!r->redis)
		rc = redis_open(
			&r->c->redis, buf_str(&r->c->password), REDIS_TIMEOUT_MS, &r->redis, err);
	if (rc == 0)
		rc = board_pin(
			r->redis, r->key, notes, n + 1, OUTLIVES * r->c->usage_interval_ms, err);
	return rc;
}

/* Until the next report; false when there is to be none. */
static bool pause_until_next(struct reporter *r)
{
	usec_t until = clock_now() + (usec_t)r->c->usage_interval_ms * USEC_PER_MSEC;
	struct timespec ts = {.tv_sec = (time_t)(until / USEC_PER_SEC),
		.tv_nsec = (long)(until % USEC_PER_SEC) * 1000};
	bool go_on;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && pthread_cond_timedwait(&r->wake, &r->lock, &ts) == 0)
		;
	go_on = !r->stop;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct reporter *r = arg;

	do {
		_cleanup_err_ struct err err = ERR_INIT;

		/* Whether Redis is away is told by those who need it more. */
		if (report(r, &err) < 0) {
			log_debug("reporting use: %s", err_msg(&err));
			redis_free(TAKE_PTR(r->redis));
		}
	} while (pause_until_next(r));
	return NULL;
}

static struct reporter *reporter_new(const struct config *c)
{
	struct reporter *r = xcalloc(1, sizeof(*r));
	pthread_condattr_t a;
	char host[65] = "";

	/* A container's host name is its id: one of a kind. */
	gethostname(host, sizeof(host) - 1);
	snprintf(r->key, sizeof(r->key), KEY_USAGE "%s", host);
	r->c = c;
	r->uses = xcalloc(CGROUP_MAX, sizeof(*r->uses));
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&r->wake, &a);
	pthread_condattr_destroy(&a);
	return r;
}

static void reporter_free(struct reporter *r)
{
	redis_free(r->redis);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r->uses);
	free(r);
}

int reporter_start(const struct config *c, struct reporter **ret, struct err *err)
{
	struct reporter *r;
	int rc;

	if (access(c->cgroup, R_OK) < 0) {
		log_info("no '%s': nothing is told about the use of processor and memory",
			c->cgroup);
		*ret = NULL;
		return 0;
	}
	r = reporter_new(c);
	rc = -pthread_create(&r->thread, NULL, run, r);
	if (rc < 0) {
		reporter_free(r);
		return err_errno(err, rc, "unable to start a thread");
	}
	*ret = r;
	return 0;
}

void reporter_stop(struct reporter *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	reporter_free(r);
}
