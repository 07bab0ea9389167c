/* Calls: percentiles, what happened over time, each hop's share, and every run. */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

#include "probe/chart/fluid.h"

/* ---- hops ---- */

enum { MAX_HOPS = 8 };

static void add_hops(const struct part *p)
{
	static const struct column columns[] = {
		{"hop", false}, {"adds to p50", true}, {"share", true}, {"", false}};
	static const char *const classes[] = {"c0", "c1", "c2", "c3", "c4", "c5"};
	double from = 0;
	const json_t *hop;
	size_t at = 0, n = 0;

	if (!page_count(p->detail, "hops", MAX_HOPS))
		return;
	buf_adds(p->out, "<h3>Where the time goes</h3>\n");
	table_open(p->out, "bars", "What each hop adds to the median call", columns,
		ARRAY_SIZE(columns));
	while (page_next(p->detail, "hops", MAX_HOPS, &at, &hop)) {
		double share = page_num(hop, "share");
		double width = share > 0 ? fmin(share, 1) * 100 : 0;
		const struct fluid_piece pieces[] = {{0, 100, "track"},
			{from, from + width, classes[n++ % ARRAY_SIZE(classes)]}};
		_cleanup_buf_ struct buf words = BUF_INIT;

		row_open(p->out, json_str(hop, "hop"));
		cell_value(p->out, page_num(hop, "ms"), "ms");
		cell_value(p->out, share * 100, "%");
		buf_addf(&words, "%.0f %% of the median call", width);
		buf_adds(p->out, "<td class=\"bar\">");
		fluid_bar(p->out, pieces, ARRAY_SIZE(pieces), buf_str(&words));
		buf_adds(p->out, "</td>");
		row_close(p->out);
		from += width;
	}
	table_close(p->out);
}

/* ---- runs ---- */

static void add_run(struct buf *out, const json_t *run)
{
	const json_t *l = json_obj(run, "latency_ms");
	static const char *const members[] = {"p50", "p90", "p99", "p999", "max"};

	row_open(out, json_str(run, "from"));
	cell_text(out, json_str(run, "path"));
	cell_number(out, page_num(run, "round"));
	cell_number(out, page_num(run, "connections"));
	cell_number(out, page_num(run, "rate"));
	cell_number(out, page_num(run, "rps"));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		cell_number(out, page_num(l, members[i]));
	cell_number(out, page_num(run, "failed"));
	cell_number(out, page_num(json_obj(run, "cpu"), "us_per_answer"));
	if (json_bool(run, "client_bound"))
		cell_mark(out, TONE_WARNING, "client was the limit");
	else
		buf_adds(out, "<td></td>");
	row_close(out);
}

static void add_runs(const struct part *p)
{
	static const struct column columns[] = {{"from", false}, {"path", false}, {"round", true},
		{"conn.", true}, {"due /s", true}, {"got /s", true}, {"p50", true}, {"p90", true},
		{"p99", true}, {"p99.9", true}, {"max", true}, {"failed", true}, {"CPU µs", true},
		{"", false}};
	size_t all = json_array_size(json_arr(p->detail, "runs")), at = 0;
	const json_t *run;

	if (!page_count(p->detail, "runs", PAGE_ROWS))
		return;
	buf_adds(p->out, "<h3>Runs</h3>\n");
	table_open(p->out, "runs", "All runs; latencies in ms, CPU of the client per answer",
		columns, ARRAY_SIZE(columns));
	while (page_next(p->detail, "runs", PAGE_ROWS, &at, &run))
		add_run(p->out, run);
	table_close(p->out);
	page_more(p->out, all, at);
}

/* ---- errors ---- */

/* Kinds of errors, and answers other than 2xx, of all runs together. */
struct kinds {
	struct {
		const char *name;
		bool status;
		double n;
	} all[24];
	size_t n;
};

static void count(struct kinds *k, json_t *from, bool status)
{
	json_t *value;
	const char *name;

	if (!from)
		return;
	json_object_foreach(from, name, value)
	{
		double number = json_is_number(value) ? json_number_value(value) : 0;
		size_t i = 0;

		if (!(number > 0) || (status && name[0] == '2'))
			continue;
		while (i < k->n &&
			(k->all[i].status != status || strcmp(k->all[i].name, name) != 0))
			i++;
		if (i == ARRAY_SIZE(k->all))
			continue;
		if (i == k->n) {
			k->all[k->n].name = name;
			k->all[k->n].status = status;
			k->all[k->n++].n = 0;
		}
		k->all[i].n += number;
	}
}

static void add_errors(const struct part *p)
{
	static const struct column columns[] = {{"kind", false}, {"calls", true}};
	struct kinds kinds = {0};
	const json_t *run;
	size_t at = 0;

	while (page_next(p->detail, "runs", PAGE_ROWS, &at, &run)) {
		count(&kinds, json_obj(run, "status"), true);
		count(&kinds, json_obj(run, "errors"), false);
	}
	if (!kinds.n)
		return;
	buf_adds(p->out, "<h3>Errors</h3>\n");
	table_open(p->out, "small", "Calls without a good answer, of all runs", columns,
		ARRAY_SIZE(columns));
	for (size_t i = 0; i < kinds.n; i++) {
		_cleanup_buf_ struct buf name = BUF_INIT;

		buf_addf(&name, "%s%s", kinds.all[i].status ? "status " : "", kinds.all[i].name);
		row_open(p->out, buf_str(&name));
		cell_number(p->out, kinds.all[i].n);
		row_close(p->out);
	}
	table_close(p->out);
}

void report_http(const struct part *p)
{
	report_http_charts(p);
	add_hops(p);
	add_errors(p);
	add_runs(p);
}
