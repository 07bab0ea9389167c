/* The sections of the report, one after the other: what was found, its remedy, its figures, and
 * what a section shows of its own.  One that this version does not know is shown by its figures. */
#include "probe/report/page.h"

#include <string.h>

#include "probe/report/sections.h"

const struct report_section report_known[] = {
	{"http", "Calls", "What a caller waits for, and where the time goes.", report_http},
	{"cold", "Cold starts", "A call to a function that is scaled to zero.", report_cold},
	{"async", "Asynchronous calls", "Accepted, queued, worked off, called back.", report_async},
	{"disk", "Disks", "Small synchronous writes, as a database makes them, and random reads.",
		report_disk},
	{"cpu", "Processors", "What other guests take while all cores work.", report_cpu},
	{"network", "Network", "Between every pair of nodes.", report_network},
	{"redis", "Redis", "New connections through the overlay.", report_redis},
	{"tuning", "Tuning", "What each setting buys on this cluster.", report_tuning},
};
const size_t n_report_known = ARRAY_SIZE(report_known);

enum { MAX_UNKNOWN = 8 };

static bool known(const char *name)
{
	for (size_t i = 0; i < n_report_known; i++)
		if (strcmp(name, report_known[i].name) == 0)
			return true;
	return false;
}

static void add_found(const struct part *p)
{
	const char *remedy = json_str(p->section, "remedy");

	buf_adds(p->out, "<p class=\"found\">");
	page_text(p->out, json_str(p->section, "text"));
	buf_adds(p->out, "</p>\n");
	if (!remedy)
		return;
	buf_adds(p->out, "<p class=\"remedy\"><b>What helps:</b> ");
	page_text(p->out, remedy);
	buf_adds(p->out, "</p>\n");
}

static void add_section(const struct page *page, const char *name, const char *id,
	const struct report_section *known_as)
{
	const json_t *section = page_section(page->doc, name);
	const struct part p = {
		.page = page,
		.id = id,
		.section = section,
		.before = page_section(page->earlier, name),
		.detail = json_obj(section, "detail"),
		.out = page->out,
	};

	if (!section)
		return;
	buf_addf(p.out, "<section id=\"%s\">\n<h2>", id);
	if (known_as)
		buf_adds(p.out, known_as->title);
	else
		page_clip(p.out, name, PAGE_NAME);
	buf_adds(p.out, " ");
	page_mark(p.out, page_tone(json_str(section, "state")), json_str(section, "state"));
	buf_adds(p.out, "</h2>\n");
	if (known_as)
		buf_addf(p.out, "<p class=\"lead\">%s</p>\n", known_as->what);
	add_found(&p);
	report_figures(&p);
	if (known_as && p.detail)
		known_as->write(&p);
	report_rounds(&p);
	buf_adds(p.out, "</section>\n");
}

void report_sections(const struct page *p)
{
	json_t *sections = json_obj(p->doc, "sections"), *section;
	const char *name;
	size_t n = 0;

	for (size_t i = 0; i < n_report_known; i++)
		add_section(p, report_known[i].name, report_known[i].name, &report_known[i]);
	if (!sections)
		return;
	json_object_foreach(sections, name, section)
	{
		_cleanup_buf_ struct buf id = BUF_INIT;

		if (known(name) || !json_is_object(section) || n == MAX_UNKNOWN)
			continue;
		buf_addf(&id, "other-%zu", ++n);
		add_section(p, name, buf_str(&id), NULL);
	}
}
