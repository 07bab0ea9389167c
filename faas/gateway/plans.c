/* The autoscaler's memory: see plans.h. */
#include "faas/gateway/plans.h"

#include <stdio.h>
#include <string.h>

#include "faas/common/keys.h"

void plans_match(struct plans *p, const struct model *m)
{
	struct plans fresh = {.n = m->functions_n};
	size_t old = 0;

	fresh.v = arena_array(&fresh.arena, struct plan, m->functions_n + 1);
	for (size_t i = 0; i < m->functions_n; i++) {
		const char *name = m->functions[i].name;

		while (old < p->n && strcasecmp(p->v[old].name, name) < 0)
			old++;
		if (old < p->n && !strcasecmp(p->v[old].name, name))
			fresh.v[i] = p->v[old];
		fresh.v[i].name = arena_strdup(&fresh.arena, name);
	}
	plans_done(p);
	*p = fresh;
}

void plans_done(struct plans *p)
{
	arena_done(&p->arena);
	*p = (struct plans){0};
}

static struct plan *find(struct plans *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcasecmp(p->v[i].name, name))
			return &p->v[i];
	return NULL;
}

int plans_load(struct plans *p, struct redis *r, struct err *err)
{
	_cleanup_reply_ redisReply *all = NULL;
	const redisReply *name, *value;
	int rc = redis_call(r, &all, err, "HGETALL " KEY_SCALED);

	for (size_t i = 0; rc == 0 && (name = redis_at(all, i)) && (value = redis_at(all, i + 1));
		i += 2) {
		struct plan *one = redis_is_str(name) ? find(p, name->str) : NULL;
		unsigned base, set;
		int end = 0;

		if (one && redis_is_str(value) &&
			sscanf(value->str, "%6u %6u%n", &base, &set, &end) == 2 && !value->str[end])
			one->gift = (struct scale_gift){base, set};
	}
	return rc;
}

int plan_store(const struct plan *one, struct redis *r, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	char value[32];

	if (one->gift.base >= one->gift.set)
		return redis_call(r, &reply, err, "HDEL " KEY_SCALED " %s", one->name);
	snprintf(value, sizeof(value), "%u %u", one->gift.base, one->gift.set);
	return redis_call(r, &reply, err, "HSET " KEY_SCALED " %s %s", one->name, value);
}
