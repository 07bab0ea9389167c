/* Asynchronous calls: from being sent to being called back, and whether any was lost. */
#include "probe/report/page.h"

#include "probe/report/plot.h"

static void add_nines(const struct part *p)
{
	struct plot plot = {.title = "From sent to called back",
		.note = "ms",
		.x_title = "share of calls that were faster",
		.log_x = true,
		.log_y = true,
		.x_number = plot_nines_number};
	struct chart_point *points;
	size_t n = plot_nines(p->detail, &points);

	plot_add(&plot, &points, n, "end to end");
	n = plot_nines(json_obj(p->before, "detail"), &points);
	plot_add(&plot, &points, n, "earlier");
	plot_draw(&plot, p->out);
}

static void add_counts(const struct part *p)
{
	static const struct column columns[] = {{"calls", false}, {"number", true}};
	static const struct {
		const char *member, *words;
		bool fault;
	} rows[] = {
		{"sent", "sent", false},
		{"accepted", "accepted", false},
		{"refused", "refused", true},
		{"unanswered", "not answered", true},
		{"called_back", "called back", false},
		{"lost", "lost", true},
		{"duplicated", "called back twice", true},
		{"failed", "failed by the function", true},
		{"wrong", "with a wrong answer", true},
	};

	table_open(p->out, "small", "What became of the calls", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double n = page_num(p->detail, rows[i].member);

		row_open(p->out, rows[i].words);
		buf_adds(p->out, "<td class=\"n\">");
		if (rows[i].fault && n > 0)
			buf_adds(p->out,
				"<span class=\"failed\" title=\"should be none\">✗ </span>");
		page_number(p->out, n);
		buf_adds(p->out, "</td>");
		row_close(p->out);
	}
	table_close(p->out);
}

void report_async(const struct part *p)
{
	buf_adds(p->out, "<div class=\"charts\">\n");
	add_nines(p);
	add_counts(p);
	buf_adds(p->out, "</div>\n");
}
