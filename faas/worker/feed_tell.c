/*
 * Telling Redis what became of entries: see feed.h.  In scripts, because each first looks whether
 * the entry is still ours, and what depends on that must not come between.  In all of them KEYS[1]
 * is the queue's stream, ARGV[1] the group and ARGV[2] the consumer.
 */
#include "faas/common/log.h"
#include "faas/worker/feed_state.h"
#include "lib/base/xalloc.h"

enum { MAX_PENDING_LIST = 10000 };

#define OURS(id) "#redis.call('XPENDING', KEYS[1], ARGV[1], " id ", " id ", 1, ARGV[2]) > 0"
#define DONE(id) \
	"redis.call('XACK', KEYS[1], ARGV[1], " id ") redis.call('XDEL', KEYS[1], " id ")\n"

const char *const feed_scripts[N_SCRIPTS] = {
	/* ARGV[3…]: ids.  How many were ours. */
	[SCRIPT_ACK] = "local n = 0\n"
		       "for i = 3, #ARGV do\n"
		       "  if " OURS("ARGV[i]") " then n = n + 1 " DONE("ARGV[i]") "  end\n"
										  "end\n"
										  "return n\n",
	/* ARGV[3…]: ids.  Their idle time begins again; those that are not ours are returned. */
	[SCRIPT_KEEP] =
		"local lost = {}\n"
		"for i = 3, #ARGV do\n"
		"  if " OURS(
			"ARGV[i]") " then\n"
				   "    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i],"
				   " 'IDLE', 0, 'JUSTID')\n"
				   "  else lost[#lost + 1] = ARGV[i] end\n"
				   "end\n"
				   "return lost\n",
	/* KEYS[2]: dead letters; ARGV[3]: id, ARGV[4]: their number, then three values. */
	[SCRIPT_BURY] = "if not (" OURS(
		"ARGV[3]") ") then return 0 end\n"
			   "local e = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]\n"
			   "if e then\n"
			   "  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'reason', "
			   "ARGV[5],"
			   " 'status', ARGV[6], 'attempts', ARGV[7], unpack(e[2], 1,"
			   " math.min(#e[2], 100)))\n"
			   "end\n" DONE("ARGV[3]") "return 1\n",
	/* ARGV[3…]: id and attempts, in turn.  Each becomes the last of its queue. */
	[SCRIPT_GIVE_BACK] =
		"for i = 3, #ARGV, 2 do\n"
		"  local e = " OURS(
			"ARGV[i]") " and"
				   " redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]\n"
				   "  if e then\n"
				   "    local f = {}\n"
				   "    for k = 1, math.min(#e[2], 100), 2 do\n"
				   "      if e[2][k] ~= 'n' then\n"
				   "        f[#f + 1] = e[2][k] f[#f + 1] = e[2][k + 1]\n"
				   "      end\n"
				   "    end\n"
				   "    if ARGV[i + 1] ~= '0' then\n"
				   "      f[#f + 1] = 'n' f[#f + 1] = ARGV[i + 1]\n"
				   "    end\n"
				   "    redis.call('XADD', KEYS[1], '*', unpack(f))\n"
				   "    " DONE("ARGV[i]") "  end\n"
							  "end\n",
	/* The consumer goes when it holds nothing. */
	[SCRIPT_LEAVE] =
		"if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then\n"
		"  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])\n"
		"end\n",
	/* KEYS[2]: the set of names; ARGV[1]: this one, ARGV[2]: ms since the last entry came. */
	[SCRIPT_FORGET] = "if redis.call('XLEN', KEYS[1]) > 0 then return 0 end\n"
			  "local info, last = {}, '0'\n"
			  "if redis.call('EXISTS', KEYS[1]) == 1 then\n"
			  "  info = redis.call('XINFO', 'STREAM', KEYS[1])\n"
			  "end\n"
			  "for i = 1, #info, 2 do\n"
			  "  if info[i] == 'last-generated-id' then last = info[i + 1] end\n"
			  "end\n"
			  "local now = tonumber(redis.call('TIME')[1]) * 1000\n"
			  "if now - tonumber(string.match(last, '^%d+')) < tonumber(ARGV[2]) then\n"
			  "  return 0\n"
			  "end\n"
			  "redis.call('DEL', KEYS[1])\n"
			  "redis.call('SREM', KEYS[2], ARGV[1])\n"
			  "return 1\n",
};

