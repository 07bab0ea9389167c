/* The charts of calls: percentiles of each view, and over time of the main one.  A view is where
 * the load came from and which way it took; of its rounds the one with the median p99 is drawn. */
#include "probe/report/page.h"

#include <math.h>

#include "lib/base/xalloc.h"
#include "probe/report/plot.h"

static double p99_of(const json_t *run)
{
	double p99 = page_num(json_obj(run, "latency_ms"), "p99");

	return isfinite(p99) ? p99 : 0;
}

static bool same_view(const json_t *a, const json_t *b)
{
	return page_same(json_str(a, "from"), json_str(b, "from")) &&
	       page_same(json_str(a, "path"), json_str(b, "path"));
}

static bool is_first(const json_t *detail, const json_t *run)
{
	const json_t *other;
	size_t at = 0;

	while (page_next(detail, "runs", PAGE_ROWS, &at, &other) && other != run)
		if (same_view(other, run))
			return false;
	return true;
}

/* Of the runs with the view of @run, the one with the median p99. */
static const json_t *middle(const json_t *detail, const json_t *run)
{
	const json_t *views[PAGE_ROWS], *other;
	size_t n = 0, at = 0;

	while (page_next(detail, "runs", PAGE_ROWS, &at, &other)) {
		size_t i = n;

		if (!same_view(other, run))
			continue;
		for (n++; i > 0 && p99_of(views[i - 1]) > p99_of(other); i--)
			views[i] = views[i - 1];
		views[i] = other;
	}
	return n ? views[(n - 1) / 2] : run;
}

/* The main view is the first; NULL when there is none. */
static const json_t *main_run(const json_t *detail)
{
	const json_t *run;
	size_t at = 0;

	return page_next(detail, "runs", PAGE_ROWS, &at, &run) ? middle(detail, run) : NULL;
}

static void add_nines(const struct part *p, const json_t *earlier)
{
	struct plot plot = {.title = "Percentiles",
		.wide = true,
		.note = "ms",
		.x_title = "share of calls that were faster",
		.log_x = true,
		.log_y = true,
		.x_number = plot_nines_number};
	struct chart_point *points;
	const json_t *run;
	size_t at = 0, n;

	while (page_next(p->detail, "runs", PAGE_ROWS, &at, &run)) {
		if (!is_first(p->detail, run) || (earlier && plot.n == PLOT_LINES - 1))
			continue;
		n = plot_nines(middle(p->detail, run), &points);
		plot_add(&plot, &points, n, "%s → %s", json_str(run, "from") ?: "?",
			json_str(run, "path") ?: "?");
	}
	if (earlier) {
		n = plot_nines(earlier, &points);
		plot_add(&plot, &points, n, "earlier: %s → %s", json_str(earlier, "from") ?: "?",
			json_str(earlier, "path") ?: "?");
	}
	plot_draw(&plot, p->out);
}

/* Counts of a point become counts a second; the last point is of less than one. */
static size_t rate_points(const json_t *run, const char *member, struct chart_point **ret)
{
	size_t n = plot_points(run, "series", "t", member, ret), n_lengths;
	_cleanup_free_ struct chart_point *lengths = NULL;

	n_lengths = plot_points(run, "series", "t", "seconds", &lengths);
	for (size_t i = 0; i < n && i < n_lengths; i++)
		(*ret)[i].y = lengths[i].y > 0 ? (*ret)[i].y / lengths[i].y : (double)NAN;
	return n;
}

static void add_throughput(const struct part *p, const json_t *run, const json_t *earlier)
{
	struct plot plot = {.title = "Throughput", .note = "calls a second", .x_title = "seconds"};
	struct chart_point *points;
	size_t n;

	n = rate_points(run, "answers", &points);
	plot_add(&plot, &points, n, "answered");
	n = rate_points(run, "errors", &points);
	plot_add(&plot, &points, n, "failed");
	if (earlier) {
		n = rate_points(earlier, "answers", &points);
		plot_add(&plot, &points, n, "earlier: answered");
	}
	plot_draw(&plot, p->out);
}

static void add_latency(const struct part *p, const json_t *run, const json_t *earlier)
{
	struct plot plot = {
		.title = "Latency over time", .note = "ms", .x_title = "seconds", .log_y = true};
	static const char *const members[] = {"p50", "p99"};
	struct chart_point *points;
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		n = plot_points(run, "series", "t", members[i], &points);
		plot_add(&plot, &points, n, "%s", members[i]);
	}
	for (size_t i = 0; earlier && i < ARRAY_SIZE(members); i++) {
		n = plot_points(earlier, "series", "t", members[i], &points);
		plot_add(&plot, &points, n, "earlier: %s", members[i]);
	}
	plot_draw(&plot, p->out);
}

static void add_ramp(const struct part *p, const json_t *run)
{
	struct plot plot = {
		.title = "Ramp", .note = "ms", .x_title = "calls a second due", .log_y = true};
	static const char *const members[] = {"p50", "p99"};
	struct chart_point *points;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		size_t n = plot_points(run, "steps", "rate", members[i], &points);

		plot_add(&plot, &points, n, "%s", members[i]);
	}
	plot_draw(&plot, p->out);
}

void report_http_charts(const struct part *p)
{
	const json_t *run = main_run(p->detail);
	const json_t *earlier = main_run(json_obj(p->before, "detail"));

	if (!run)
		return;
	buf_adds(p->out, "<div class=\"charts\">\n");
	add_nines(p, earlier);
	add_latency(p, run, earlier);
	add_throughput(p, run, earlier);
	add_ramp(p, run);
	buf_adds(p->out, "</div>\n");
}
