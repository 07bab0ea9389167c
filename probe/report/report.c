/* The page: its head, its style, its parts in order.  Nothing here knows what a part shows. */
#include "probe/report/report.h"

#include "lib/node/template.h"
#include "probe/report/page.h"

/* Whatever a document holds: the page loads nothing, runs nothing and sends nothing. */
static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
			     "base-uri 'none'; form-action 'none'";

static void add_start(const struct page *p)
{
	_cleanup_err_ struct err err = ERR_INIT;
	const char *cluster = json_str(p->doc, "cluster");

	buf_addf(p->out,
		"<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" "
		"lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\"/>\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		"<meta name=\"color-scheme\" content=\"light dark\"/>\n"
		"<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>",
		policy);
	page_clip(p->out, cluster ? cluster : "svarm", PAGE_NAME);
	buf_adds(p->out, " – svarm bench</title>\n<style>\n");
	/* Without its style the page can still be read. */
	if (template_text("report.css", p->out, &err) < 0)
		buf_adds(p->out, "/* no style */\n");
	buf_adds(p->out, "</style>\n</head>\n<body>\n");
}

void report_html(const json_t *doc, const json_t *earlier, struct buf *out)
{
	const struct page p = {
		.doc = json_is_object(doc) ? doc : NULL,
		.earlier = json_is_object(earlier) ? earlier : NULL,
		.out = out,
	};

	add_start(&p);
	report_head(&p);
	buf_adds(out, "<main>\n");
	if (p.doc) {
		report_unwell(&p);
		report_thresholds(&p);
		report_comparison(&p);
		report_topology(&p);
		report_sections(&p);
		report_cost(&p);
		report_environment(&p);
	}
	buf_adds(out, "</main>\n<footer>Made by svarm " SVARM_VERSION
		      " from one document; nothing is loaded from elsewhere.</footer>\n"
		      "</body>\n</html>\n");
}
