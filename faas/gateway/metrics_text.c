/* Prometheus' text format: see metrics_text.h. */
#include "faas/gateway/metrics_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* @quotes: also those, as in a label's value; a help text has none to escape. */
static void add_escaped(struct buf *out, const char *text, bool quotes)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			buf_adds(out, "\\n");
		else if (*p == '\\' || (quotes && *p == '"'))
			buf_addf(out, "\\%c", *p);
		else
			buf_addc(out, *p);
	}
}

void metric_family(struct buf *out, const struct metric_family *f)
{
	buf_addf(out, "# HELP %s ", f->name);
	add_escaped(out, f->help, false);
	buf_addf(out, "\n# TYPE %s %s\n", f->name, f->type);
}

/* Name, labels, and one more label unless @extra is NULL. */
static void add_head(struct buf *out, const char *name, const struct metric_label *labels,
	const struct metric_label *extra)
{
	char before = '{';

	buf_adds(out, name);
	for (const struct metric_label *l = labels; l && l->name; l++) {
		buf_addf(out, "%c%s=\"", before, l->name);
		add_escaped(out, l->value, true);
		buf_addc(out, '"');
		before = ',';
	}
	if (extra)
		buf_addf(out, "%c%s=\"%s\"", before, extra->name, extra->value);
	if (extra || before == ',')
		buf_addc(out, '}');
	buf_addc(out, ' ');
}

void metric_sample(
	struct buf *out, const char *name, const struct metric_label *labels, double value)
{
	add_head(out, name, labels, NULL);
	/* All digits of a counter, none too many of anything else. */
	if (value >= 0 && value < 1e15 && value == (double)(uint64_t)value)
		buf_addf(out, "%llu\n", (unsigned long long)value);
	else
		buf_addf(out, "%.9g\n", value);
}

void metric_histogram(struct buf *out, const char *name, const struct metric_label *labels,
	const struct metric_histogram *h)
{
	char bound[32], full[128];
	struct metric_label le = {"le", bound};
	uint64_t below = 0;

	for (size_t i = 0; i < h->n; i++) {
		below += h->buckets[i];
		snprintf(bound, sizeof(bound), "%g", h->bounds[i]);
		snprintf(full, sizeof(full), "%s_bucket", name);
		add_head(out, full, labels, &le);
		buf_addf(out, "%llu\n", (unsigned long long)below);
	}
	snprintf(bound, sizeof(bound), "+Inf");
	snprintf(full, sizeof(full), "%s_bucket", name);
	add_head(out, full, labels, &le);
	/* Counters read while calls end may be a call apart. */
	buf_addf(out, "%llu\n", (unsigned long long)MAX_OF(h->count, below));
	snprintf(full, sizeof(full), "%s_sum", name);
	metric_sample(out, full, labels, h->sum);
	snprintf(full, sizeof(full), "%s_count", name);
	metric_sample(out, full, labels, (double)MAX_OF(h->count, below));
}
