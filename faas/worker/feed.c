/* Connections to the queue, and reading from it: see feed.h. */
#include "faas/worker/feed.h"

#include <sys/random.h>
#include <unistd.h>

#include "faas/common/log.h"
#include "faas/worker/feed_state.h"
#include "lib/base/xalloc.h"

enum {
	REDIS_TIMEOUT_MS = 5000,
	BLOCK_MS = 2000, /* well below REDIS_TIMEOUT_MS */
};

/* How long a queue that was empty counts as empty. */
static const usec_t QUIET = 5 * USEC_PER_MSEC;

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
	return f;
}

static void close_all(struct feed *f)
{
	redis_free(TAKE_PTR(f->reader));
	redis_free(TAKE_PTR(f->acker));
	redis_free(TAKE_PTR(f->control));
	f->asked = false;
	f->acking_n = f->acking_at = 0;
	for (size_t i = 0; i < f->lanes_n; i++) {
		f->lanes[i]->asked = false;
		f->lanes[i]->acks_sent = 0;
	}
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	close_all(f);
	while (f->lanes_n) {
		free(f->lanes[--f->lanes_n]->acks.v);
		free(f->lanes[f->lanes_n]);
	}
	free(f);
}

static void disconnect(struct feed *f, const char *why)
{
	log_warn("%s", why);
	close_all(f);
	f->backoff = f->backoff ? MIN_OF(f->backoff * 2, 2 * USEC_PER_SEC) : USEC_PER_SEC / 10;
	f->retry_at = clock_now() + f->backoff;
}

/* Refusals after which asking again at once is no use.  Connecting makes groups and scripts again,
 * and fails, ever more slowly, for as long as Redis takes no writes (a full disk, say). */
static bool needs_connecting(const char *refusal)
{
	static const char *const words[] = {
		"NOGROUP", "NOSCRIPT", "MISCONF", "READONLY", "NOREPLICAS"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(refusal, words[i]))
			return true;
	return false;
}

void feed_failed(struct feed *f, int code, const struct err *err)
{
	if (code == ERR_REMOTE && !needs_connecting(err_msg(err)))
		log_warn("%s", err_msg(err));
	else
		disconnect(f, err_msg(err));
}

static int open_reader(struct feed *f, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int r = redis_open(
		&f->c->redis, buf_str(&f->c->password), REDIS_TIMEOUT_MS, &f->reader, err);

	if (r == 0)
		r = redis_call(f->reader, &reply, err, "CLIENT ID");
	if (r == 0)
		f->reader_id = reply->integer;
	return r;
}

static int connect_all(struct feed *f, struct err *err)
{
	const char *password = buf_str(&f->c->password);
	int r = f->closed ? 0 : open_reader(f, err);

	if (r == 0)
		r = redis_open(&f->c->redis, password, REDIS_TIMEOUT_MS, &f->acker, err);
	if (r == 0)
		r = redis_open(&f->c->redis, password, REDIS_TIMEOUT_MS, &f->control, err);
	for (int i = 0; i < N_SCRIPTS && r == 0; i++)
		r = redis_script(f->control, feed_scripts[i], f->shas[i], err);
	return r == 0 ? feed_read_lanes(f, err) : r;
}

static bool connected(const struct feed *f)
{
	return f->control && f->acker && (f->reader || f->closed);
}

bool feed_ensure(struct feed *f)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (connected(f))
		return true;
	if (clock_now() < f->retry_at)
		return false;
	if (connect_all(f, &err) < 0) {
		disconnect(f, err_msg(&err));
		return false;
	}
	f->backoff = 0;
	log_info("connected to redis as '%s'", f->consumer);
	return true;
}

int feed_retry_in_ms(const struct feed *f)
{
	usec_t now = clock_now();

	if (connected(f))
		return 0;
	return now < f->retry_at ? (int)((f->retry_at - now) / USEC_PER_MSEC) + 1 : 1;
}

struct lane *const *feed_lanes(const struct feed *f, size_t *ret_n)
{
	*ret_n = f->lanes_n;
	return f->lanes;
}

/* ---- questions ---- */

/*
 * The lanes to ask, and how many entries each may give; returns how many lanes.  Redis gives up to
 * that number from *each*, so only as many are asked as there is room for, in turn, and they are
 * not waited on.  Only when all that want something have just been seen empty are they waited on,
 * all together: then the first entry that comes ends it.
 */
static size_t choose(
	struct feed *f, unsigned count, struct lane **ret, unsigned *ret_each, bool *ret_wait)
{
	size_t most = MIN_OF(count, (unsigned)FEED_MAX_ENTRIES), n = 0, wanting = 0, last = 0;
	usec_t now = clock_now();
	unsigned each = FEED_MAX_ENTRIES;

