/* Storing accepted calls in Redis, in batches: see queue.h. */
#include "faas/gateway/queue.h"

#include <pthread.h>

#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/common/name.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum {
	BATCH = 256,
	BATCH_BYTES = 4 << 20,
	MAX_WAITING = 20000,
	REDIS_TIMEOUT_MS = 3000,
	PING_SECONDS = 2,
};

/*
 * Add to a named queue, which is entered in the set of names as well, so that workers find it; to
 * the common one when there are too many names.  KEYS: its stream, the common stream, the set;
 * ARGV: its name, how many names there may be, then the fields.
 */
static const char add_script[] = "local stream = KEYS[1]\n"
				 "if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 0 then\n"
				 "  if redis.call('SCARD', KEYS[3]) < tonumber(ARGV[2]) then\n"
				 "    redis.call('SADD', KEYS[3], ARGV[1])\n"
				 "  else\n"
				 "    stream = KEYS[2]\n"
				 "  end\n"
				 "end\n"
				 "return redis.call('XADD', stream, '*', unpack(ARGV, 3))\n";

struct item {
	struct item *next;
	struct entry_command cmd;
	queue_done_fn done;
	void *arg;
};

struct queue {
	struct redis_address address;
	const char *password;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct item *head, **tail;
	size_t waiting;
	bool healthy;
	char problem[160];
	/* the thread's own */
	struct redis *redis;
	usec_t retry_at, backoff;
	char add_sha[41];
};

static void settle(struct item *i, const char *problem)
{
	i->done(i->arg, problem);
	free(i);
}

static void set_health(struct queue *q, const char *problem)
{
	bool ok = !*problem;

	pthread_mutex_lock(&q->lock);
	if (q->healthy != ok)
		log_msg(ok ? LOG_INFO : LOG_WARN, "%s", ok ? "redis answers" : problem);
	q->healthy = ok;
	snprintf(q->problem, sizeof(q->problem), "%s", problem);
	pthread_mutex_unlock(&q->lock);
}

static void drop_connection(struct queue *q, const char *problem)
{
	set_health(q, problem);
	redis_free(TAKE_PTR(q->redis));
	q->backoff = q->backoff ? MIN_OF(q->backoff * 2, USEC_PER_SEC) : USEC_PER_SEC / 10;
	q->retry_at = clock_now() + q->backoff;
}

/* True when there is a connection; tries to make one, but not more often than the back-off says. */
static bool ensure_connection(struct queue *q)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (q->redis)
		return true;
	if (clock_now() < q->retry_at)
		return false;
	if (redis_open(&q->address, q->password, REDIS_TIMEOUT_MS, &q->redis, &err) < 0 ||
		redis_script(q->redis, add_script, q->add_sha, &err) < 0) {
		drop_connection(q, err_msg(&err));
		return false;
	}
	q->backoff = 0;
	set_health(q, "");
	return true;
}

static void ping(struct queue *q)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;

	if (!ensure_connection(q))
		return;
	if (redis_call(q->redis, &reply, &err, "PING") < 0)
		drop_connection(q, err_msg(&err));
	else
		set_health(q, "");
}

/* Take up to a batch from the list, waiting for the first; NULL after a while without any. */
static struct item *take_batch(struct queue *q)
{
	size_t n = 0, bytes = 0;
	struct item *first, **end;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += PING_SECONDS;
	pthread_mutex_lock(&q->lock);
	while (!q->head && pthread_cond_timedwait(&q->wake, &q->lock, &ts) == 0)
		;
	first = q->head;
	for (end = &q->head; *end && n < BATCH && bytes < BATCH_BYTES; end = &(*end)->next) {
		for (int i = 0; i < (*end)->cmd.argc; i++)
			bytes += (*end)->cmd.lens[i];
		n++;
	}
	q->waiting -= n;
	if (first) {
		q->head = *end;
		*end = NULL;
		if (!q->head)
			q->tail = &q->head;
	}
	pthread_mutex_unlock(&q->lock);
	return first;
}

static void fail_all(struct item *i, const char *problem)
{
	for (struct item *next; i; i = next) {
		next = i->next;
		settle(i, problem);
	}
}

