/* What the tools that measure a node have in common: see figures.h. */
#include "probe/tool/figures.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

double figures_ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

void figures_latency(struct buf *out, const char *key, const struct hist *h)
{
	static const struct {
		const char *key;
		double q;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

	buf_addf(out, "\"%s\": {\"n\": %llu, \"min\": %.4f, \"mean\": %.4f", key,
		(unsigned long long)h->n, figures_ms(h->min), hist_mean(h) / 1e6);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		buf_addf(out, ", \"%s\": %.4f", quantiles[i].key,
			figures_ms(hist_at(h, quantiles[i].q)));
	buf_addc(out, '}');
}

bool figures_parse_time(const char *text, double *ret_seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"ms", 1e-3}, {"s", 1}, {"m", 60}};
	char *end;
	double value = strtod(text, &end);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		value *= units[i].seconds;
		if (end == text || !(value > 0 && value <= 86400))
			return false;
		*ret_seconds = value;
		return true;
	}
	return false;
}

static uint64_t now_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t figures_now(void)
{
	return now_of(CLOCK_MONOTONIC);
}

uint64_t figures_cpu(void)
{
	return now_of(CLOCK_THREAD_CPUTIME_ID);
}
