/* Rows of two values with their bars: see pair.h. */
#include "probe/report/pair.h"

#include <math.h>

#include "probe/chart/fluid.h"

void pairs_open(struct buf *out, const char *caption, const char *before, const char *after)
{
	buf_addf(out,
		"<div class=\"scroll\"><table class=\"bars "
		"pairs\">\n<caption>%s</caption>\n<thead><tr>"
		"<th scope=\"col\">what</th><th scope=\"col\">"
		"<span class=\"key soft\" aria-hidden=\"true\"></span>%s, "
		"<span class=\"key c0\" aria-hidden=\"true\"></span>%s</th>"
		"<th scope=\"col\" class=\"n\">value</th><th scope=\"col\" class=\"n\">ratio</th>"
		"<th scope=\"col\">verdict</th></tr></thead>\n<tbody>\n",
		caption, before, after);
}

static void add_bar(struct buf *out, double value, double most, const char *class, const char *unit)
{
	const struct fluid_piece piece = {0, most > 0 ? 100 * value / most : 0, class};
	_cleanup_buf_ struct buf words = BUF_INIT;

	buf_addf(&words, "%.4g %s", value, unit ? unit : "");
	fluid_bar(out, &piece, 1, buf_str(&words));
}

void pairs_row(struct buf *out, const char *head, const char *what, double before, double after,
	const char *unit)
{
	double most = fmax(before, after); /* not a number only when both are not */

	buf_adds(out, "<tr><th scope=\"row\">");
	page_clip(out, head, PAGE_NAME);
	if (what) {
		buf_adds(out, "<small>");
		page_clip(out, what, 120);
		buf_adds(out, "</small>");
	}
	buf_adds(out, "</th><td class=\"bar wide\">");
	add_bar(out, before, most, "soft", unit);
	add_bar(out, after, most, "c0", unit);
	buf_adds(out, "</td><td class=\"n\"><span>");
	page_value(out, before, unit);
	buf_adds(out, "</span><span>");
	page_value(out, after, unit);
	buf_adds(out, "</span></td>");
}
