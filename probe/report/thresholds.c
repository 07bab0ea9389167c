/* The thresholds and what they judged: the value's place on the way to its limit. */
#include "probe/report/page.h"

#include <math.h>

#include "probe/chart/fluid.h"

static void add_bar(struct buf *out, const json_t *t)
{
	double value = page_num(t, "value"), limit = page_num(t, "limit");
	_cleanup_buf_ struct buf words = BUF_INIT;

	buf_adds(out, "<td class=\"bar\">");
	if (value >= 0 && limit > 0 && isfinite(value / limit)) {
		/* The limit stands at two thirds, so that what lies beyond can be seen. */
		double at = value / limit * 200 / 3;
		const struct fluid_piece pieces[] = {
			{0, 100, "track"},
			{0, at, page_same(json_str(t, "state"), "exceeded") ? "bad" : "good"},
			{200. / 3, 200. / 3 + .6, "limit"},
		};

		buf_addf(&words, "%.3g %% of the limit", 100 * value / limit);
		fluid_bar(out, pieces, ARRAY_SIZE(pieces), buf_str(&words));
	}
	buf_adds(out, "</td>");
}

void report_thresholds(const struct page *p)
{
	static const struct column columns[] = {{"fails if", false}, {"state", false},
		{"measured", true}, {"limit", true}, {"of the limit", false}, {"given by", false}};
	size_t shown = 0, at = 0, all = json_array_size(json_arr(p->doc, "thresholds"));
	const json_t *t;

	if (!page_count(p->doc, "thresholds", PAGE_ROWS))
		return;
	buf_adds(p->out, "<section id=\"thresholds\">\n<h2>Thresholds</h2>\n");
	table_open(p->out, "thresholds", "Thresholds and the values they judged", columns,
		ARRAY_SIZE(columns));
	while (page_next(p->doc, "thresholds", PAGE_ROWS, &at, &t)) {
		const char *unit = json_str(t, "unit"), *state = json_str(t, "state");

		row_open(p->out, json_str(t, "text"));
		cell_mark(p->out, page_tone(state), state);
		cell_value(p->out, page_num(t, "value"), unit);
		cell_value(p->out, page_num(t, "limit"), unit);
		add_bar(p->out, t);
		cell_text(p->out, json_str(t, "source"));
		row_close(p->out);
		shown++;
	}
	table_close(p->out);
	page_more(p->out, MAX_OF(all, shown), MAX_OF(at, shown));
	buf_adds(p->out, "</section>\n");
}
