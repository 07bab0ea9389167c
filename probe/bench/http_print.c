/* The runs of section http as a table; of any document, an old or a hostile one as well. */
#include <math.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/table.h"
#include "probe/bench/clean.h"
#include "probe/bench/http_judge.h"

#define MOST 1e15

static void text_cell(struct table *t, const json_t *o, const char *key)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *text = json_str(o, key);

	escape_text(&shown, text ? text : "-", text ? MIN_OF(strlen(text), (size_t)40) : 1, false);
	table_text(t, CELL_PLAIN, buf_str(&shown));
}

static void print_run(const json_t *run, struct table *t)
{
	const json_t *latency = json_obj(run, "latency_ms");
	static const char *const times[] = {"p50", "p90", "p99", "p999", "max"};

	table_row(t);
	text_cell(t, run, "from");
	text_cell(t, run, "path");
	table_number(t, CELL_PLAIN, clean_number(run, "round", 0, MOST), 0);
	table_number(t, CELL_PLAIN, clean_number(run, "connections", 0, MOST), 0);
	table_number(t, CELL_PLAIN, clean_number(run, "rps", 0, MOST), 0);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		table_number(t, CELL_PLAIN, clean_number(latency, times[i], 0, MOST), 2);
	table_number(t, CELL_PLAIN, clean_number(run, "failed", 0, MOST), 0);
	table_number(
		t, CELL_PLAIN, clean_number(json_obj(run, "cpu"), "busiest", 0, MOST) * 100, 0);
}

static void print_hops(const json_t *hops, struct buf *out)
{
	const json_t *hop;
	size_t i;

	json_array_foreach(hops, i, hop)
	{
		const char *name = json_str(hop, "hop");
		double ms = clean_number(hop, "ms", 0, MOST);
		double share = clean_number(hop, "share", 0, 1);

		if (!name || !isfinite(ms) || !isfinite(share))
			continue;
		buf_adds(out, "  ");
		escape_text(out, name, MIN_OF(strlen(name), (size_t)40), false);
		buf_addf(out, "  %.2f ms  %.0f %%\n", ms, share * 100);
	}
}

void http_print(const json_t *section, struct buf *out)
{
	static const struct table_column columns[] = {{"from", "  FROM", .right = false},
		{"path", "PATH", .right = false}, {"round", "ROUND", .right = true},
		{"connections", "CONN", .right = true}, {"rps", "1/S", .right = true},
		{"p50", "P50 MS", .right = true}, {"p90", "P90", .right = true},
		{"p99", "P99", .right = true}, {"p999", "P99.9", .right = true},
		{"max", "MAX", .right = true}, {"failed", "FAILED", .right = true},
		{"busiest", "CLIENT %", .right = true}, {0}};
	const json_t *detail = json_obj(section, "detail");
	_cleanup_(table_freep) struct table *t = table_new(columns);
	const json_t *run;
	size_t i;

	json_array_foreach(json_arr(detail, "runs"), i, run) print_run(run, t);
	if (table_rows(t))
		table_render(t, out, false, 0);
	print_hops(json_arr(detail, "hops"), out);
}
