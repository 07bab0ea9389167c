/*
 * Before and after: the comparison that the document brings, or else the figures that both
 * documents have.  Those are better or worse only when no round of one run lies among the rounds of
 * the other.
 */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

#include "probe/chart/fluid.h"

/* To the right of the middle when it grew, to the left when it shrank; the ends are four times. */
static void add_bar(struct buf *out, double ratio, const char *verdict)
{
	enum tone tone = page_verdict_tone(verdict);
	const char *class = tone == TONE_OK ? "good" : tone == TONE_FAILED ? "bad" : "soft";

	buf_adds(out, "<td class=\"bar\">");
	if (ratio > 0 && isfinite(ratio)) {
		double at = fluid_log(ratio, .25, 4);
		_cleanup_buf_ struct buf words = BUF_INIT;
		const struct fluid_piece pieces[] = {
			{0, 100, "track"},
			{fmin(at, 50), fmax(at, 50), class},
			{49.7, 50.3, "limit"},
		};

		buf_addf(&words, "%.3g times what it was", ratio);
		fluid_bar(out, pieces, ARRAY_SIZE(pieces), buf_str(&words));
	}
	buf_adds(out, "</td>");
}

static void add_row(struct buf *out, const char *figure, const char *unit, double before,
	double after, double ratio, const char *verdict)
{
	row_open(out, figure);
	cell_value(out, before, unit);
	cell_value(out, after, unit);
	cell_value(out, ratio, "ratio");
	add_bar(out, ratio, verdict);
	cell_mark(out, page_verdict_tone(verdict), verdict);
	row_close(out);
}

static void open(const struct page *p, const json_t *with)
{
	static const struct column columns[] = {{"figure", false}, {"before", true},
		{"after", true}, {"ratio", true}, {"a quarter … the same … four times", false},
		{"verdict", false}};

	buf_adds(p->out,
		"<section id=\"comparison\">\n<h2>Before and after</h2>\n<p class=\"lead\">"
		"Beside a run of ");
	page_clip(p->out, json_str(with, "started"), PAGE_NAME);
	buf_adds(p->out, " (cluster ");
	page_clip(p->out, json_str(with, "cluster"), PAGE_NAME);
	buf_adds(p->out, ", svarm ");
	page_clip(p->out, json_str(with, "svarm"), PAGE_NAME);
	buf_adds(p->out, ").</p>\n");
	table_open(p->out, "comparison", "Figures before and after", columns, ARRAY_SIZE(columns));
}

/* ---- from the document itself ---- */

static void add_given(const struct page *p, const json_t *comparison)
{
	const json_t *f;
	size_t at = 0, all = json_array_size(json_arr(comparison, "figures"));

	open(p, json_obj(comparison, "with"));
	while (page_next(comparison, "figures", 2 * PAGE_ROWS, &at, &f))
		add_row(p->out, json_str(f, "figure"), json_str(f, "unit"), page_num(f, "before"),
			page_num(f, "after"), page_num(f, "ratio"), json_str(f, "verdict"));
	table_close(p->out);
	page_more(p->out, all, at);
}

/* ---- from two documents ---- */

static bool range_of(const json_t *figure, double *low, double *high)
{
	const json_t *rounds = json_arr(figure, "rounds");
	size_t n = json_array_size(rounds);

	*low = INFINITY;
	*high = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		if (!json_is_number(json_array_get(rounds, i)))
			return false;
		*low = fmin(*low, json_number_value(json_array_get(rounds, i)));
		*high = fmax(*high, json_number_value(json_array_get(rounds, i)));
	}
	return n >= 3;
}

static const char *judge(const json_t *before, const json_t *after)
{
	const char *better = json_str(after, "better");
	double low[2], high[2];

	if (!range_of(before, &low[0], &high[0]) || !range_of(after, &low[1], &high[1]))
		return "unjudged";
	if (low[1] <= high[0] && low[0] <= high[1])
		return "same";
	if (page_same(better, "lower"))
		return high[1] < low[0] ? "better" : "worse";
	if (page_same(better, "higher"))
		return low[1] > high[0] ? "better" : "worse";
	return "unjudged";
}

static size_t add_section(const struct page *p, const char *section, size_t room)
{
	json_t *figures = json_obj(page_section(p->doc, section), "figures"), *after;
	const json_t *earlier = json_obj(page_section(p->earlier, section), "figures");
	const char *name;
	size_t n = 0;

	if (!figures)
		return 0;
	json_object_foreach(figures, name, after)
	{
		const json_t *before = json_obj(earlier, name);
		double a = page_num(before, "value"), b = page_num(after, "value");
		_cleanup_buf_ struct buf title = BUF_INIT;

		if (!isfinite(a) || !isfinite(b) || n == room)
			continue;
		buf_addf(&title, "%s.%s", section, name);
		add_row(p->out, buf_str(&title), json_str(after, "unit"), a, b,
			a > 0 ? b / a : (double)NAN, judge(before, after));
		n++;
	}
	return n;
}

static void add_both(const struct page *p)
{
	json_t *sections = json_obj(p->doc, "sections"), *section;
	const char *name;
	size_t room = (size_t)2 * PAGE_ROWS;

	open(p, p->earlier);
	if (sections)
		json_object_foreach(sections, name, section) room -= add_section(p, name, room);
	table_close(p->out);
}

void report_comparison(const struct page *p)
{
	const json_t *given = json_obj(p->doc, "comparison");

	if (!given && !p->earlier)
		return;
	if (given)
		add_given(p, given);
	else
		add_both(p);
	buf_adds(p->out, "</section>\n");
}
