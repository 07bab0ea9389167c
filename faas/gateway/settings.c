/* From labels to numbers: see settings.h. */
#include "faas/gateway/settings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faas/common/env.h"
#include "faas/common/keys.h"
#include "faas/common/name.h"

enum { ZERO_AFTER_MS = 15 * 60 * 1000, DAY_MS = 24 * 60 * 60 * 1000 };

static unsigned number(const json_t *labels, const char *name, unsigned def, unsigned max)
{
	const char *text = json_str(labels, name);
	char *end;
	unsigned long n;

	if (!text || *text < '0' || *text > '9')
		return def;
	n = strtoul(text, &end, 10);
	return *end || n > max ? def : (unsigned)n;
}

static double amount(const json_t *labels, const char *name, double def)
{
	const char *text = json_str(labels, name);
	char *end;
	double n;

	if (!text || *text < '0' || *text > '9')
		return def;
	n = strtod(text, &end);
	return *end || !isfinite(n) || n <= 0 || n > 1e9 ? def : n;
}

static long duration(const json_t *labels, const char *name, long def)
{
	const char *text = json_str(labels, name);
	long ms;

	return text && duration_parse(text, &ms) && ms > 0 && ms <= DAY_MS ? ms : def;
}

static enum scale_type type_of(const char *text)
{
	if (text && !strcmp(text, "capacity"))
		return SCALE_CAPACITY;
	return text && !strcmp(text, "cpu") ? SCALE_CPU : SCALE_RPS;
}

static const char *ready_path(const json_t *labels, struct arena *a)
{
	const char *path = json_str(labels, LABEL_ANNOTATION ANNOTATION_READY);

	if (!path || *path != '/' || strlen(path) > 200)
		return NULL;
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p > '~')
			return NULL;
	return arena_strdup(a, path);
}

static const char *queue_of(const json_t *labels, struct arena *a)
{
	const char *queue = json_str(labels, LABEL_ANNOTATION ANNOTATION_QUEUE);

	return queue && name_is_queue(queue) ? arena_strdup(a, queue) : NULL;
}

/* Annotation com.openfaas.retry.@name as a duration of 1 ms to RETRY_MAX_WAIT_MS; 0: none. */
static long retry_wait(const json_t *labels, const char *name)
{
	const char *text = json_str(labels, name);
	long ms;

	if (!text || !duration_parse(text, &ms))
		return 0;
	return ms < 1 ? 1 : MIN_OF(ms, (long)RETRY_MAX_WAIT_MS);
}

static struct retry retry_of(const json_t *labels)
{
	const char *attempts = json_str(labels, LABEL_ANNOTATION ANNOTATION_RETRY "attempts");
	const char *codes = json_str(labels, LABEL_ANNOTATION ANNOTATION_RETRY "codes");
	struct retry r = {
		.min_ms = retry_wait(labels, LABEL_ANNOTATION ANNOTATION_RETRY "min_wait"),
		.max_ms = retry_wait(labels, LABEL_ANNOTATION ANNOTATION_RETRY "max_wait"),
	};

	if (attempts && *attempts && strlen(attempts) <= 9 &&
		!attempts[strspn(attempts, "0123456789")]) {
		r.attempts = (unsigned)strtoul(attempts, NULL, 10);
		r.attempts = r.attempts < 1 ? 1 : MIN_OF(r.attempts, (unsigned)RETRY_MAX_ATTEMPTS);
	}
	if (codes)
		(void)retry_parse_codes(codes, &r);
	return r;
}

void settings_read(const json_t *labels, struct arena *a, struct settings *ret)
{
	const char *zero = json_str(labels, LABEL_SCALE "zero");
	unsigned min = number(labels, LABEL_SCALE_MIN, 1, SCALE_MAX_TASKS);
	unsigned max = number(labels, LABEL_SCALE "max", 20, SCALE_MAX_TASKS);

	*ret = (struct settings){
		.min = min < 1 ? 1 : min,
		.factor = number(labels, LABEL_SCALE "factor", 20, 100),
		.type = type_of(json_str(labels, LABEL_SCALE "type")),
		.target = amount(labels, LABEL_SCALE "target", 50),
		.zero = zero && !strcmp(zero, "true"),
		.zero_after_ms = duration(labels, LABEL_SCALE "zero-duration", ZERO_AFTER_MS),
		.timeout_ms = duration(labels, LABEL_TIMEOUT, 0),
		.ready_path = ready_path(labels, a),
		.queue = queue_of(labels, a),
		.retry = retry_of(labels),
	};
	ret->max = max < ret->min ? ret->min : max;
}
