/* Requests to the daemon's own routes: see http_metrics.h. */
#include "faas/gateway/http_metrics.h"

#include <pthread.h>
#include <string.h>

#include "faas/gateway/metrics_text.h"
#include "faas/gateway/plane.h"

enum { MAX_SERIES = 512 };

/* Label values are from lists of ours, never a client's: that bounds the number of series. */
struct series {
	const char *method, *path;
	unsigned status;
	uint64_t buckets[PLANE_BUCKETS], count, micros;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct series all[MAX_SERIES];
static size_t all_n;

static const char *known_method(const char *method)
{
	static const char *const methods[] = {
		"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (method && !strcmp(method, methods[i]))
			return methods[i];
	return "other";
}

static struct series *find(const char *method, const char *path, unsigned status)
{
	for (size_t i = 0; i < all_n; i++)
		if (all[i].status == status && !strcmp(all[i].method, method) &&
			!strcmp(all[i].path, path))
			return &all[i];
	if (all_n == MAX_SERIES)
		return NULL;
	all[all_n] = (struct series){.method = method, .path = path, .status = status};
	return &all[all_n++];
}

void http_metrics_add(const char *method, const char *path, unsigned status, usec_t duration)
{
	struct series *s;
	size_t i = 0;

	while (i < PLANE_BUCKETS && (double)duration / USEC_PER_SEC > plane_bounds[i])
		i++;
	pthread_mutex_lock(&lock);
	s = find(known_method(method), path, status);
	if (s) {
		s->count++;
		s->micros += duration;
		if (i < PLANE_BUCKETS)
			s->buckets[i]++;
	}
	pthread_mutex_unlock(&lock);
}

void http_metrics_count(struct httpd_request *rq, const char *path)
{
	/* Without an answer the client went away first. */
	http_metrics_add(httpd_method(rq), path, httpd_status(rq) ? httpd_status(rq) : 499,
		clock_now() - httpd_begun(rq));
}

static void print_one(struct buf *out, const char *name, const struct series *s, bool histogram)
{
	char status[16];
	const struct metric_label labels[] = {
		{"method", s->method}, {"path", s->path}, {"status", status}, {NULL, NULL}};
	const struct metric_histogram h = {.bounds = plane_bounds,
		.buckets = s->buckets,
		.n = PLANE_BUCKETS,
		.count = s->count,
		.sum = (double)s->micros / USEC_PER_SEC};

	snprintf(status, sizeof(status), "%u", s->status);
	if (histogram)
		metric_histogram(out, name, labels, &h);
	else
		metric_sample(out, name, labels, (double)s->count);
}

void http_metrics_print(struct buf *out)
{
	static const struct metric_family total = {
		"http_requests_total", "counter", "Requests to the gateway's own routes."};
	static const struct metric_family seconds = {"http_request_duration_seconds", "histogram",
		"Durations of requests to the gateway's own routes."};

	pthread_mutex_lock(&lock);
	metric_family(out, &total);
	for (size_t i = 0; i < all_n; i++)
		print_one(out, total.name, &all[i], false);
	metric_family(out, &seconds);
	for (size_t i = 0; i < all_n; i++)
		print_one(out, seconds.name, &all[i], true);
	pthread_mutex_unlock(&lock);
}
