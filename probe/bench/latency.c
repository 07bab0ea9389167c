/* Durations that were measured elsewhere: see latency.h. */
#include "probe/bench/latency.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"
#include "probe/bench/section.h"

#define MOST_MS 1e8 /* a day, and then some */
#define MOST_N  1e12

static const struct {
	const char *key;
	size_t offset;
	double most;
} members[] = {
	{"n", offsetof(struct latency, n), MOST_N},
	{"min", offsetof(struct latency, min), MOST_MS},
	{"mean", offsetof(struct latency, mean), MOST_MS},
	{"p50", offsetof(struct latency, p50), MOST_MS},
	{"p90", offsetof(struct latency, p90), MOST_MS},
	{"p99", offsetof(struct latency, p99), MOST_MS},
	{"p999", offsetof(struct latency, p999), MOST_MS},
	{"max", offsetof(struct latency, max), MOST_MS},
};

static double *member(struct latency *l, size_t i)
{
	return (double *)((char *)l + members[i].offset);
}

static double value_of(const struct latency *l, size_t i)
{
	return *(const double *)((const char *)l + members[i].offset);
}

bool latency_read(const json_t *o, struct latency *ret)
{
	struct latency l;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		*member(&l, i) = clean_number(o, members[i].key, 0, members[i].most);
		if (isnan(*member(&l, i)))
			return false;
	}
	if (l.n < 1)
		return false;
	*ret = l;
	return true;
}

void latency_join(const struct latency *rounds, size_t n, struct latency *ret)
{
	_cleanup_free_ double *values = xcalloc(n, sizeof(*values));

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		for (size_t k = 0; k < n; k++)
			values[k] = value_of(&rounds[k], i);
		*member(ret, i) = median_of(values, n);
	}
	ret->n = 0;
	for (size_t k = 0; k < n; k++) {
		ret->n += rounds[k].n;
		ret->min = MIN_OF(ret->min, rounds[k].min);
		ret->max = MAX_OF(ret->max, rounds[k].max);
	}
}

json_t *latency_make(const struct latency *l)
{
	json_t *o = json_object();

	json_object_set_new(o, members[0].key, json_integer((json_int_t)l->n));
	for (size_t i = 1; i < ARRAY_SIZE(members); i++)
		json_object_set_new(o, members[i].key, json_real(value_of(l, i)));
	return o;
}
