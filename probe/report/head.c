/* The head of the report: the verdict before all else, who measured what and when, and a tile for
 * each section, which leads to it. */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

#include "probe/report/sections.h"

/* ---- the verdict in words ---- */

static size_t count_sections(const struct page *p, const char *state)
{
	json_t *sections = json_obj(p->doc, "sections"), *section;
	const char *name;
	size_t n = 0;

	if (!sections)
		return 0;
	json_object_foreach(sections, name,
		section) if (json_is_object(section) &&
			     (!state || page_same(json_str(section, "state"), state))) n++;
	return n;
}

static size_t count_thresholds(const struct page *p, const char *state)
{
	const json_t *t;
	size_t n = 0, at = 0;

	while (page_next(p->doc, "thresholds", 10000, &at, &t))
		if (!state || page_same(json_str(t, "state"), state))
			n++;
	return n;
}

static void add_summary(const struct page *p)
{
	size_t all = count_sections(p, NULL), ok = count_sections(p, "ok");
	size_t warn = count_sections(p, "warning"), failed = count_sections(p, "failed");
	size_t limits = count_thresholds(p, NULL), over = count_thresholds(p, "exceeded");

	buf_addf(p->out, "<p class=\"summary\">%zu of %zu section%s well", ok, all,
		all == 1 ? " is" : "s are");
	if (failed)
		buf_addf(p->out, ", %zu failed", failed);
	if (warn)
		buf_addf(p->out, ", %zu warn%s", warn, warn == 1 ? "s" : "");
	if (limits)
		buf_addf(p->out, "; %zu of %zu threshold%s exceeded", over, limits,
			limits == 1 ? "" : "s");
	buf_adds(p->out, ".</p>\n");
}

/* ---- who, what, when ---- */

static void add_fact(struct buf *out, const char *title, const char *value)
{
	if (!value)
		return;
	buf_addf(out, "<div><dt>%s</dt><dd>", title);
	page_clip(out, value, 80);
	buf_adds(out, "</dd></div>\n");
}

/* "2026-11-25T12:00:00Z" as people write it; anything else as it is. */
static void add_time(struct buf *out, const char *title, const char *iso)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (!iso)
		return;
	buf_adds(&shown, iso);
	if (shown.len == 20 && shown.data[10] == 'T' && shown.data[19] == 'Z') {
		shown.data[10] = ' ';
		shown.len = 16;
		shown.data[16] = 0;
		buf_adds(&shown, " UTC");
	}
	add_fact(out, title, buf_str(&shown));
}

static void add_facts(const struct page *p)
{
	const json_t *client = json_obj(p->doc, "client");
	double seconds = page_num(p->doc, "seconds"), cores = page_num(client, "cores");
	_cleanup_buf_ struct buf who = BUF_INIT;

	buf_adds(p->out, "<dl class=\"facts\">\n");
	add_time(p->out, "measured", json_str(p->doc, "started"));
	if (isfinite(seconds)) {
		buf_adds(p->out, "<div><dt>took</dt><dd>");
		page_value(p->out, seconds, "s");
		buf_adds(p->out, "</dd></div>\n");
	}
	if (json_str(client, "host"))
		buf_adds(&who, json_str(client, "host"));
	if (json_str(client, "cpu"))
		buf_addf(&who, "%s%s", who.len ? " · " : "", json_str(client, "cpu"));
	if (isfinite(cores))
		buf_addf(&who, " · %.0f core%s", cores, cores == 1 ? "" : "s");
	add_fact(p->out, "from", who.len ? buf_str(&who) : NULL);
	add_fact(p->out, "svarm", json_str(p->doc, "svarm"));
	add_fact(p->out, "run", json_str(p->doc, "run"));
	add_time(p->out, "beside a run of", json_str(p->earlier, "started"));
	buf_adds(p->out, "</dl>\n");
}

/* ---- tiles ---- */

static void add_tuning_headline(const struct page *p, const json_t *section)
{
	const json_t *s, *detail = json_obj(section, "detail");
	size_t all = 0, effect = 0, at = 0;

	while (page_next(detail, "settings", PAGE_ROWS, &at, &s)) {
		all++;
		effect += page_same(json_str(s, "verdict"), "effect");
	}
	if (all)
		buf_addf(p->out,
			"<span class=\"value\">%zu of %zu</span>"
			"<span class=\"words\">settings with an effect</span>",
			effect, all);
}

static void add_tile(const struct page *p, const struct report_section *s)
{
	const json_t *section = page_section(p->doc, s->name);
	const char *state = json_str(section, "state"), *words = NULL;
	const char *figure = report_headline(s->name, &words);

	if (!section)
		return;
	buf_addf(p->out, "<li><a class=\"tile %s\" href=\"#%s\"><span class=\"name\">%s</span>",
		page_class(page_tone(state)), s->name, s->title);
	page_mark(p->out, page_tone(state), state);
	if (figure && isfinite(page_figure(section, figure))) {
		buf_adds(p->out, "<span class=\"value\">");
		page_value(p->out, page_figure(section, figure),
			json_str(json_obj(json_obj(section, "figures"), figure), "unit"));
		buf_addf(p->out, "</span><span class=\"words\">%s</span>", words);
	} else if (strcmp(s->name, "tuning") == 0) {
		add_tuning_headline(p, section);
	}
	buf_adds(p->out, "</a></li>\n");
}

static void add_contents(const struct page *p)
{
	if (count_sections(p, NULL)) {
		buf_adds(p->out, "<ul class=\"tiles\">\n");
		for (size_t i = 0; i < n_report_known; i++)
			add_tile(p, &report_known[i]);
		buf_adds(p->out, "</ul>\n");
	}
	buf_adds(p->out, "<p class=\"contents\">");
	if (count_thresholds(p, NULL))
		buf_adds(p->out, "<a href=\"#thresholds\">Thresholds</a> ");
	if (p->earlier || json_obj(p->doc, "comparison"))
		buf_adds(p->out, "<a href=\"#comparison\">Before and after</a> ");
	if (page_count(p->doc, "nodes", PAGE_NODES))
		buf_adds(p->out, "<a href=\"#topology\">Cluster</a> ");
	if (json_obj(p->doc, "cost"))
		buf_adds(p->out, "<a href=\"#cost\">Cost</a> ");
	buf_adds(p->out, "<a href=\"#environment\">How this was measured</a></p>\n");
}

void report_head(const struct page *p)
{
	const char *verdict = json_str(p->doc, "verdict");
	const char *cluster = json_str(p->doc, "cluster");

	buf_addf(p->out, "<header>\n<p class=\"kind\">svarm bench</p>\n<h1>");
	page_clip(p->out, cluster ? cluster : "A server", PAGE_NAME);
	buf_adds(p->out, "</h1>\n<p class=\"verdict\">");
	page_mark(p->out, page_tone(verdict), verdict);
	buf_adds(p->out, "</p>\n");
	add_summary(p);
	add_facts(p);
	buf_adds(p->out, "<nav aria-label=\"Sections\">\n");
	add_contents(p);
	buf_adds(p->out, "</nav>\n</header>\n");
}
