/*
 * The queue and the store that it lives in, by what one gateway asked Redis: does anything pile up,
 * and would it survive.
 */
#include "lib/ext/json.h"
#include "probe/judge.h"

enum { MAX_SAID = 4096 };

/* A call that no worker takes for so long waits behind more than there are slots for. */
static const double lag_warn = 60, lag_fail = 600;
static const double dead_recent = 86400;
static const double memory_warn = 0.80, memory_fail = 0.95;

/* What the gateway said to @kind; NULL when that cannot be judged: then there is a row. */
static json_t *ask(struct judge *j, enum action_kind kind, const struct spec_node **ret_node)
{
	const struct action *a = NULL;
	json_t *o = NULL;

	if (skip_openfaas(j, NULL))
		return NULL;
	a = action_anywhere(j->ev, kind, ret_node);
	if (action_failed(j, a, *ret_node))
		return NULL;
	/* action_read() has found it to be an object. */
	if (json_parse(a->said, strlen(a->said), MAX_SAID, &o, NULL) < 0)
		found(j, *ret_node, HEALTH_SKIP, "the gateway does not say");
	return o;
}

void judge_lag(struct judge *j)
{
	const struct spec_node *node;
	_cleanup_json_ json_t *o = ask(j, ACTION_QUEUE, &node);
	struct health_result *r;
	json_int_t waiting;
	const char *queue;
	double age;

	if (!o)
		return;
	waiting = json_int(o, "waiting", 0);
	age = (double)json_int(o, "oldest_waiting_ms", 0) / 1000;
	queue = json_str(o, "queue");
	if (age < lag_warn) {
		found(j, NULL, HEALTH_OK, "%lld waiting, %lld being made", (long long)waiting,
			(long long)json_int(o, "pending", 0));
		return;
	}
	r = found(j, NULL, age >= lag_fail ? HEALTH_FAIL : HEALTH_WARN,
		"%lld waiting, the oldest for %s in '%s'", (long long)waiting, span(j, age),
		shown(j, queue ? queue : "?", 70));
	remedy(j, r,
		"'svarm queue status'; more at once: 'faas.queue.max_inflight', more workers, or "
		"faster functions");
}

void judge_dead(struct judge *j)
{
	const struct spec_node *node;
	_cleanup_json_ json_t *o = ask(j, ACTION_QUEUE, &node);
	struct health_result *r;
	json_int_t dead;
	double newest;

	if (!o)
		return;
	dead = json_int(o, "dead", 0);
	newest = (double)json_int(o, "newest_dead_ms", -1) / 1000;
	if (dead <= 0) {
		found(j, NULL, HEALTH_OK, "none");
		return;
	}
	r = found(j, NULL, newest >= 0 && newest < dead_recent ? HEALTH_WARN : HEALTH_NOTE,
		"%lld given up, the last %s ago", (long long)dead, span(j, MAX_OF(newest, 0.0)));
	remedy(j, r,
		"'svarm queue dead' says why; then 'svarm queue replay' or 'svarm queue purge'");
}

void judge_workers(struct judge *j)
{
	const struct spec_node *node;
	_cleanup_json_ json_t *o = ask(j, ACTION_QUEUE, &node);
	const size_t wanted = cluster_count(j->ev->cluster, ROLE_WORKER);
	struct health_result *r;
	json_int_t workers;

	if (!o)
		return;
	workers = json_int(o, "workers", 0);
	if (workers < 0 || (size_t)workers < wanted) {
		r = found(j, NULL, workers > 0 ? HEALTH_WARN : HEALTH_FAIL,
			"%lld of %zu heard of within 10 s", (long long)workers, wanted);
		remedy(j, r,
			"on a manager: 'docker service ps svarm_queue-worker', 'docker service "
			"logs svarm_queue-worker'");
	} else {
		found(j, NULL, HEALTH_OK, "%lld heard of within 10 s", (long long)workers);
	}
}

/* ---- Redis ---- */

static bool says(const json_t *o, const char *key, const char *word)
{
	const char *s = json_str(o, key);

	return s && !strcmp(s, word);
}

/* What is wrong with how Redis writes to its disk; NULL: nothing. */
static const char *not_kept(const json_t *o, bool wanted)
{
	const char *aof = json_str(o, "aof_last_write_status");

	if (wanted && !json_int(o, "aof_enabled", 0))
		return "it does not write what it accepts (appendonly is off)";
	if (wanted && aof && strcmp(aof, "ok") != 0)
		return "its last write to the append-only file failed";
	return NULL;
}

void judge_persistence(struct judge *j)
{
	const bool wanted = j->ev->cluster->faas.redis.persistence != REDIS_NONE;
	const struct spec_node *node;
	_cleanup_json_ json_t *o = ask(j, ACTION_STORE, &node);
	const char *wrong = o ? not_kept(o, wanted) : NULL;
	struct health_result *r;

	if (!o)
		return;
	if (wrong) {
		r = found(j, NULL, HEALTH_FAIL, "%s", wrong);
		remedy(j, r,
			"is the disk of its node full? Queued calls would be lost with its task; "
			"'docker service update --force svarm_redis' starts it with its own "
			"settings");
	} else if (says(o, "aof_last_bgrewrite_status", "err") ||
		   (!wanted && says(o, "rdb_last_bgsave_status", "err"))) {
		r = found(j, NULL, HEALTH_WARN, "its last rewrite of what is on disk failed");
		remedy(j, r,
			"it needs as much disk again, and memory to fork: 'docker service logs "
			"svarm_redis'");
	} else {
		found(j, NULL, HEALTH_OK, "%s",
			wanted ? "the append-only file is on and written"
			       : "the spec asks for none");
	}
}

void judge_redis_memory(struct judge *j)
{
	const struct spec_node *node;
	_cleanup_json_ json_t *o = ask(j, ACTION_STORE, &node);
	const double wanted = (double)j->ev->cluster->faas.redis.memory;
	struct health_result *r = NULL;
	json_int_t evicted;
	double used, most;

	if (!o)
		return;
	used = (double)json_int(o, "used_memory", 0);
	most = (double)json_int(o, "maxmemory", 0);
	evicted = json_int(o, "evicted_keys", 0);
	if (evicted > 0)
		r = found(j, NULL, HEALTH_WARN, "threw %lld keys away for want of memory",
			(long long)evicted);
	else if (most > 0 && used >= most * memory_warn)
		r = found(j, NULL, used >= most * memory_fail ? HEALTH_FAIL : HEALTH_WARN,
			"%s of %s used: when it is full, calls are not accepted any more",
			amount(j, used), amount(j, most));
	else if (!says(o, "maxmemory_policy", "noeviction"))
		r = found(j, NULL, HEALTH_WARN,
			"would throw keys away when it is full: maxmemory-policy is '%s'",
			shown(j, json_str(o, "maxmemory_policy"), 40));
	else if (most < wanted || most > wanted)
		r = found(j, NULL, HEALTH_WARN, "its limit is %s; the spec says %s",
			most > 0 ? amount(j, most) : "none", amount(j, wanted));
	if (r)
		remedy(j, r,
			"'svarm queue status': what piles up? More room: 'faas.redis.memory', then "
			"'svarm up'");
	else
		found(j, NULL, HEALTH_OK, "%s of %s used", amount(j, used), amount(j, most));
}
