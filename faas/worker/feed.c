/* Reading from and answering to the queue: see feed.h. */
#include "faas/worker/feed.h"

#include <sys/random.h>
#include <unistd.h>

#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum {
	REDIS_TIMEOUT_MS = 5000,
	BLOCK_MS = 2000, /* well below REDIS_TIMEOUT_MS */
	MAX_PENDING_LIST = 10000,
	MAX_KEEP = 500, /* ids in one command */
	FORGET_CONSUMER_MS = 3600000,
};

struct id_list {
	char (*v)[FEED_ID_MAX];
	size_t n, cap;
};

struct feed {
	const struct config *c;
	feed_entry_fn on_entry;
	void *arg;
	char consumer[128];
	struct redis *reader, *control;
	bool asked, closed;
	usec_t retry_at, backoff;
	char cursor[FEED_ID_MAX]; /* of XAUTOCLAIM */
	struct id_list acks;
};

struct feed *feed_new(const struct config *c, feed_entry_fn on_entry, void *arg)
{
	struct feed *f = xcalloc(1, sizeof(*f));
	char host[65] = "worker";
	unsigned random = 0;

	f->c = c;
	f->on_entry = on_entry;
	f->arg = arg;
	if (gethostname(host, sizeof(host) - 1) < 0 ||
		getrandom(&random, sizeof(random), 0) != sizeof(random))
		log_warn("no host name or no random bytes: %s", strerror(errno));
	snprintf(f->consumer, sizeof(f->consumer), "%s-%08x", host, random);
	snprintf(f->cursor, sizeof(f->cursor), "0-0");
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	redis_free(f->reader);
	redis_free(f->control);
	free(f->acks.v);
	free(f);
}

static void disconnect(struct feed *f, const char *why)
{
	log_warn("%s", why);
	redis_free(TAKE_PTR(f->reader));
	redis_free(TAKE_PTR(f->control));
	f->asked = false;
	f->backoff = f->backoff ? MIN_OF(f->backoff * 2, 2 * USEC_PER_SEC) : USEC_PER_SEC / 10;
	f->retry_at = clock_now() + f->backoff;
}

/* After a failed command: an error reply leaves the connection usable, anything else does not. */
static void failed(struct feed *f, int code, const struct err *err)
{
	if (code == ERR_REMOTE && !strstr(err_msg(err), "NOGROUP"))
		log_warn("%s", err_msg(err));
	else
		disconnect(f, err_msg(err)); /* connecting makes the group again */
}

static int make_group(struct feed *f, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int r = redis_call(
		f->control, &reply, err, "XGROUP CREATE %s %s 0 MKSTREAM", KEY_QUEUE, QUEUE_GROUP);

	if (r == ERR_REMOTE && strstr(err_msg(err), "BUSYGROUP")) {
		err_done(err);
		return 0; /* it exists */
	}
	return r;
}

static long long number_after(const redisReply *list, const char *key)
{
	for (size_t i = 0; list && i + 1 < list->elements; i += 2)
		if (redis_is_str(list->element[i]) && !strcmp(list->element[i]->str, key) &&
			list->element[i + 1]->type == REDIS_REPLY_INTEGER)
			return list->element[i + 1]->integer;
	return -1;
}

/* Forget consumers that hold nothing and have not been heard of for long: every worker that ever
 * ran left one. */
static void forget_consumers(struct feed *f)
{
	_cleanup_reply_ redisReply *list = NULL;
	_cleanup_err_ struct err err = ERR_INIT;

	if (redis_call(f->control, &list, &err, "XINFO CONSUMERS %s %s", KEY_QUEUE, QUEUE_GROUP) <
		0)
		return;
	for (size_t i = 0; list->type == REDIS_REPLY_ARRAY && i < list->elements; i++) {
		const redisReply *one = list->element[i], *name = redis_at(one, 1);
		_cleanup_reply_ redisReply *reply = NULL;

		if (number_after(one, "pending") == 0 && redis_is_str(name) &&
			number_after(one, "idle") > FORGET_CONSUMER_MS &&
			redis_call(f->control, &reply, &err, "XGROUP DELCONSUMER %s %s %s",
				KEY_QUEUE, QUEUE_GROUP, name->str) < 0)
			return;
	}
}

static bool connected(const struct feed *f)
{
	return f->control && (f->reader || f->closed);
}

bool feed_ensure(struct feed *f)
{
	const char *password = buf_str(&f->c->password);
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	if (connected(f))
		return true;
	if (clock_now() < f->retry_at)
		return false;
	r = f->closed ? 0 : redis_open(&f->c->redis, password, REDIS_TIMEOUT_MS, &f->reader, &err);
	if (r == 0)
		r = redis_open(&f->c->redis, password, REDIS_TIMEOUT_MS, &f->control, &err);
	if (r == 0)
		r = make_group(f, &err);
	if (r < 0) {
		disconnect(f, err_msg(&err));
		return false;
	}
	f->backoff = 0;
	log_info("connected to redis as '%s'", f->consumer);
	forget_consumers(f);
	return true;
}

