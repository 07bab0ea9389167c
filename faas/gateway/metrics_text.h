/* Writing Prometheus' text format (0.0.4): families, samples, histograms; labels are escaped. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct metric_family {
	const char *name, *type, *help; /* type: counter, gauge, histogram */
};

struct metric_label {
	const char *name, *value;
};

/* HELP and TYPE: once per family, before its samples. */
void metric_family(struct buf *out, const struct metric_family *f);
/* One line.  @labels is ended by a NULL name, or NULL. */
void metric_sample(
	struct buf *out, const char *name, const struct metric_label *labels, double value);

struct metric_histogram {
	const double *bounds;    /* upper ones, ascending */
	const uint64_t *buckets; /* observations up to each bound and above the one before */
	size_t n;
	uint64_t count; /* all, those above the last bound included */
	double sum;
};

/* The _bucket, _sum and _count lines of family @name. */
void metric_histogram(struct buf *out, const char *name, const struct metric_label *labels,
	const struct metric_histogram *h);