static int append_named(struct queue *q, const struct entry_command *cmd, struct err *err)
{
	const char *argv[ARRAY_SIZE(cmd->argv) + 8];
	size_t lens[ARRAY_SIZE(argv)];
	char stream[sizeof(KEY_QUEUE) + 1 + NAME_MAX_LEN], keys[] = "3", max[16];
	const char *const head[] = {
		"EVALSHA", q->add_sha, keys, stream, KEY_QUEUE, KEY_QUEUES, cmd->queue, max};
	int n = 0;

	snprintf(stream, sizeof(stream), "%s:%s", KEY_QUEUE, cmd->queue);
	snprintf(max, sizeof(max), "%d", QUEUE_MAX_NAMES);
	for (size_t i = 0; i < ARRAY_SIZE(head); i++) {
		argv[n] = head[i];
		lens[n++] = strlen(head[i]);
	}
	for (int i = 3; i < cmd->argc; i++) { /* behind XADD, stream and id */
		argv[n] = cmd->argv[i];
		lens[n++] = cmd->lens[i];
	}
	return redis_queue(q->redis, n, argv, lens, err);
}

static int append(struct queue *q, const struct entry_command *cmd, struct err *err)
{
	if (cmd->queue)
		return append_named(q, cmd, err);
	return redis_queue(q->redis, cmd->argc, (const char **)cmd->argv, cmd->lens, err);
}

static void store(struct queue *q, struct item *i)
{
	_cleanup_err_ struct err err = ERR_INIT;
	bool lost_script = false;
	int r = 0;

	if (!ensure_connection(q)) {
		fail_all(i, "the queue is not reachable");
		return;
	}
	for (struct item *j = i; j && r == 0; j = j->next)
		r = append(q, &j->cmd, &err);
	for (struct item *next; i && r == 0; i = next) {
		_cleanup_reply_ redisReply *reply = NULL;
		_cleanup_err_ struct err refused = ERR_INIT;

		next = i->next;
		r = redis_next(q->redis, &reply, &refused);
		if (r < 0 && r != ERR_REMOTE) {
			err_move(&err, &refused);
			break;
		}
		/* Refused (out of memory, read-only, loading): the connection is fine. */
		settle(i, r < 0 ? "the queue refused it" : NULL);
		if (r < 0)
			set_health(q, err_msg(&refused));
		lost_script |= r < 0 && strstr(err_msg(&refused), "NOSCRIPT");
		r = 0;
	}
	if (r < 0) {
		drop_connection(q, err_msg(&err));
		fail_all(i, "the queue broke off");
	} else if (lost_script) {
		drop_connection(q, "redis has forgotten its scripts");
	}
}

static void *run(void *arg)
{
	struct queue *q = arg;
	struct item *i;

	ping(q);
	for (;;) {
		i = take_batch(q);
		if (i)
			store(q, i);
		else
			ping(q);
	}
	return NULL;
}

int queue_start(
	const struct redis_address *a, const char *password, struct queue **ret, struct err *err)
{
	struct queue *q = xcalloc(1, sizeof(*q));
	pthread_condattr_t attr;
	pthread_t thread;
	int r;

	q->address = *a;
	q->password = password;
	q->tail = &q->head;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->wake, &attr);
	pthread_condattr_destroy(&attr);
	snprintf(q->problem, sizeof(q->problem), "redis was not tried yet");
	r = -pthread_create(&thread, NULL, run, q);
	if (r < 0)
		return err_errno(err, r, "unable to start a thread");
	pthread_detach(thread);
	*ret = q;
	return 0;
}

void queue_add(struct queue *q, const struct entry_command *cmd, queue_done_fn done, void *arg)
{
	struct item *i = xcalloc(1, sizeof(*i));
	bool full;

	i->cmd = *cmd;
	i->done = done;
	i->arg = arg;
	pthread_mutex_lock(&q->lock);
	full = q->waiting >= MAX_WAITING;
	if (!full) {
		*q->tail = i;
		q->tail = &i->next;
		q->waiting++;
		pthread_cond_signal(&q->wake);
	}
	pthread_mutex_unlock(&q->lock);
	if (full)
		settle(i, "too many calls are waiting");
}

bool queue_healthy(struct queue *q, char *ret_problem, size_t size)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	ok = q->healthy;
	if (!ok && ret_problem)
		snprintf(ret_problem, size, "%s", q->problem);
	pthread_mutex_unlock(&q->lock);
	return ok;
}
