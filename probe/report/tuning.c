/* Tuning: what each setting buys, without it and with it. */
#include "probe/report/page.h"

#include "probe/report/pair.h"

void report_tuning(const struct part *p)
{
	size_t at = 0, all = json_array_size(json_arr(p->detail, "settings"));
	const json_t *s;

	if (!page_count(p->detail, "settings", PAGE_ROWS))
		return;
	pairs_open(p->out, "Each setting, without it and with it", "without", "with");
	while (page_next(p->detail, "settings", PAGE_ROWS, &at, &s)) {
		const char *verdict = json_str(s, "verdict");

		pairs_row(p->out, json_str(s, "setting"), json_str(s, "what"),
			page_num(s, "before"), page_num(s, "after"), json_str(s, "unit"));
		cell_value(p->out, page_num(s, "ratio"), "ratio");
		buf_adds(p->out, "<td>");
		page_mark(p->out, page_verdict_tone(verdict), verdict);
		if (json_str(s, "text")) {
			buf_adds(p->out, "<small>");
			page_text(p->out, json_str(s, "text"));
			buf_adds(p->out, "</small>");
		}
		buf_adds(p->out, "</td>");
		row_close(p->out);
	}
	table_close(p->out);
	page_more(p->out, all, at);
}
