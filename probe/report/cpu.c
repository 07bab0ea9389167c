/* Processors: what other guests took, and whether the same work took longer at the end. */
#include "probe/report/page.h"

#include "probe/chart/fluid.h"

/* Per cent: the end of a bar, and from where it is too much (probe/bench/judge_cpu.c). */
struct scale_of {
	double full, alarm;
};
static const struct scale_of of_steal = {20, 5}, of_slowdown = {100, 25};

static void add_share(struct buf *out, double percent, const struct scale_of *s)
{
	_cleanup_buf_ struct buf words = BUF_INIT;
	const struct fluid_piece pieces[] = {
		{0, 100, "track"},
		{0, percent / s->full * 100, percent >= s->alarm ? "bad" : "good"},
		{100 * s->alarm / s->full, 100 * s->alarm / s->full + .8, "limit"},
	};

	cell_value(out, percent, "%");
	buf_addf(&words, "%.3g %% of %.0f %%", percent, s->full);
	buf_adds(out, "<td class=\"bar\">");
	fluid_bar(out, pieces, ARRAY_SIZE(pieces), buf_str(&words));
	buf_adds(out, "</td>");
}

void report_cpu(const struct part *p)
{
	static const struct column columns[] = {{"node", false}, {"verdict", false}, {"why", false},
		{"cores", true}, {"steal", true}, {"", false}, {"slowdown", true}, {"", false}};
	size_t at = 0, all = json_array_size(json_arr(p->detail, "nodes"));
	const json_t *node;

	if (!page_count(p->detail, "nodes", PAGE_NODES))
		return;
	table_open(p->out, "bars", "Each node’s processors while all work", columns,
		ARRAY_SIZE(columns));
	while (page_next(p->detail, "nodes", PAGE_NODES, &at, &node)) {
		const char *error = json_str(node, "error"), *verdict = json_str(node, "verdict");

		row_open(p->out, json_str(node, "node"));
		if (error)
			cell_mark(p->out, TONE_FAILED, "error");
		else
			cell_mark(p->out, page_verdict_tone(verdict), verdict);
		cell_text(p->out, error ? error : json_str(node, "reason"));
		cell_number(p->out, page_num(node, "cores"));
		add_share(p->out, page_num(node, "steal"), &of_steal);
		add_share(p->out, page_num(node, "slowdown"), &of_slowdown);
		row_close(p->out);
	}
	table_close(p->out);
	page_more(p->out, all, at);
	buf_adds(p->out, "<p class=\"note\">Bars of steal end at 20 %, their line stands at 5 %; "
			 "of slowdown at 100 % and 25 %.</p>\n");
}
