/* What was printed on nodes, made harmless: see clean.h. */
#include "probe/bench/clean.h"

#include <math.h>

#include "lib/base/macro.h"

enum { MAX_NINES = 100 };
#define MOST_MS 1e9

static double within(const json_t *value, double least, double most)
{
	double n = json_is_number(value) ? json_number_value(value) : NAN;

	return n >= least && n <= most ? n : NAN;
}

double clean_number(const json_t *o, const char *key, double least, double most)
{
	return within(json_object_get(o, key), least, most);
}

void clean_copy(const json_t *from, json_t *to, const char *key, double most)
{
	double n = clean_number(from, key, 0, most);

	if (!isfinite(n))
		return;
	json_object_set_new(to, key,
		json_is_integer(json_object_get(from, key)) ? json_integer((json_int_t)n)
							    : json_real(n));
}

void clean_set(json_t *to, const char *key, double value)
{
	json_object_set_new(to, key, isfinite(value) ? json_real(value) : json_null());
}

json_t *clean_latency(const json_t *o)
{
	static const char *const keys[] = {"min", "mean", "p50", "p90", "p99", "p999", "max"};
	_cleanup_json_ json_t *ret = json_object();

	clean_copy(o, ret, "n", 1e15);
	if (!(clean_number(o, "n", 1, 1e15) > 0))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		clean_copy(o, ret, keys[i], MOST_MS);
	return TAKE_PTR(ret);
}

json_t *clean_nines(const json_t *a)
{
	_cleanup_json_ json_t *ret = json_array();
	double last_q = -1, last_ms = 0;
	const json_t *pair;
	size_t i;

	json_array_foreach(a, i, pair)
	{
		double q = within(json_array_get(pair, 0), 0, 1);
		double ms = within(json_array_get(pair, 1), 0, MOST_MS);
		json_t *clean;

		if (!(q > last_q) || !(ms >= last_ms) || i >= MAX_NINES)
			break;
		clean = json_array();
		json_array_append_new(clean, json_real(q));
		json_array_append_new(clean, json_real(ms));
		json_array_append_new(ret, clean);
		last_q = q;
		last_ms = ms;
	}
	return json_array_size(ret) ? TAKE_PTR(ret) : NULL;
}