int feed_retry_in_ms(const struct feed *f)
{
	usec_t now = clock_now();

	if (connected(f))
		return 0;
	return now < f->retry_at ? (int)((f->retry_at - now) / USEC_PER_MSEC) + 1 : 1;
}

void feed_ask(struct feed *f, unsigned count)
{
	_cleanup_err_ struct err err = ERR_INIT;
	char n[16], block[16];
	const char *argv[] = {"XREADGROUP", "GROUP", QUEUE_GROUP, f->consumer, "COUNT", n, "BLOCK",
		block, "STREAMS", KEY_QUEUE, ">"};
	size_t lens[ARRAY_SIZE(argv)];
	int r;

	if (f->asked || f->closed || !f->reader || !count)
		return;
	snprintf(n, sizeof(n), "%u", count);
	snprintf(block, sizeof(block), "%d", BLOCK_MS);
	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		lens[i] = strlen(argv[i]);
	r = redis_queue(f->reader, (int)ARRAY_SIZE(argv), argv, lens, &err);
	if (r == 0)
		r = redis_flush(f->reader, &err);
	if (r < 0)
		failed(f, r, &err);
	else
		f->asked = true;
}

int feed_fd(const struct feed *f)
{
	return f->asked && f->reader ? redis_fd(f->reader) : -1;
}

static void deliver(struct feed *f, const redisReply *entry, unsigned deliveries)
{
	const redisReply *id = redis_at(entry, 0), *fields = redis_at(entry, 1);

	if (redis_is_str(id) && id->len < FEED_ID_MAX)
		f->on_entry(f->arg, id->str, fields, deliveries);
}

void feed_take(struct feed *f)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const redisReply *entries;
	int r = redis_take(f->reader, &reply, &err);

	if (r == 0 && !reply)
		return; /* not all of it yet */
	f->asked = false;
	if (r < 0) {
		failed(f, r, &err);
		return;
	}
	/* [[stream, [[id, fields], …]]]; nil when nothing came within BLOCK_MS */
	entries = redis_at(redis_at(reply, 0), 1);
	for (size_t i = 0; redis_at(entries, i); i++)
		deliver(f, redis_at(entries, i), 1);
}

/* How often @id was delivered; 1 when that is not known. */
static unsigned deliveries_of(struct feed *f, const char *id)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const redisReply *n;

	if (redis_call(f->control, &reply, &err, "XPENDING %s %s %s %s 1", KEY_QUEUE, QUEUE_GROUP,
		    id, id) < 0)
		return 1;
	n = redis_at(redis_at(reply, 0), 3);
	return n && n->type == REDIS_REPLY_INTEGER && n->integer > 0 ? (unsigned)n->integer : 1;
}

void feed_claim(struct feed *f, unsigned count)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const redisReply *next, *entries, *e;
	int r;

	if (!f->control || f->closed || !count)
		return;
	r = redis_call(f->control, &reply, &err, "XAUTOCLAIM %s %s %s %ld %s COUNT %u", KEY_QUEUE,
		QUEUE_GROUP, f->consumer, f->c->claim_idle_ms, f->cursor, count);
	if (r < 0) {
		failed(f, r, &err);
		return;
	}
	next = redis_at(reply, 0);
	entries = redis_at(reply, 1);
	if (redis_is_str(next) && next->len < sizeof(f->cursor))
		snprintf(f->cursor, sizeof(f->cursor), "%s", next->str);
	for (size_t i = 0; (e = redis_at(entries, i)); i++) {
		const redisReply *id = redis_at(e, 0);

		if (!redis_is_str(id)) /* deleted while pending (Redis 6.2 gives nil) */
			continue;
		log_info("taking over '%s'", id->str);
		deliver(f, e, f->control ? deliveries_of(f, id->str) : 1);
	}
}

/* XCLAIM of up to MAX_KEEP @ids by ourselves, which resets their idle time to @idle_ms; only those
 * idle for @min_idle_ms.  Does not count as a delivery. */
static int claim_own(struct feed *f, const char *const *ids, size_t n, long min_idle_ms,
	const char *idle_ms, struct err *err)
{
	const char *argv[MAX_KEEP + 16];
	_cleanup_reply_ redisReply *reply = NULL;
	char min_idle[24];
	int argc = 0;

	snprintf(min_idle, sizeof(min_idle), "%ld", min_idle_ms);
	argv[argc++] = "XCLAIM";
	argv[argc++] = KEY_QUEUE;
	argv[argc++] = QUEUE_GROUP;
	argv[argc++] = f->consumer;
	argv[argc++] = min_idle;
	for (size_t i = 0; i < n; i++)
		argv[argc++] = ids[i];
	argv[argc++] = "IDLE";
	argv[argc++] = idle_ms;
	argv[argc++] = "JUSTID";
	return redis_callv(f->control, &reply, argc, argv, NULL, err);
}