	for (size_t i = 0; i < f->lanes_n; i++)
		wanting += !f->lanes[i]->gone && f->lanes[i]->want;
	for (size_t i = 0; i < f->lanes_n && wanting > 1 && n < most; i++) {
		struct lane *l = f->lanes[(f->turn + i) % f->lanes_n];

		if (l->gone || !l->want || now < l->quiet_until)
			continue;
		ret[n++] = l;
		last = i + 1;
	}
	f->turn += last;
	*ret_wait = !n;
	for (size_t i = 0; i < f->lanes_n && *ret_wait; i++)
		if (!f->lanes[i]->gone && f->lanes[i]->want)
			ret[n++] = f->lanes[i];
	for (size_t i = 0; i < n; i++)
		each = MIN_OF(each, ret[i]->want);
	*ret_each = n ? MAX_OF(MIN_OF(each, (unsigned)(most / n)), 1u) : 0;
	return n;
}

/* True when the question under way leaves out a lane that wants something. */
static bool leaves_out(const struct feed *f)
{
	for (size_t i = 0; i < f->lanes_n; i++)
		if (f->lanes[i]->want && !f->lanes[i]->asked && !f->lanes[i]->gone)
			return true;
	return false;
}

/* Let the question under way come back empty, so that a better one can be asked. */
static void take_back(struct feed *f)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	int r = redis_call(f->control, &reply, &err, "CLIENT UNBLOCK %lld", f->reader_id);

	if (r < 0) {
		feed_failed(f, r, &err);
		return;
	}
	/* 0: it was not waiting, so its answer is on the way. */
	f->waiting = reply->integer != 1;
}

static int send_question(struct feed *f, struct lane *const *lanes, size_t n, unsigned each,
	bool wait, struct err *err)
{
	const char *argv[2 * FEED_MAX_LANES + 12];
	char count[16], block[16];
	int argc = 0, r;

	snprintf(count, sizeof(count), "%u", each);
	snprintf(block, sizeof(block), "%d", BLOCK_MS);
	argv[argc++] = "XREADGROUP";
	argv[argc++] = "GROUP";
	argv[argc++] = QUEUE_GROUP;
	argv[argc++] = f->consumer;
	argv[argc++] = "COUNT";
	argv[argc++] = count;
	if (wait) {
		argv[argc++] = "BLOCK";
		argv[argc++] = block;
	}
	argv[argc++] = "STREAMS";
	for (size_t i = 0; i < n; i++)
		argv[argc++] = lanes[i]->stream;
	for (size_t i = 0; i < n; i++)
		argv[argc++] = ">";
	r = redis_queue(f->reader, argc, argv, NULL, err);
	return r == 0 ? redis_flush(f->reader, err) : r;
}

void feed_ask(struct feed *f, unsigned count)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct lane *lanes[FEED_MAX_LANES];
	unsigned each;
	bool wait;
	size_t n;
	int r;

	if (f->closed || !f->reader || !count)
		return;
	if (f->asked) {
		if (f->waiting && leaves_out(f))
			take_back(f);
		return;
	}
	n = choose(f, count, lanes, &each, &wait);
	if (!n)
		return;
	r = send_question(f, lanes, n, each, wait, &err);
	if (r < 0) {
		feed_failed(f, r, &err);
		return;
	}
	f->asked = true;
	f->waiting = wait;
	for (size_t i = 0; i < n; i++)
		lanes[i]->asked = true;
}

void feed_fds(const struct feed *f, int *ret_reader, int *ret_acks)
{
	*ret_reader = f->asked && f->reader ? redis_fd(f->reader) : -1;
	*ret_acks = f->acking_n && f->acker ? redis_fd(f->acker) : -1;
}

static struct lane *lane_of(struct feed *f, const redisReply *stream)
{
	for (size_t i = 0; i < f->lanes_n; i++)
		if (redis_is_str(stream) && !strcmp(f->lanes[i]->stream, stream->str))
			return f->lanes[i];
	return NULL;
}

/* Hand over the entries of one stream.  Each is freed at once: with what the work keeps of it, two
 * copies of all of them would not fit into memory. */
static void deliver(struct feed *f, struct lane *lane, redisReply *entries)
{
	for (size_t i = 0; redis_at(entries, i); i++) {
		const redisReply *id = redis_at(entries->element[i], 0);

		if (redis_is_str(id) && id->len < FEED_ID_MAX)
			f->on_entry(f->arg, lane, id->str, redis_at(entries->element[i], 1), 1);
		freeReplyObject(entries->element[i]);
		entries->element[i] = NULL;
	}
}

void feed_take(struct feed *f)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t now = clock_now();
	int r;

	if (!f->asked)
		return;
	r = redis_take(f->reader, &reply, &err);
	if (r == 0 && !reply)
		return; /* not all of it yet */
	f->asked = false;
	for (size_t i = 0; i < f->lanes_n; i++) {
		if (f->lanes[i]->asked)
			f->lanes[i]->quiet_until = now + QUIET;
		f->lanes[i]->asked = false;
	}
	if (r < 0) {
		feed_failed(f, r, &err);
		return;
	}
	/* [[stream, [[id, fields], …]], …]; nil when nothing came in time */
	for (size_t i = 0; redis_at(reply, i); i++) {
		const redisReply *one = redis_at(reply, i);
		struct lane *lane = lane_of(f, redis_at(one, 0));

		if (!lane || !redis_at(one, 1))
			continue;
		lane->quiet_until = 0;
		deliver(f, lane, one->element[1]);
	}
}
