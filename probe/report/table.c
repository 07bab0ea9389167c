/* Tables of the report: a caption, headings that say what they head, numbers flush right. */
#include "probe/report/page.h"

void table_open(struct buf *out, const char *class, const char *caption,
	const struct column *columns, size_t n)
{
	buf_addf(out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		"<table class=\"%s\">\n<caption>%s</caption>\n<thead><tr>",
		caption, class, caption);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "<th scope=\"col\"%s>%s</th>",
			columns[i].number ? " class=\"n\"" : "", columns[i].title);
	buf_adds(out, "</tr></thead>\n<tbody>\n");
}

void table_close(struct buf *out)
{
	buf_adds(out, "</tbody>\n</table></div>\n");
}

void row_open(struct buf *out, const char *head)
{
	buf_adds(out, "<tr><th scope=\"row\">");
	page_clip(out, head, PAGE_NAME);
	buf_adds(out, "</th>");
}

void row_close(struct buf *out)
{
	buf_adds(out, "</tr>\n");
}

void cell_text(struct buf *out, const char *s)
{
	buf_adds(out, "<td>");
	page_text(out, s);
	buf_adds(out, "</td>");
}

void cell_number(struct buf *out, double value)
{
	buf_adds(out, "<td class=\"n\">");
	page_number(out, value);
	buf_adds(out, "</td>");
}

void cell_value(struct buf *out, double value, const char *unit)
{
	buf_adds(out, "<td class=\"n\">");
	page_value(out, value, unit);
	buf_adds(out, "</td>");
}

void cell_mark(struct buf *out, enum tone tone, const char *word)
{
	buf_adds(out, "<td>");
	page_mark(out, tone, word);
	buf_adds(out, "</td>");
}
