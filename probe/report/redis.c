/* Redis: new connections with the tuning and without it, as pairs of bars, and every run. */
#include "probe/report/page.h"

#include <math.h>

#include "probe/chart/fluid.h"
#include "probe/report/pair.h"

/* The median of @member over the runs with and without the tuning; NAN when there is none. */
static double median(const struct part *p, bool tuned, const char *inside, const char *member)
{
	double values[PAGE_ROWS];
	const json_t *run;
	size_t at = 0, n = 0;

	while (page_next(p->detail, "runs", PAGE_ROWS, &at, &run)) {
		double v = page_num(inside ? json_obj(run, inside) : run, member);
		size_t i = n;

		if (json_bool(run, "tuned") != tuned || !isfinite(v))
			continue;
		for (n++; i > 0 && values[i - 1] > v; i--)
			values[i] = values[i - 1];
		values[i] = v;
	}
	if (!n)
		return NAN;
	return n % 2 ? values[n / 2] : values[n / 2 - 1] / 2 + values[n / 2] / 2;
}

static void add_pairs(const struct part *p)
{
	static const struct {
		const char *title, *inside, *member, *unit;
	} rows[] = {
		{"new connections", NULL, "rate", "1/s"},
		{"CPU of one", NULL, "connect_cpu_us", "us"},
		{"p99 of one", "connect_ms", "p99", "ms"},
	};

	if (!isfinite(median(p, true, NULL, "rate")) || !isfinite(median(p, false, NULL, "rate")))
		return;
	pairs_open(p->out, "Without and with tcp_tw_reuse", "without", "with");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double without = median(p, false, rows[i].inside, rows[i].member);
		double with = median(p, true, rows[i].inside, rows[i].member);

		pairs_row(p->out, rows[i].title, NULL, without, with, rows[i].unit);
		buf_adds(p->out, "<td class=\"n\">");
		page_value(p->out, without > 0 ? with / without : (double)NAN, "ratio");
		buf_adds(p->out, "</td><td></td>");
		row_close(p->out);
	}
	table_close(p->out);
}

void report_redis(const struct part *p)
{
	static const struct column columns[] = {{"round", false}, {"tcp_tw_reuse", true},
		{"connections", true}, {"/s", true}, {"p50 ms", true}, {"p99 ms", true},
		{"CPU µs", true}, {"refused", true}, {"failed", true}, {"TIME_WAIT", true}};
	static const char *const members[] = {"refused", "failed", "time_wait"};
	size_t at = 0, all = json_array_size(json_arr(p->detail, "runs"));
	const json_t *run;

	if (!page_count(p->detail, "runs", PAGE_ROWS))
		return;
	add_pairs(p);
	table_open(p->out, "runs", "All runs", columns, ARRAY_SIZE(columns));
	while (page_next(p->detail, "runs", PAGE_ROWS, &at, &run)) {
		buf_adds(p->out, "<tr><th scope=\"row\">");
		page_number(p->out, page_num(run, "round"));
		buf_adds(p->out, "</th>");
		cell_number(p->out, page_num(run, "tw_reuse"));
		cell_number(p->out, page_num(run, "connections"));
		cell_number(p->out, page_num(run, "rate"));
		cell_number(p->out, page_num(json_obj(run, "connect_ms"), "p50"));
		cell_number(p->out, page_num(json_obj(run, "connect_ms"), "p99"));
		cell_number(p->out, page_num(run, "connect_cpu_us"));
		for (size_t i = 0; i < ARRAY_SIZE(members); i++)
			cell_number(p->out, page_num(run, members[i]));
		row_close(p->out);
	}
	table_close(p->out);
	page_more(p->out, all, at);
}
