/* Which queues there are, and taking over what dead workers left in them: see feed.h. */
#include "faas/common/log.h"
#include "faas/worker/feed_state.h"
#include "lib/base/xalloc.h"

enum {
	FORGET_CONSUMER_MS = 3600000,
	FORGET_QUEUE_MS = 3600000,
};

static const usec_t LOOK_EVERY = USEC_PER_SEC;
static const usec_t FORGET_EVERY = 300 * USEC_PER_SEC;

static const char *shown(const struct lane *l)
{
	return *l->name ? l->name : QUEUE_DEFAULT;
}

/* True when @name is in $SVARM_QUEUES, a list with commas, or that is empty. */
static bool served(const struct feed *f, const char *name)
{
	size_t n = strlen(name), len;

	for (const char *p = f->c->queues; *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if (len == n && !memcmp(p, name, n))
			return true;
	}
	return !*f->c->queues;
}

static struct lane *find(const struct feed *f, const char *name)
{
	for (size_t i = 0; i < f->lanes_n; i++)
		if (!strcmp(f->lanes[i]->name, name))
			return f->lanes[i];
	return NULL;
}

static int make_group(struct feed *f, const struct lane *l, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int r = redis_call(
		f->control, &reply, err, "XGROUP CREATE %s %s 0 MKSTREAM", l->stream, QUEUE_GROUP);

	if (r == ERR_REMOTE && strstr(err_msg(err), "BUSYGROUP")) {
		err_done(err);
		return 0; /* it exists */
	}
	return r;
}

static void add_lane(struct feed *f, const char *name)
{
	struct lane *l = find(f, name);

	if (l) {
		l->gone = false;
		return;
	}
	if (f->lanes_n == ARRAY_SIZE(f->lanes))
		return;
	l = xcalloc(1, sizeof(*l));
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->stream, sizeof(l->stream), "%s%s%s", KEY_QUEUE, *name ? ":" : "", name);
	snprintf(l->cursor, sizeof(l->cursor), "0-0");
	f->lanes[f->lanes_n++] = l;
	log_info("serving queue '%s'", shown(l));
}

/* Lanes whose queue is gone stay until nothing refers to them. */
static void drop_gone(struct feed *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->lanes_n; i++) {
		struct lane *l = f->lanes[i];

		if (!l->gone || l->held || l->acks.n) {
			f->lanes[n++] = l;
			continue;
		}
		free(l->acks.v);
		free(l);
	}
	f->lanes_n = n;
}

/* Take the names in the answer @set; @all: make the groups of known lanes too. */
static int take_names(struct feed *f, const redisReply *set, bool all, struct err *err)
{
	size_t known = f->lanes_n;
	const redisReply *name;
	int r = 0;

	for (size_t i = 0; i < f->lanes_n; i++)
		f->lanes[i]->gone = true;
	if (served(f, QUEUE_DEFAULT))
		add_lane(f, "");
	for (size_t i = 0; (name = redis_at(set, i)); i++)
		if (redis_is_str(name) && strlen(name->str) == name->len &&
			name_is_queue(name->str) && served(f, name->str))
			add_lane(f, name->str);
	for (size_t i = all ? 0 : known; i < f->lanes_n && r == 0; i++)
		if (!f->lanes[i]->gone)
			r = make_group(f, f->lanes[i], err);
	if (!f->acking_n) /* which refers to lanes */
		drop_gone(f);
	return r;
}

static int read_lanes(struct feed *f, bool all, struct err *err)
{
	_cleanup_reply_ redisReply *set = NULL;
	int r = redis_call(f->control, &set, err, "SMEMBERS %s", KEY_QUEUES);

	f->next_look = clock_now() + LOOK_EVERY;
	return r == 0 ? take_names(f, set, all, err) : r;
}

int feed_read_lanes(struct feed *f, struct err *err)
{
	return read_lanes(f, true, err);
}

/* ---- what nobody uses any more ---- */

static long long number_after(const redisReply *list, const char *key)
{
	for (size_t i = 0; list && i + 1 < list->elements; i += 2)
		if (redis_is_str(list->element[i]) && !strcmp(list->element[i]->str, key) &&
			list->element[i + 1]->type == REDIS_REPLY_INTEGER)
			return list->element[i + 1]->integer;
	return -1;
}

/* Consumers that hold nothing and have not been heard of for long: every worker that was killed
 * left one. */