void feed_keep(struct feed *f, const char *const *ids, size_t n)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r = 0;

	/* Only what has been idle a little: an entry that another worker just took from us (we
	 * were stopped, perhaps) is not taken back. */
	for (size_t i = 0; i < n && r == 0 && f->control; i += MAX_KEEP)
		r = claim_own(f, ids + i, MIN_OF(n - i, (size_t)MAX_KEEP), f->c->claim_idle_ms / 8,
			"0", &err);
	if (r < 0)
		failed(f, r, &err);
}

static void list_add(struct id_list *l, const char *id)
{
	xgrow(l->v, l->n, l->cap);
	snprintf(l->v[l->n++], FEED_ID_MAX, "%s", id);
}

void feed_ack(struct feed *f, const char *id)
{
	list_add(&f->acks, id);
}

size_t feed_unflushed(const struct feed *f)
{
	return f->acks.n;
}

static int queue_ack(struct feed *f, const char *id, struct err *err)
{
	const char *ack[] = {"XACK", KEY_QUEUE, QUEUE_GROUP, id};
	const char *del[] = {"XDEL", KEY_QUEUE, id};
	int r = redis_queue(f->control, 4, ack, NULL, err);

	return r == 0 ? redis_queue(f->control, 3, del, NULL, err) : r;
}

/* Read @n replies; the first error is kept, but all are read unless the connection breaks. */
static int drain(struct feed *f, size_t n, struct err *err)
{
	int first = 0;

	while (n--) {
		_cleanup_reply_ redisReply *reply = NULL;
		_cleanup_err_ struct err e = ERR_INIT;
		int r = redis_next(f->control, &reply, &e);

		if (r < 0 && first == 0)
			first = err_move(err, &e);
		if (r < 0 && r != ERR_REMOTE)
			return first;
	}
	return first;
}

void feed_flush(struct feed *f)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r = 0;

	if (!f->acks.n || !f->control)
		return;
	for (size_t i = 0; i < f->acks.n && r == 0; i++)
		r = queue_ack(f, f->acks.v[i], &err);
	if (r == 0)
		r = drain(f, 2 * f->acks.n, &err);
	if (r < 0)
		failed(f, r, &err); /* the list stays: acknowledging twice does no harm */
	else
		f->acks.n = 0;
}

int feed_bury(struct feed *f, const struct entry_command *cmd, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL, *trimmed = NULL;
	int r;

	if (!f->control)
		return err_set(err, -ENOTCONN, "redis is not connected");
	r = redis_callv(f->control, &reply, cmd->argc, (const char **)cmd->argv, cmd->lens, err);
	if (r == 0)
		r = redis_call(f->control, &trimmed, err, "XTRIM %s MAXLEN ~ %ld", KEY_DEAD,
			f->c->max_dead);
	if (r < 0)
		failed(f, r, err);
	return r;
}

static bool contains(const char *const *ids, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(ids[i], id))
			return true;
	return false;
}

/* Make the pending entries of @list that are not among @keep look long forgotten. */
static int hand_over(struct feed *f, const redisReply *list, const char *const *keep, size_t n,
	size_t *ret_kept, struct err *err)
{
	const char *ids[MAX_KEEP];
	size_t k = 0, total = list->type == REDIS_REPLY_ARRAY ? list->elements : 0;
	int r = 0;

	*ret_kept = 0;
	for (size_t i = 0; i < total && r == 0; i++) {
		const redisReply *id = redis_at(list->element[i], 0);

		if (redis_is_str(id) && !contains(keep, n, id->str))
			ids[k++] = id->str;
		else
			(*ret_kept)++;
		if (k == MAX_KEEP || (k && i + 1 == total)) {
			r = claim_own(f, ids, k, 0, "86400000", err);
			k = 0;
		}
	}
	return r;
}

void feed_release(struct feed *f, const char *const *ids, size_t n)
{
	_cleanup_reply_ redisReply *list = NULL, *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	size_t kept = 0;
	int r;

	f->closed = true;
	f->asked = false;
	if (f->reader && f->control)
		redis_free(TAKE_PTR(f->reader)); /* so that it is given nothing more */
	feed_flush(f);
	if (!f->control)
		return; /* after the idle time others will take them */
	r = redis_call(f->control, &list, &err, "XPENDING %s %s - + %d %s", KEY_QUEUE, QUEUE_GROUP,
		MAX_PENDING_LIST, f->consumer);
	if (r == 0)
		r = hand_over(f, list, ids, n, &kept, &err);
	if (r == 0 && list->type == REDIS_REPLY_ARRAY && list->elements == 0 && n == 0)
		r = redis_call(f->control, &reply, &err, "XGROUP DELCONSUMER %s %s %s", KEY_QUEUE,
			QUEUE_GROUP, f->consumer);
	if (r < 0)
		log_warn("handing over: %s", err_msg(&err));
}
