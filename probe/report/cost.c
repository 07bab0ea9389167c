/* What it costs: the break-even plot, both bills, and everything that was assumed, from the member
 * "cost" that `svarm bench --cost` puts into the document. */
#include "probe/report/page.h"

#include <math.h>
#include <string.h>

enum { MAX_SENTENCES = 20 };

/* ---- sentences ---- */

static void add_sentence(struct buf *out, const char *class, const char *text)
{
	if (!text)
		return;
	buf_addf(out, "<p class=\"%s\">", class);
	page_text(out, text);
	buf_adds(out, "</p>\n");
}

static void add_sentences(
	const struct page *p, const json_t *cost, const char *key, const char *class)
{
	const json_t *list = json_arr(cost, key);

	for (size_t i = 0; i < json_array_size(list) && i < MAX_SENTENCES; i++)
		add_sentence(p->out, class, json_string_value(json_array_get(list, i)));
}

/* ---- bills ---- */

static const char *const meters[] = {"requests", "gb_seconds", "front", "egress_gb"};

static void add_even(struct buf *out, const json_t *offer)
{
	double first = page_num(json_obj(offer, "break_even"), "first");

	if (isfinite(first)) {
		cell_value(out, first, "1/s");
		return;
	}
	buf_adds(out, "<td class=\"n\">");
	buf_adds(out, json_obj(offer, "break_even") ? "never" : "–");
	buf_adds(out, "</td>");
}

static void add_offer(const struct page *p, const json_t *offer)
{
	const json_t *parts = json_obj(offer, "parts");

	row_open(p->out, json_str(offer, "title"));
	for (size_t i = 0; i < ARRAY_SIZE(meters); i++)
		cell_number(p->out, page_num(parts, meters[i]));
	buf_adds(p->out, "<td class=\"n\"></td>");
	cell_number(p->out, page_num(offer, "total"));
	cell_number(p->out, page_num(offer, "per_million"));
	add_even(p->out, offer);
	row_close(p->out);
}

static void add_servers(const struct page *p, const json_t *servers)
{
	double count = page_num(servers, "count");
	double fixed = page_num(servers, "fixed"), operations = page_num(servers, "operations");
	char name[40] = "servers";

	if (count >= 0 && count < 1e12)
		snprintf(name, sizeof(name), "%.0f server%s", count, count == 1 ? "" : "s");
	row_open(p->out, name);
	for (size_t i = 0; i < ARRAY_SIZE(meters); i++)
		buf_adds(p->out, "<td class=\"n\"></td>");
	cell_number(p->out, fixed + (isfinite(operations) ? operations : 0));
	cell_number(p->out, page_num(servers, "total"));
	cell_number(p->out, page_num(servers, "per_million"));
	buf_adds(p->out, "<td class=\"n\"></td>");
	row_close(p->out);
}

static void add_bills(const struct page *p, const json_t *cost)
{
	static const struct column columns[] = {{"a month", false}, {"calls", true},
		{"compute", true}, {"front", true}, {"traffic", true}, {"servers", true},
		{"total", true}, {"per million", true}, {"even at", true}};
	const json_t *offer;
	size_t at = 0;

	if (!page_count(cost, "offers", PAGE_ROWS))
		return;
	table_open(p->out, "runs", "Bills of a month", columns, ARRAY_SIZE(columns));
	while (page_next(cost, "offers", PAGE_ROWS, &at, &offer))
		add_offer(p, offer);
	add_servers(p, json_obj(cost, "servers"));
	table_close(p->out);
}

/* ---- assumptions ---- */

/* Where a number is from, in words. */
static const char *origin_words(const char *from)
{
	static const struct {
		const char *from, *words;
	} origins[] = {
		{"option", "given"},
		{"default", "default"},
		{"prices", "price list"},
		{"bench", "measured"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(origins); i++)
		if (page_same(from, origins[i].from))
			return origins[i].words;
	return from;
}

static void add_assumption(const struct page *p, const json_t *a)
{
	_cleanup_buf_ struct buf unit = BUF_INIT;
	const char *currency = json_str(a, "currency"), *of = json_str(a, "unit");

	/* What is not known is said among the sentences. */
	if (!isfinite(page_num(a, "value")))
		return;
	row_open(p->out, json_str(a, "name"));
	buf_adds(p->out, "<td class=\"n\">");
	page_value(p->out, page_num(a, "value"), NULL);
	buf_adds(p->out, "</td>");
	buf_addf(&unit, "%s%s%s", currency ? currency : "", currency ? " " : "", of ? of : "");
	cell_text(p->out, buf_str(&unit));
	cell_text(p->out, json_str(a, "means"));
	cell_text(p->out, origin_words(json_str(a, "from")));
	row_close(p->out);
}

static void add_assumptions(const struct page *p, const json_t *cost)
{
	static const struct column columns[] = {{"assumed", false}, {"value", true},
		{"unit", false}, {"what", false}, {"from", false}};
	const json_t *a;
	size_t at = 0;

	if (!page_count(cost, "assumptions", PAGE_ROWS))
		return;
	buf_adds(p->out, "<h3>What is assumed</h3>\n");
	add_sentence(p->out, "note", json_str(cost, "measurement"));
	add_sentences(p, cost, "notes", "note");
	table_open(p->out, "small", "Assumptions", columns, ARRAY_SIZE(columns));
	while (page_next(cost, "assumptions", PAGE_ROWS, &at, &a))
		add_assumption(p, a);
	table_close(p->out);
}

/* ---- prices ---- */

static void add_prices(const struct page *p, const json_t *cost)
{
	static const struct column columns[] = {{"provider", false}, {"meter", false},
		{"above", true}, {"price", true}, {"per", true}, {"free", true}, {"", false},
		{"seen", false}, {"source", false}};
	static const char *const numbers[] = {"above", "price", "per", "free"};
	const json_t *row;
	size_t at = 0;

	if (!page_count(cost, "prices", PAGE_ROWS))
		return;
	buf_adds(p->out, "<details><summary>Every price, with its date and source</summary>\n");
	table_open(p->out, "small", "Prices", columns, ARRAY_SIZE(columns));
	while (page_next(cost, "prices", PAGE_ROWS, &at, &row)) {
		row_open(p->out, json_str(row, "provider"));
		cell_text(p->out, json_str(row, "meter"));
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			double n = page_num(row, numbers[i]);

			buf_adds(p->out, "<td class=\"n\">");
			if (n > 0 && n < 0.01) /* to the last digit, not as 1.67e-05 */
				buf_addf(p->out, "%.10f", n);
			else
				page_value(p->out, n, NULL);
			buf_adds(p->out, "</td>");
		}
		cell_text(p->out, json_str(row, "currency"));
		cell_text(p->out, json_str(row, "date"));
		cell_text(p->out, json_str(row, "source"));
		row_close(p->out);
	}
	table_close(p->out);
	buf_adds(p->out, "</details>\n");
}

void report_cost(const struct page *p)
{
	const json_t *cost = json_obj(p->doc, "cost");

	if (!cost)
		return;
	buf_adds(p->out, "<section id=\"cost\">\n<h2>Cost</h2>\n<p class=\"lead\">A month paid for "
			 "by use, and on servers at a fixed price.</p>\n");
	add_sentence(p->out, "found", json_str(cost, "error"));
	add_sentences(p, cost, "findings", "found");
	add_sentence(p->out, "found warning", json_str(cost, "warning"));
	report_cost_chart(p, cost);
	add_bills(p, cost);
	add_assumptions(p, cost);
	add_prices(p, cost);
	buf_adds(p->out, "</section>\n");
}