static int forget_consumers(struct feed *f, const struct lane *l, struct err *err)
{
	_cleanup_reply_ redisReply *list = NULL;
	int r = redis_call(f->control, &list, err, "XINFO CONSUMERS %s %s", l->stream, QUEUE_GROUP);

	for (size_t i = 0; r == 0 && redis_at(list, i); i++) {
		const redisReply *one = redis_at(list, i), *name = redis_at(one, 1);
		const char *argv[] = {NULL, NULL, "1", l->stream, QUEUE_GROUP,
			redis_is_str(name) ? name->str : ""};
		_cleanup_reply_ redisReply *reply = NULL;

		if (number_after(one, "pending") == 0 &&
			number_after(one, "idle") > FORGET_CONSUMER_MS)
			r = feed_script(f, SCRIPT_LEAVE, (int)ARRAY_SIZE(argv), argv, &reply, err);
	}
	return r;
}

static int forget_queue(struct feed *f, const struct lane *l, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	char age[16];
	const char *argv[] = {NULL, NULL, "2", l->stream, KEY_QUEUES, l->name, age};

	snprintf(age, sizeof(age), "%d", FORGET_QUEUE_MS);
	return feed_script(f, SCRIPT_FORGET, (int)ARRAY_SIZE(argv), argv, &reply, err);
}

void feed_look(struct feed *f)
{
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t now = clock_now();
	int r;

	if (!f->control || f->closed || now < f->next_look)
		return;
	r = read_lanes(f, false, &err);
	if (r == 0 && now >= f->next_forget) {
		f->next_forget = now + FORGET_EVERY;
		for (size_t i = 0; i < f->lanes_n && r == 0; i++) {
			r = forget_consumers(f, f->lanes[i], &err);
			if (r == 0 && *f->lanes[i]->name)
				r = forget_queue(f, f->lanes[i], &err);
		}
	}
	if (r < 0)
		feed_failed(f, r, &err);
}

/* ---- work of the dead ---- */

/* How often @id was delivered; 1 when that is not known. */
static unsigned deliveries_of(struct feed *f, const struct lane *l, const char *id)
{
	_cleanup_reply_ redisReply *reply = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const redisReply *n;

	if (!f->control || redis_call(f->control, &reply, &err, "XPENDING %s %s %s %s 1", l->stream,
				   QUEUE_GROUP, id, id) < 0)
		return 1;
	n = redis_at(redis_at(reply, 0), 3);
	return n && n->type == REDIS_REPLY_INTEGER && n->integer > 0 ? (unsigned)n->integer : 1;
}

/* Returns how many entries came, or a negative code. */
static int claim_lane(struct feed *f, struct lane *l, unsigned count, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	const redisReply *next, *entries, *e;
	int r, taken = 0;

	r = redis_call(f->control, &reply, err, "XAUTOCLAIM %s %s %s %ld %s COUNT %u", l->stream,
		QUEUE_GROUP, f->consumer, f->c->claim_idle_ms, l->cursor, count);
	if (r < 0)
		return r;
	next = redis_at(reply, 0);
	entries = redis_at(reply, 1);
	if (redis_is_str(next) && next->len < sizeof(l->cursor))
		snprintf(l->cursor, sizeof(l->cursor), "%s", next->str);
	for (size_t i = 0; (e = redis_at(entries, i)); i++) {
		const redisReply *id = redis_at(e, 0);

		/* not so when it was deleted while pending (Redis 6.2 gives nil) */
		if (!redis_is_str(id) || id->len >= FEED_ID_MAX)
			continue;
		taken++;
		log_info("taking over '%s'", id->str);
		f->on_entry(f->arg, l, id->str, redis_at(e, 1), deliveries_of(f, l, id->str));
	}
	return taken;
}

bool feed_claim(struct feed *f, unsigned count)
{
	_cleanup_err_ struct err err = ERR_INIT;
	size_t n = f->lanes_n;
	bool more = false;

	count = MIN_OF(count, (unsigned)FEED_MAX_ENTRIES);
	for (size_t i = 0; i < n && count && f->control && !f->closed; i++) {
		struct lane *l = f->lanes[(f->claim_turn + i) % n];
		int r = l->gone ? 0 : claim_lane(f, l, count, &err);

		if (r < 0) {
			feed_failed(f, r, &err);
			return false;
		}
		count -= MIN_OF((unsigned)r, count);
		more |= r > 0 && strcmp(l->cursor, "0-0") != 0;
	}
	f->claim_turn++;
	return more || !count;
}
