/* Durations as JSON: see latency.h. */
#include "probe/tool/latency.h"

static const struct {
	const char *key;
	double q;
} quantiles[] = {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}};

void latency_json(struct buf *out, const struct hist *ns)
{
	if (!ns->n) {
		buf_adds(out, "null");
		return;
	}
	buf_addf(out, "{\"n\": %llu, \"min\": %.4f, \"mean\": %.4f", (unsigned long long)ns->n,
		(double)ns->min / 1e6, hist_mean(ns) / 1e6);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		buf_addf(out, ", \"%s\": %.4f", quantiles[i].key,
			(double)hist_at(ns, quantiles[i].q) / 1e6);
	buf_addf(out, ", \"max\": %.4f}", (double)ns->max / 1e6);
}
