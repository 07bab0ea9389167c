/* The figures of a section: large, side by side; what they were in the earlier run; and all rounds,
 * folded away. */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

enum { MAX_FIGURES = 24, MAX_ROUNDS = 24 };

const char *report_headline(const char *section, const char **ret_words)
{
	static const struct {
		const char *section, *figure, *words;
	} lines[] = {
		{"http", "p99", "p99 of a call"},
		{"cold", "p50", "median cold start"},
		{"async", "drain", "worked off"},
		{"disk", "fdatasync_p99", "p99 of fdatasync"},
		{"cpu", "steal", "stolen"},
		{"network", "rtt_p50", "round trip, worst pair"},
		{"redis", "rate", "new connections"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strcmp(section, lines[i].section) == 0) {
			*ret_words = lines[i].words;
			return lines[i].figure;
		}
	return NULL;
}

void report_figure_name(struct buf *out, const char *name)
{
	static const struct {
		const char *name, *shown;
	} names[] = {
		{"p999", "p99.9"},
		{"rps", "answers"},
		{"cpu_us", "client’s CPU per answer"},
		{"lag_p99", "schedule lag p99"},
		{"rtt_p50", "round trip p50"},
		{"rtt_p99", "round trip p99"},
		{"overlay_rtt_p50", "overlay round trip p50"},
		{"overlay_rtt_p99", "overlay round trip p99"},
		{"connect_cpu", "CPU per connection"},
		{"rate_gain", "rate, tuned ÷ untuned"},
		{"cpu_gain", "CPU, untuned ÷ tuned"},
		{"accept", "accepted"},
		{"drain", "worked off"},
		{"tcp_tw_reuse", "tcp_tw_reuse"},
	};
	_cleanup_buf_ struct buf plain = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i].name) == 0) {
			buf_adds(out, names[i].shown);
			return;
		}
	buf_adds(&plain, name);
	for (size_t i = 0; i < plain.len; i++)
		if (plain.data[i] == '_')
			plain.data[i] = ' ';
	page_clip(out, buf_str(&plain), PAGE_NAME);
}

/* "0.80 – 0.85 in 3 rounds" */
static void add_range(struct buf *out, const json_t *figure)
{
	const json_t *rounds = json_arr(figure, "rounds");
	double low = INFINITY, high = -INFINITY;
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rounds); i++) {
		const json_t *r = json_array_get(rounds, i);

		if (!json_is_number(r))
			continue;
		low = fmin(low, json_number_value(r));
		high = fmax(high, json_number_value(r));
		n++;
	}
	if (n < 2)
		return;
	buf_adds(out, "<small>");
	page_value(out, low, NULL);
	if (high > low) {
		buf_adds(out, " – ");
		page_value(out, high, NULL);
	}
	buf_addf(out, " in %zu rounds</small>", n);
}

static void add_figure(const struct part *p, const char *name, const json_t *figure)
{
	const char *unit = json_str(figure, "unit");
	double was = page_figure(p->before, name);

	buf_adds(p->out, "<div><dt>");
	report_figure_name(p->out, name);
	buf_adds(p->out, "</dt><dd>");
	page_value(p->out, page_num(figure, "value"), unit);
	add_range(p->out, figure);
	if (isfinite(was)) {
		buf_adds(p->out, "<small>earlier ");
		page_value(p->out, was, unit);
		buf_adds(p->out, "</small>");
	}
	buf_adds(p->out, "</dd></div>\n");
}

void report_figures(const struct part *p)
{
	json_t *figures = json_obj(p->section, "figures");
	json_t *figure;
	const char *name;
	size_t n = 0;

	if (!figures || !json_object_size(figures))
		return;
	buf_adds(p->out, "<dl class=\"figures\">\n");
	json_object_foreach(figures, name, figure)
	{
		if (n < MAX_FIGURES && json_is_object(figure)) {
			add_figure(p, name, figure);
			n++;
		}
	}
	buf_adds(p->out, n ? "</dl>\n" : "<div><dt>figures</dt><dd>–</dd></div></dl>\n");
}

/* ---- all rounds ---- */

static size_t most_rounds(json_t *figures)
{
	json_t *figure;
	const char *name;
	size_t most = 0;

	json_object_foreach(figures, name, figure)
		most = MAX_OF(most, json_array_size(json_arr(figure, "rounds")));
	return MIN_OF(most, (size_t)MAX_ROUNDS);
}

static void add_rounds(struct buf *out, const char *name, const json_t *figure, size_t columns)
{
	const json_t *rounds = json_arr(figure, "rounds");

	buf_adds(out, "<tr><th scope=\"row\">");
	report_figure_name(out, name);
	buf_adds(out, "</th>");
	cell_value(out, page_num(figure, "value"), json_str(figure, "unit"));
	for (size_t i = 0; i < columns; i++) {
		const json_t *r = json_array_get(rounds, i);

		if (i < json_array_size(rounds))
			cell_number(out, json_is_number(r) ? json_number_value(r) : (double)NAN);
		else
			buf_adds(out, "<td></td>");
	}
	row_close(out);
}

void report_rounds(const struct part *p)
{
	json_t *figures = json_obj(p->section, "figures");
	json_t *figure;
	const char *name;
	size_t columns = figures ? most_rounds(figures) : 0, n = 0;

	if (columns < 2)
		return;
	buf_adds(p->out,
		"<details><summary>All rounds</summary>\n"
		"<div class=\"scroll\"><table>\n<caption>All rounds of each figure</caption>\n"
		"<thead><tr><th scope=\"col\">figure</th><th scope=\"col\" class=\"n\">median"
		"</th>");
	for (size_t i = 0; i < columns; i++)
		buf_addf(p->out, "<th scope=\"col\" class=\"n\">%zu</th>", i + 1);
	buf_adds(p->out, "</tr></thead>\n<tbody>\n");
	json_object_foreach(figures, name, figure) if (n++ < MAX_FIGURES)
		add_rounds(p->out, name, figure, columns);
	table_close(p->out);
	buf_adds(p->out, "</details>\n");
}
