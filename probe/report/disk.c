/* Disks: p50 to p99 of each node on one logarithmic scale with shades of what is good, and how p99
 * went on while measuring (burst credits end). */
#include "probe/report/page.h"

#include <math.h>

#include "lib/base/xalloc.h"
#include "probe/chart/fluid.h"
#include "probe/report/plot.h"

static const double low = 0.02, high = 200; /* ms: the scale's ends */

/* ms, as probe/bench/judge_disk.c has them: up to the first all is well, from the second on not. */
struct bounds {
	double good, bad;
};
static const struct bounds of_writes = {10, 100}, of_reads = {1, 5};

static void add_bar(
	struct buf *out, const json_t *latency, const struct bounds *bounds, const char *class)
{
	double p50 = page_num(latency, "p50"), p99 = page_num(latency, "p99");
	double a = fluid_log(p50, low, high), b = fluid_log(p99, low, high);
	_cleanup_buf_ struct buf words = BUF_INIT;
	const struct fluid_piece pieces[] = {
		{0, fluid_log(bounds->good, low, high), "band0"},
		{fluid_log(bounds->good, low, high), fluid_log(bounds->bad, low, high), "band1"},
		{fluid_log(bounds->bad, low, high), 100, "band2"},
		{a, fmax(b, a + .8), class},
		{a, a + .8, "limit"},
	};

	buf_adds(out, "<td class=\"bar wide\">");
	if (p50 > 0 && p99 > 0) {
		buf_addf(&words, "p50 %.3g ms, p99 %.3g ms", p50, p99);
		fluid_bar(out, pieces, ARRAY_SIZE(pieces), buf_str(&words));
	}
	buf_adds(out, "</td>");
}

static void add_latency(struct buf *out, const json_t *node, const char *member,
	const struct bounds *bounds, const char *class)
{
	const json_t *latency = json_obj(node, member);

	cell_number(out, page_num(latency, "p50"));
	cell_number(out, page_num(latency, "p99"));
	add_bar(out, latency, bounds, class);
}

static void add_node(struct buf *out, const json_t *node)
{
	const char *error = json_str(node, "error"), *verdict = json_str(node, "verdict");

	row_open(out, json_str(node, "node"));
	if (error)
		cell_mark(out, TONE_FAILED, "error");
	else
		cell_mark(out, page_verdict_tone(verdict), verdict);
	cell_text(out, error ? error : json_str(node, "reason"));
	add_latency(out, node, "fdatasync_ms", &of_writes, "c0");
	add_latency(out, node, "read_ms", &of_reads, "c1");
	row_close(out);
}

static void add_windows(const struct part *p)
{
	struct plot plot = {.title = "p99 of fdatasync over time",
		.note = "ms",
		.x_title = "seconds",
		.log_y = true};
	const json_t *node;
	size_t at = 0;

	while (page_next(p->detail, "nodes", PAGE_NODES, &at, &node)) {
		struct chart_point *points;
		size_t n = plot_points(node, "windows", "t", "p99", &points);

		plot_add(&plot, &points, n, "%s", json_str(node, "node") ?: "?");
	}
	plot_draw(&plot, p->out);
}

void report_disk(const struct part *p)
{
	static const struct column columns[] = {{"node", false}, {"verdict", false}, {"why", false},
		{"p50", true}, {"p99", true}, {"fdatasync, p50 – p99", false}, {"p50", true},
		{"p99", true}, {"4k read, p50 – p99", false}};
	size_t at = 0, all = json_array_size(json_arr(p->detail, "nodes"));
	const json_t *node;

	if (!page_count(p->detail, "nodes", PAGE_NODES))
		return;
	table_open(
		p->out, "bars", "Latency of each node’s disk, in ms", columns, ARRAY_SIZE(columns));
	while (page_next(p->detail, "nodes", PAGE_NODES, &at, &node))
		add_node(p->out, node);
	table_close(p->out);
	page_more(p->out, all, at);
	buf_adds(p->out,
		"<p class=\"note\">Bars on a logarithmic scale from 0.02 to 200 ms; shades end "
		"at 10 and 100 ms for writes, at 1 and 5 ms for reads.</p>\n<div "
		"class=\"charts\">\n");
	add_windows(p);
	buf_adds(p->out, "</div>\n");
}
