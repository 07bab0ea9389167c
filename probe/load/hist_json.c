/* A histogram as JSON: see hist_json.h. */
#include "probe/load/hist_json.h"

double hist_ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

void hist_json(struct buf *out, const struct hist *h)
{
	static const struct {
		const char *key;
		double q;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

	buf_addf(out, "{\"n\": %llu, \"min\": %.4f, \"mean\": %.4f", (unsigned long long)h->n,
		hist_ms(h->min), hist_mean(h) / 1e6);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		buf_addf(out, ", \"%s\": %.4f", quantiles[i].key,
			hist_ms(hist_at(h, quantiles[i].q)));
	buf_addc(out, '}');
}

void hist_json_or_null(struct buf *out, const struct hist *h)
{
	if (h->n)
		hist_json(out, h);
	else
		buf_adds(out, "null");
}

static void add(struct buf *out, const struct hist *h, double q)
{
	buf_addf(out, "[%.15g, %.4f], ", q, hist_ms(q > 0 ? hist_at(h, q) : h->min));
}

void hist_nines_json(struct buf *out, const struct hist *h)
{
	static const double some[] = {0, 0.25, 0.5, 0.75, 0.9, 0.95};

	buf_addc(out, '[');
	for (size_t i = 0; h->n && i < ARRAY_SIZE(some); i++)
		add(out, h, some[i]);
	for (double rest = 0.01; rest * (double)h->n >= 1; rest /= 10) {
		add(out, h, 1 - rest);
		if (rest / 2 * (double)h->n >= 1)
			add(out, h, 1 - rest / 2);
	}
	if (h->n)
		buf_addf(out, "[1, %.4f]", hist_ms(h->max));
	buf_addc(out, ']');
}
