/* Cold starts: what each call waited for, as a stacked bar. */
#include "probe/report/page.h"

#include <math.h>

#include "probe/chart/fluid.h"

static const struct {
	const char *member, *words;
} stages[] = {
	{"schedule", "schedule"},
	{"create", "create"},
	{"start", "start"},
	{"ready", "ready"},
	{"answer", "answer"},
};
static const char *const classes[ARRAY_SIZE(stages)] = {"c0", "c1", "c2", "c3", "c4"};

static double known(const json_t *call, const char *member)
{
	double ms = page_num(call, member);

	return ms > 0 && isfinite(ms) ? fmin(ms, 1e12) : 0;
}

static double total_of(const json_t *call)
{
	double sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		sum += known(call, stages[i].member);
	return fmax(known(call, "total"), sum);
}

static void add_bar(struct buf *out, const json_t *call, double longest)
{
	struct fluid_piece pieces[ARRAY_SIZE(stages) + 1] = {
		{0, longest > 0 ? 100 * total_of(call) / longest : 0, "soft"}};
	_cleanup_buf_ struct buf words = BUF_INIT;
	double from = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		double ms = known(call, stages[i].member),
		       to = from + (ms ? 100 * ms / longest : 0);

		pieces[i + 1] = (struct fluid_piece){from, to, classes[i]};
		buf_addf(&words, "%s%s %.0f ms", i ? ", " : "", stages[i].words, ms);
		from = to;
	}
	buf_adds(out, "<td class=\"bar wide\">");
	fluid_bar(out, pieces, ARRAY_SIZE(pieces), buf_str(&words));
	buf_adds(out, "</td>");
}

static void add_call(struct buf *out, const json_t *call, size_t n, double longest)
{
	buf_addf(out, "<tr><th scope=\"row\">%zu</th>", n);
	add_bar(out, call, longest);
	cell_number(out, page_num(call, "total"));
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		cell_number(out, page_num(call, stages[i].member));
	row_close(out);
}

void report_cold(const struct part *p)
{

	size_t at = 0, n = 0, all = json_array_size(json_arr(p->detail, "calls"));
	double longest = 0;
	const json_t *call;

	while (page_next(p->detail, "calls", PAGE_ROWS, &at, &call))
		longest = fmax(longest, total_of(call));
	if (all) {
		buf_adds(p->out,
			"<div class=\"scroll\"><table class=\"bars\">\n<caption>Each call, in ms"
			"</caption>\n<thead><tr><th scope=\"col\">call</th><th scope=\"col\">"
			"what it waited for</th><th scope=\"col\" class=\"n\">total</th>");
		for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
			buf_adds(p->out, "<th scope=\"col\" class=\"n\">");
			buf_addf(p->out, "<span class=\"key c%zu\" aria-hidden=\"true\"></span>%s",
				i, stages[i].words);
			buf_adds(p->out, "</th>");
		}
		buf_adds(p->out, "</tr></thead>\n<tbody>\n");
		at = 0;
		while (page_next(p->detail, "calls", PAGE_ROWS, &at, &call))
			add_call(p->out, call, ++n, longest);
		table_close(p->out);
		page_more(p->out, all, at);
	}
	if (json_str(p->detail, "missing")) {
		buf_adds(p->out, "<p class=\"note\">Not known: ");
		page_text(p->out, json_str(p->detail, "missing"));
		buf_adds(p->out, "</p>\n");
	}
}
