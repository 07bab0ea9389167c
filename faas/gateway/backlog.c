/* Lengths of the queues: see backlog.h. */
#include "faas/gateway/backlog.h"

#include <pthread.h>

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/gateway/metrics_text.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum { MAX_QUEUES = 256 };

struct queue_state {
	char name[NAME_MAX_LEN + 1]; /* "": the common one */
	unsigned long long length, pending;
	double oldest_s;
};

struct backlog {
	pthread_mutex_t lock;
	bool known;
	struct queue_state queues[MAX_QUEUES];
	size_t n;
	unsigned long long dead;
};

struct backlog *backlog_new(void)
{
	struct backlog *b = xcalloc(1, sizeof(*b));

	pthread_mutex_init(&b->lock, NULL);
	return b;
}

static unsigned long long number_of(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_INTEGER && r->integer > 0
		       ? (unsigned long long)r->integer
		       : 0;
}

static int read_length(struct redis *r, const char *key, unsigned long long *ret, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int rc = redis_call(r, &reply, err, "XLEN %s", key);

	if (rc == 0)
		*ret = number_of(reply);
	return rc;
}

/* Entries that a worker has, but not done yet.  No group yet: none. */
static int read_pending(struct redis *r, const char *key, unsigned long long *ret, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int rc = redis_call(r, &reply, err, "XPENDING %s " QUEUE_GROUP, key);

	*ret = rc == 0 ? number_of(redis_at(reply, 0)) : 0;
	return rc == ERR_REMOTE ? 0 : rc;
}

/* Age of the first entry.  Its id is all that leaves Redis: bodies are large. */
static int read_oldest(struct redis *r, const char *key, double *ret, struct err *err)
{
	static const char script[] =
		"local e = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1) "
		"return e[1] and e[1][1] or ''";
	_cleanup_reply_ redisReply *reply = NULL;
	int rc = redis_call(r, &reply, err, "EVAL %s 1 %s", script, key);
	double ms;

	*ret = 0;
	if (rc < 0)
		return rc == ERR_REMOTE ? 0 : rc;
	ms = redis_is_str(reply) && reply->len ? strtod(reply->str, NULL) : 0;
	if (ms > 0)
		*ret = clock_wall() > ms / 1000 ? clock_wall() - ms / 1000 : 0;
	return 0;
}

static int read_queue(struct redis *r, const char *name, struct queue_state *ret, struct err *err)
{
	_cleanup_free_ char *key = *name ? xasprintf(KEY_QUEUE ":%s", name) : xstrdup(KEY_QUEUE);
	int rc;

	memcpy(ret->name, name, strlen(name) + 1);
	rc = read_length(r, key, &ret->length, err);
	if (rc == 0)
		rc = read_pending(r, key, &ret->pending, err);
	if (rc == 0)
		rc = read_oldest(r, key, &ret->oldest_s, err);
	return rc;
}

static int read_all(struct redis *r, struct queue_state *queues, size_t *ret_n,
	unsigned long long *ret_dead, struct err *err)
{
	_cleanup_reply_ redisReply *names = NULL;
	const redisReply *name;
	size_t n = 0;
	int rc;

	rc = read_queue(r, "", &queues[n++], err);
	if (rc == 0)
		rc = read_length(r, KEY_DEAD, ret_dead, err);
	if (rc == 0)
		rc = redis_call(r, &names, err, "SMEMBERS " KEY_QUEUES);
	for (size_t i = 0; rc == 0 && n < MAX_QUEUES && (name = redis_at(names, i)); i++)
		if (redis_is_str(name) && name->len <= NAME_MAX_LEN && name_is_function(name->str))
			rc = read_queue(r, name->str, &queues[n++], err);
	*ret_n = n;
	return rc;
}

int backlog_refresh(struct backlog *b, struct redis *r, struct err *err)
{
	_cleanup_free_ struct queue_state *queues = xcalloc(MAX_QUEUES, sizeof(*queues));
	unsigned long long dead = 0;
	size_t n = 0;
	int rc = read_all(r, queues, &n, &dead, err);

	pthread_mutex_lock(&b->lock);
	b->known = rc == 0;
	if (rc == 0) {
		memcpy(b->queues, queues, n * sizeof(*queues));
		b->n = n;
		b->dead = dead;
	}
	pthread_mutex_unlock(&b->lock);
	return rc;
}

void backlog_forget(struct backlog *b)
{
	pthread_mutex_lock(&b->lock);
	b->known = false;
	pthread_mutex_unlock(&b->lock);
}

bool backlog_empty(struct backlog *b, const char *name)
{
	bool empty;

	pthread_mutex_lock(&b->lock);
	empty = b->known;
	/* A queue that is not in the list has never had a call. */
	for (size_t i = 0; i < b->n && empty; i++)
		if (!strcmp(b->queues[i].name, name ? name : ""))
			empty = b->queues[i].length == 0;
	/* One more than we look at might be anything. */
	empty &= b->n < MAX_QUEUES;
	pthread_mutex_unlock(&b->lock);
	return empty;
}

static void print_queues(const struct backlog *b, struct buf *out, const struct metric_family *f,
	double (*value)(const struct queue_state *q))
{
	metric_family(out, f);
	for (size_t i = 0; i < b->n; i++) {
		const char *name = b->queues[i].name;
		_cleanup_free_ char *key = *name ? xasprintf(KEY_QUEUE ":%s", name)
						 : xstrdup(KEY_QUEUE);
		const struct metric_label labels[] = {{"queue", key}, {NULL, NULL}};

		metric_sample(out, f->name, labels, value(&b->queues[i]));
	}
}

static double length_of(const struct queue_state *q)
{
	return (double)q->length;
}

static double pending_of(const struct queue_state *q)
{
	return (double)q->pending;
}

static double oldest_of(const struct queue_state *q)
{
	return q->oldest_s;
}

void backlog_print(struct backlog *b, struct buf *out)
{
	static const struct metric_family length = {"svarm_queue_length", "gauge",
						  "Asynchronous calls stored and not done."},
					  pending = {"svarm_queue_pending", "gauge",
						  "Of them, those a worker has taken."},
					  oldest = {"svarm_queue_oldest_seconds", "gauge",
						  "Age of the oldest of them."},
					  dead = {"svarm_dead_letters", "gauge",
						  "Asynchronous calls that were given up."};

	pthread_mutex_lock(&b->lock);
	if (b->known) {
		print_queues(b, out, &length, length_of);
		print_queues(b, out, &pending, pending_of);
		print_queues(b, out, &oldest, oldest_of);
		metric_family(out, &dead);
		metric_sample(out, dead.name, NULL, (double)b->dead);
	}
	pthread_mutex_unlock(&b->lock);
}
