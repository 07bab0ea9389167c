/* The seconds of a load run: see series.h.  Threads hand in once a second, so a lock is cheap; one
 * that was not scheduled for some seconds keeps those open until it has caught up. */
#include "probe/load/series.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"

void series_init(struct series *s, unsigned threads, double length)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	s->threads = threads;
	s->length = length;
	s->reached = xcalloc(threads, sizeof(*s->reached));
}

void series_done(struct series *s)
{
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	free(s->open);
	free(s->reached);
	free(s->points);
}

static uint64_t reached_by_all(const struct series *s)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < s->threads; i++)
		least = MIN_OF(least, s->reached[i]);
	return least;
}

/* All seconds before @end are open, or points. */
static void open_until(struct series *s, uint64_t end)
{
	while (s->first + s->n_open < end) {
		xgrow(s->open, s->n_open, s->cap_open);
		memset(&s->open[s->n_open], 0, sizeof(*s->open));
		s->n_open++;
	}
}

static void add_point(struct series *s, const struct window *w)
{
	xgrow(s->points, s->n_points, s->cap_points);
	s->points[s->n_points++] = (struct load_point){
		.t = (double)s->first,
		.seconds = MIN_OF(1.0, s->length - (double)s->first),
		.answers = w->latency.n,
		.errors = w->errors,
		.p50 = hist_at(&w->latency, 0.5),
		.p99 = hist_at(&w->latency, 0.99),
	};
}

static void close_first(struct series *s)
{
	const struct window *w = &s->open[0];

	add_point(s, w);
	hist_merge(&s->latency, &w->latency);
	s->errors += w->errors;
	s->first++;
	s->n_open--;
	memmove(s->open, s->open + 1, s->n_open * sizeof(*s->open));
}

void series_hand_in(struct series *s, unsigned thread, struct window *w, uint64_t next)
{
	struct hist *latency = &s->latency;
	uint64_t *errors = &s->errors;

	pthread_mutex_lock(&s->lock);
	if (w->second != WINDOW_AFTER) {
		open_until(s, MAX_OF(w->second + 1, next == UINT64_MAX ? 0 : next));
		latency = &s->open[w->second - s->first].latency;
		errors = &s->open[w->second - s->first].errors;
	}
	hist_merge(latency, &w->latency);
	*errors += w->errors;
	s->reached[thread] = next;
	while (s->n_open && s->first < reached_by_all(s))
		close_first(s);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	if (w->latency.n)
		memset(&w->latency, 0, sizeof(w->latency));
	w->errors = 0;
}

bool series_wait(struct series *s, size_t seen)
{
	bool more;

	pthread_mutex_lock(&s->lock);
	while (s->n_points <= seen && reached_by_all(s) != UINT64_MAX)
		pthread_cond_wait(&s->more, &s->lock);
	more = s->n_points > seen;
	pthread_mutex_unlock(&s->lock);
	return more;
}

struct load_progress series_progress(struct series *s, size_t *ret_seen)
{
	const struct load_point *last;
	struct load_progress p;

	pthread_mutex_lock(&s->lock);
	last = &s->points[s->n_points - 1];
	p = (struct load_progress){
		.elapsed = last->t + last->seconds,
		.answers = s->latency.n,
		.errors = s->errors,
		.p50 = hist_at(&s->latency, 0.5),
		.p99 = hist_at(&s->latency, 0.99),
		.latest = *last,
	};
	*ret_seen = s->n_points;
	pthread_mutex_unlock(&s->lock);
	return p;
}

void series_give(struct series *s, struct load_result *ret)
{
	while (s->n_points && s->points[s->n_points - 1].t >= ret->seconds &&
		!s->points[s->n_points - 1].answers && !s->points[s->n_points - 1].errors)
		s->n_points--;
	if (s->n_points) {
		struct load_point *last = &s->points[s->n_points - 1];

		last->seconds = ret->seconds > last->t ? MIN_OF(ret->seconds - last->t, 1.0) : 0;
	}
	hist_merge(&ret->latency, &s->latency);
	ret->series = TAKE_PTR(s->points);
	ret->n_series = ret->cap_series = s->n_points;
	s->n_points = 0;
}