int feed_script(struct feed *f, enum script script, int argc, const char **argv, redisReply **ret,
	struct err *err)
{
	argv[0] = "EVALSHA";
	argv[1] = f->shas[script];
	return redis_callv(f->control, ret, argc, argv, NULL, err);
}

/* The first words of a command on @lane's entries; returns their number. */
static int begin(const struct feed *f, const struct lane *lane, const char **argv)
{
	argv[2] = "1";
	argv[3] = lane->stream;
	argv[4] = QUEUE_GROUP;
	argv[5] = f->consumer;
	return 6;
}

/* ---- keeping ---- */

void feed_keep(struct feed *f, struct lane *lane, const char *const *ids, size_t n,
	void (*lost)(void *arg, struct lane *lane, const char *id))
{
	const char *argv[FEED_MAX_IDS + 6];
	_cleanup_err_ struct err err = ERR_INIT;

	for (size_t done = 0; done < n && f->control;) {
		_cleanup_reply_ redisReply *reply = NULL;
		int argc = begin(f, lane, argv), r;

		while (done < n && argc < (int)ARRAY_SIZE(argv))
			argv[argc++] = ids[done++];
		r = feed_script(f, SCRIPT_KEEP, argc, argv, &reply, &err);
		if (r < 0) {
			feed_failed(f, r, &err);
			return;
		}
		for (size_t i = 0; redis_at(reply, i); i++)
			if (redis_is_str(redis_at(reply, i)))
				lost(f->arg, lane, redis_at(reply, i)->str);
	}
}

/* ---- acknowledgements ---- */

void feed_ack(struct feed *f, struct lane *lane, const char *id)
{
	struct id_list *l = &lane->acks;

	xgrow(l->v, l->n, l->cap);
	snprintf(l->v[l->n++], FEED_ID_MAX, "%s", id);
}

size_t feed_unflushed(const struct feed *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->lanes_n; i++)
		n += f->lanes[i]->acks.n;
	return n;
}

static int send_acks(struct feed *f, struct lane *lane, struct err *err)
{
	const char *argv[FEED_MAX_IDS + 6] = {"EVALSHA", f->shas[SCRIPT_ACK]};
	int argc = begin(f, lane, argv), r;

	while (lane->acks_sent < lane->acks.n && argc < (int)ARRAY_SIZE(argv))
		argv[argc++] = lane->acks.v[lane->acks_sent++];
	r = redis_queue(f->acker, argc, argv, NULL, err);
	if (r == 0)
		f->acking[f->acking_n++] = lane;
	return r;
}

/* What comes while an answer is awaited is sent together after it. */
void feed_flush(struct feed *f)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r = 0;

	if (!f->acker || f->acking_n)
		return;
	for (size_t i = 0; i < f->lanes_n && r == 0; i++)
		if (f->lanes[i]->acks.n)
			r = send_acks(f, f->lanes[i], &err);
	if (r == 0 && f->acking_n)
		r = redis_flush(f->acker, &err);
	if (r < 0)
		feed_failed(f, r, &err); /* the lists stay: acknowledging twice does no harm */
}

void feed_take_acks(struct feed *f)
{
	while (f->acking_n) {
		_cleanup_reply_ redisReply *reply = NULL;
		_cleanup_err_ struct err err = ERR_INIT;
		struct lane *lane = f->acking[f->acking_at];
		int r = redis_take(f->acker, &reply, &err);

		if (r == 0 && !reply)
			return;
		if (r < 0) {
			/* The list stays.  Also when Redis refuses: asked again at once it would
			 * say the same, and connecting anew takes its time. */
			feed_failed(f, -EIO, &err);
			return;
		}
		if (++f->acking_at == f->acking_n)
			f->acking_at = f->acking_n = 0;
		lane->acks.n -= lane->acks_sent;
		memmove(lane->acks.v, lane->acks.v + lane->acks_sent,
			lane->acks.n * sizeof(*lane->acks.v));
		lane->acks_sent = 0;
	}
}

