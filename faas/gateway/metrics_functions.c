/* Metrics of functions: see metrics_functions.h. */
#include "faas/gateway/metrics_functions.h"

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/gateway/metrics_text.h"

struct name_label {
	char text[NAME_MAX_LEN + sizeof("." FUNCTION_NAMESPACE)];
};

static const char *label(struct name_label *l, const char *name)
{
	snprintf(l->text, sizeof(l->text), "%s." FUNCTION_NAMESPACE, name);
	return l->text;
}

enum part { PART_CALLS, PART_SECONDS };

static void print_codes(
	const struct plane_function *f, struct buf *out, const char *family, enum part part)
{
	struct name_label name;
	char code[16];
	const struct metric_label labels[] = {
		{"function_name", label(&name, f->name)}, {"code", code}, {NULL, NULL}};

	for (size_t i = 0; i < f->codes_n; i++) {
		const struct plane_code *c = &f->codes[i];
		const struct metric_histogram h = {.bounds = plane_bounds,
			.buckets = c->buckets,
			.n = PLANE_BUCKETS,
			.count = c->calls,
			.sum = (double)c->micros / USEC_PER_SEC};

		snprintf(code, sizeof(code), "%u", c->status);
		if (part == PART_CALLS)
			metric_sample(out, family, labels, (double)c->calls);
		else
			metric_histogram(out, family, labels, &h);
	}
}

static void print_one(struct buf *out, const char *family, const char *function, double value)
{
	struct name_label name;
	const struct metric_label labels[] = {
		{"function_name", label(&name, function)}, {NULL, NULL}};

	metric_sample(out, family, labels, value);
}

static void print_sample(const struct plane_sample *s, struct buf *out)
{
	static const struct metric_family total = {
		"gateway_function_invocation_total", "counter", "Calls that ended, by status."};
	static const struct metric_family seconds = {
		"gateway_functions_seconds", "histogram", "Durations of calls, by status."};
	static const struct metric_family started = {
		"gateway_function_invocation_started", "counter", "Calls that came in."};
	static const struct metric_family inflight = {"gateway_function_invocation_inflight",
		"gauge", "Calls that came in and did not end yet."};

	metric_family(out, &total);
	for (size_t i = 0; i < s->functions_n; i++)
		print_codes(&s->functions[i], out, total.name, PART_CALLS);
	metric_family(out, &seconds);
	for (size_t i = 0; i < s->functions_n; i++)
		print_codes(&s->functions[i], out, seconds.name, PART_SECONDS);
	metric_family(out, &started);
	for (size_t i = 0; i < s->functions_n; i++)
		print_one(out, started.name, s->functions[i].name, (double)s->functions[i].started);
	metric_family(out, &inflight);
	for (size_t i = 0; i < s->functions_n; i++)
		print_one(
			out, inflight.name, s->functions[i].name, (double)s->functions[i].inflight);
}

void metrics_functions(const struct plane_sample *sample, const struct model *m, struct buf *out)
{
	static const struct metric_family count = {
		"gateway_service_count", "gauge", "Tasks of a function that run."};

	if (sample)
		print_sample(sample, out);
	if (!m)
		return;
	metric_family(out, &count);
	for (size_t i = 0; i < m->functions_n; i++)
		print_one(out, count.name, m->functions[i].name, m->functions[i].running);
}
