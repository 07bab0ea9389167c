/* What is not well, with what helps: the part that somebody in a hurry reads. */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

#include "probe/report/sections.h"

static const char *title_of(const char *name)
{
	for (size_t i = 0; i < n_report_known; i++)
		if (strcmp(name, report_known[i].name) == 0)
			return report_known[i].title;
	return name;
}

static void add_section(struct buf *out, const char *name, const json_t *section)
{
	const char *state = json_str(section, "state"), *remedy = json_str(section, "remedy");

	buf_addf(out, "<li class=\"%s\"><h3>", page_class(page_tone(state)));
	page_clip(out, title_of(name), PAGE_NAME);
	buf_adds(out, " ");
	page_mark(out, page_tone(state), state);
	buf_adds(out, "</h3><p>");
	page_text(out, json_str(section, "text"));
	buf_adds(out, "</p>");
	if (remedy) {
		buf_adds(out, "<p class=\"remedy\"><b>What helps:</b> ");
		page_text(out, remedy);
		buf_adds(out, "</p>");
	}
	buf_adds(out, "</li>\n");
}

static size_t add_state(struct buf *out, json_t *sections, const char *state)
{
	json_t *section;
	const char *name;
	size_t n = 0;

	json_object_foreach(sections, name,
		section) if (n < PAGE_ROWS && page_same(json_str(section, "state"), state))
	{
		add_section(out, name, section);
		n++;
	}
	return n;
}

static size_t add_thresholds(struct buf *out, const json_t *doc)
{
	const json_t *t;
	size_t n = 0, at = 0;

	while (page_next(doc, "thresholds", PAGE_ROWS, &at, &t)) {
		const char *unit = json_str(t, "unit");

		if (!page_same(json_str(t, "state"), "exceeded"))
			continue;
		buf_adds(out, "<li class=\"failed\"><h3>Threshold ");
		page_mark(out, TONE_FAILED, "exceeded");
		buf_adds(out, "</h3><p><code>");
		page_text(out, json_str(t, "text"));
		buf_adds(out, "</code>: it is ");
		page_value(out, page_num(t, "value"), unit);
		buf_adds(out, "</p></li>\n");
		n++;
	}
	return n;
}

void report_unwell(const struct page *p)
{
	json_t *sections = json_obj(p->doc, "sections");
	_cleanup_buf_ struct buf list = BUF_INIT;
	size_t n = sections ? add_state(&list, sections, "failed") : 0;

	n += add_thresholds(&list, p->doc);
	n += sections ? add_state(&list, sections, "warning") : 0;
	if (!n)
		return;
	buf_adds(p->out, "<section id=\"unwell\">\n<h2>What is not well</h2>\n"
			 "<ul class=\"unwell\">\n");
	buf_add(p->out, list.data, list.len);
	buf_adds(p->out, "</ul>\n</section>\n");
}