/* ---- dead letters ---- */

int feed_bury(struct feed *f, struct lane *lane, const char *id, const char *reason, int status,
	unsigned attempts, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	char max[24], status_text[16], attempts_text[16];
	const char *argv[] = {NULL, NULL, "2", lane->stream, KEY_DEAD, QUEUE_GROUP, f->consumer, id,
		max, reason, status_text, attempts_text};
	int r;

	if (!f->control)
		return err_set(err, -ENOTCONN, "redis is not connected");
	snprintf(max, sizeof(max), "%ld", f->c->max_dead);
	snprintf(status_text, sizeof(status_text), "%d", status);
	snprintf(attempts_text, sizeof(attempts_text), "%u", attempts);
	r = feed_script(f, SCRIPT_BURY, (int)ARRAY_SIZE(argv), argv, &reply, err);
	if (r < 0)
		feed_failed(f, r, err);
	return r;
}

/* ---- the end ---- */

void feed_close(struct feed *f)
{
	f->closed = true;
	f->asked = false;
	if (f->reader && f->control)
		redis_free(TAKE_PTR(f->reader)); /* so that it is given nothing more */
}

static bool is_done(const struct lane *lane, const char *id)
{
	for (size_t i = 0; i < lane->acks.n; i++)
		if (!strcmp(lane->acks.v[i], id))
			return true;
	return false;
}

/* Give back the pending entries of @list but those to be kept. */
static int give_back(struct feed *f, struct lane *lane, const redisReply *list,
	bool (*keep)(void *arg, struct lane *lane, const char *id),
	unsigned (*tried)(void *arg, struct lane *lane, const char *id), void *arg, struct err *err)
{
	enum { PAIRS = 16 }; /* few: their bodies are copied within one script */
	const char *argv[2 * PAIRS + 6];
	char numbers[PAIRS][16];
	const redisReply *id;
	int r = 0, argc = begin(f, lane, argv);

	for (size_t i = 0; r == 0 && redis_at(list, i); i++) {
		_cleanup_reply_ redisReply *reply = NULL;

		id = redis_at(redis_at(list, i), 0);
		if (redis_is_str(id) && !is_done(lane, id->str) &&
			!(keep && keep(arg, lane, id->str))) {
			char *n = numbers[(argc - 6) / 2];

			snprintf(n, sizeof(numbers[0]), "%u", tried(arg, lane, id->str));
			argv[argc++] = id->str;
			argv[argc++] = n;
		}
		if (argc == (int)ARRAY_SIZE(argv) || (argc > 6 && !redis_at(list, i + 1))) {
			r = feed_script(f, SCRIPT_GIVE_BACK, argc, argv, &reply, err);
			argc = 6;
		}
	}
	return r;
}

static int release_lane(struct feed *f, struct lane *lane,
	bool (*keep)(void *arg, struct lane *lane, const char *id),
	unsigned (*tried)(void *arg, struct lane *lane, const char *id), void *arg, struct err *err)
{
	_cleanup_reply_ redisReply *list = NULL, *reply = NULL;
	const char *leave[6];
	int r;

	r = redis_call(f->control, &list, err, "XPENDING %s %s - + %d %s", lane->stream,
		QUEUE_GROUP, MAX_PENDING_LIST, f->consumer);
	if (r == 0)
		r = give_back(f, lane, list, keep, tried, arg, err);
	if (r == 0 && !keep)
		r = feed_script(f, SCRIPT_LEAVE, begin(f, lane, leave), leave, &reply, err);
	return r;
}

void feed_release(struct feed *f, bool (*keep)(void *arg, struct lane *lane, const char *id),
	unsigned (*tried)(void *arg, struct lane *lane, const char *id), void *arg)
{
	_cleanup_err_ struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < f->lanes_n && r == 0 && f->control; i++)
		r = release_lane(f, f->lanes[i], keep, tried, arg, &err);
	if (r < 0)
		log_warn("giving back: %s", err_msg(&err)); /* others take it when it is old */
}
