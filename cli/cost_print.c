/* A cost comparison for people: bills, break-even, what it hangs on, assumptions, prices. */
#include "cli/cost_print.h"

#include <math.h>

#include "lib/base/quote.h"
#include "lib/base/table.h"
#include "lib/base/width.h"

struct printing {
	const struct cost_answer *a;
	const struct cost_job *j;
	struct buf *out;
	bool color;
	size_t width; /* of the terminal; 0: no limit */
};

static void add_table(struct printing *p, const char *title, const struct table *t)
{
	buf_addf(p->out, "\n%s%s%s\n", p->color ? style_on(CELL_STRONG) : "", title,
		p->color ? STYLE_OFF : "");
	table_render(t, p->out, p->color, p->width);
}

static void add_paragraph(struct printing *p, const char *text)
{
	text_wrap(p->out, text, p->width ? p->width : 100, 0, 2);
	buf_addc(p->out, '\n');
}

/* Text from a price list, made harmless. */
static void cell_text(struct table *t, enum cell_style style, const char *text)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (text)
		escape_text(&shown, text, strlen(text), false);
	table_text(t, style, text ? buf_str(&shown) : NULL);
}

/* Append a price: as few digits as it has, but never an exponent. */
static void add_plain(struct buf *out, double n)
{
	_cleanup_buf_ struct buf digits = BUF_INIT;

	buf_addf(&digits, "%.12f", n);
	while (buf_str(&digits)[digits.len - 1] == '0')
		digits.data[--digits.len] = '\0';
	if (buf_str(&digits)[digits.len - 1] == '.')
		digits.data[--digits.len] = '\0';
	buf_adds(out, digits.data);
}

/* ---- bills ---- */

static const struct table_column bill_columns[] = {
	{"offer", "A MONTH", false, false},
	{"requests", "REQUESTS", true, false},
	{"compute", "COMPUTE", true, false},
	{"front", "FRONT", true, false},
	{"egress", "EGRESS", true, false},
	{"fixed", "SERVERS", true, false},
	{"operations", "OPERATIONS", true, false},
	{"total", "TOTAL", true, false},
	{"per_million", "PER MILLION", true, false},
	{"break_even", "EVEN AT", true, false},
	{0},
};

static void add_even(struct table *t, const struct cost_break_even *even)
{
	_cleanup_buf_ struct buf at = BUF_INIT;

	cost_amount(&at, even->first);
	if (isinf(even->first))
		table_text(t, CELL_DIM, "never");
	else if (even->first <= 0)
		table_text(t, CELL_PLAIN, "any load");
	else
		table_textf(t, CELL_PLAIN, "%s/s", buf_str(&at));
}

static void add_offer(struct printing *p, struct table *t, size_t i)
{
	const struct cost_bill *b = &p->a->offers[i];

	table_row(t);
	cell_text(t, CELL_STRONG, p->j->offers[i].provider->title);
	if (b->refusal)
		return;
	for (int m = 0; m < N_METERS; m++)
		table_number(t, CELL_PLAIN, b->part[m], 2);
	table_text(t, CELL_PLAIN, "");
	table_text(t, CELL_PLAIN, "");
	table_number(t, CELL_STRONG, b->total, 2);
	table_number(t, CELL_PLAIN, cost_per_million(p->a, b), 3);
	add_even(t, &p->a->even[i]);
}

static void add_bills(struct printing *p)
{
	const struct cost_bill *s = &p->a->servers;
	_cleanup_(table_freep) struct table *t = table_new(bill_columns);

	for (size_t i = 0; i < p->j->n_offers; i++)
		add_offer(p, t, i);
	table_row(t);
	table_textf(t, CELL_STRONG, "%llu server%s", (unsigned long long)s->servers,
		s->servers == 1 ? "" : "s");
	for (int m = 0; m < N_METERS; m++)
		table_text(t, CELL_PLAIN, "");
	table_number(t, CELL_PLAIN, s->fixed, 2);
	table_number(t, CELL_PLAIN, s->operations, 2);
	table_number(t, CELL_STRONG, s->total, 2);
	table_number(t, CELL_PLAIN, cost_per_million(p->a, s), 3);
	table_render(t, p->out, p->color, p->width);
}

/* ---- findings ---- */

static void add_findings(struct printing *p)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; cost_finding(p->a, i, &text); i++) {
		add_paragraph(p, buf_str(&text));
		buf_clear(&text);
	}
	cost_warning(p->a, &text);
	if (!text.len)
		return;
	buf_adds(p->out, p->color ? style_on(CELL_WARN) : "");
	add_paragraph(p, buf_str(&text));
	buf_adds(p->out, p->color ? STYLE_OFF : "");
}

static void add_measured(struct printing *p)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	cost_measured_words(p->a, &text);
	if (!text.len)
		return;
	buf_addc(p->out, '\n');
	add_paragraph(p, buf_str(&text));
}

/* ---- what it hangs on ---- */

static const struct table_column swing_columns[] = {
	{"assumption", "ASSUMPTION", false, false},
	{"half", "HALF OF IT", true, false},
	{"now", "AS IT IS", true, false},
	{"twice", "TWICE", true, false},
	{0},
};

static void add_swings(struct printing *p)
{
	_cleanup_(table_freep) struct table *t = table_new(swing_columns);

	if (!p->a->n_swings || isnan(p->a->ratio))
		return;
	for (size_t i = 0; i < p->a->n_swings; i++) {
		const struct cost_swing *s = &p->a->swings[i];

		table_row(t);
		table_text(t, s == cost_dominant(p->a) ? CELL_STRONG : CELL_PLAIN,
			cost_knob_name(s->knob));
		table_number(t, CELL_PLAIN, s->half, 3);
		table_number(t, CELL_DIM, p->a->ratio, 3);
		table_number(t, CELL_PLAIN, s->twice, 3);
	}
	add_table(p, "What it hangs on: cheapest offer ÷ servers, with one assumption changed", t);
}

/* ---- assumptions and prices ---- */

static const struct table_column assumed_columns[] = {
	{"name", "ASSUMPTION", false, false},
	{"value", "VALUE", true, false},
	{"unit", "UNIT", false, false},
	{"origin", "FROM", false, false},
	{"means", "MEANS", false, false},
	{0},
};

/* Money has its currency before the unit. */
static bool is_money(enum cost_input i)
{
	return i == INPUT_PRICE || i == INPUT_OPS_RATE;
}

static bool is_measured(const struct cost_job *j, enum cost_input i)
{
	return j->assumed[i].origin == FROM_BENCH ||
	       (i == INPUT_UTILISATION && j->assumed[i].origin == FROM_DEFAULT);
}

static void add_assumed(struct printing *p)
{
	_cleanup_(table_freep) struct table *t = table_new(assumed_columns);

	for (int i = 0; i < N_INPUTS; i++) {
		const struct cost_assumed *a = &p->j->assumed[i];

		if (a->origin == FROM_NOWHERE)
			continue;
		table_row(t);
		table_text(t, CELL_PLAIN, a->name);
		/* What is calculated from a measurement has not ten digits that count. */
		table_textf(t, CELL_STRONG, "%.*g", is_measured(p->j, (enum cost_input)i) ? 4 : 10,
			a->value);
		table_textf(t, CELL_PLAIN, "%s%s%s",
			is_money((enum cost_input)i) ? p->j->money : "",
			is_money((enum cost_input)i) ? " " : "", a->unit);
		table_text(t, CELL_DIM, cost_origin_name(a->origin));
		table_text(t, CELL_PLAIN, a->means);
	}
	add_table(p, "Assumptions", t);
	for (size_t i = 0; i < p->j->n_notes; i++)
		add_paragraph(p, p->j->notes[i]);
}

static const struct table_column price_columns[] = {
	{"provider", "PRICES", false, false},
	{"meter", "METER", false, false},
	{"above", "ABOVE", true, false},
	{"price", "PRICE", true, false},
	{"per", "PER", true, false},
	{"free", "FREE", true, false},
	{"currency", "", false, false},
	{"date", "SEEN", false, false},
	{"source", "SOURCE", false, false},
	{0},
};

static void add_price(
	struct table *t, const struct price_provider *provider, const struct price_row *row)
{
	const double numbers[] = {row->above, row->price, row->per, row->free};

	table_row(t);
	table_text(t, CELL_STRONG, provider->name);
	table_text(t, CELL_PLAIN, meter_name((enum meter)row->meter));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_buf_ struct buf number = BUF_INIT;

		add_plain(&number, numbers[i]);
		table_text(t, CELL_PLAIN, buf_str(&number));
	}
	table_text(t, CELL_PLAIN, provider->currency);
	table_text(t, CELL_DIM, row->date);
	cell_text(t, CELL_DIM, row->source);
}

static void add_prices(struct printing *p)
{
	_cleanup_(table_freep) struct table *t = table_new(price_columns);

	for (size_t i = 0; i < p->j->n_offers; i++) {
		const struct price_provider *provider = p->j->offers[i].provider;

		for (size_t k = 0; k < provider->n_rows; k++)
			if (p->j->c.front || provider->rows[k].meter != METER_FRONT)
				add_price(t, provider, &provider->rows[k]);
	}
	add_table(p, "Prices", t);
	for (size_t i = 0; i < p->j->n_exchanges; i++) {
		const struct cost_exchange *e = &p->j->exchanges[i];
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_addf(&text, "1 %s is %.10g %s: ", e->of, e->rate, p->j->currency);
		escape_text(&text, e->source, strlen(e->source), false);
		buf_addf(&text, "%s%s", e->date ? ", " : "", e->date ? e->date : "");
		add_paragraph(p, buf_str(&text));
	}
}

void cost_print(const struct cost_answer *a, struct buf *out, bool color, size_t width)
{
	struct printing p = {.a = a, .j = a->job, .out = out, .color = color, .width = width};

	add_bills(&p);
	buf_addc(out, '\n');
	add_findings(&p);
	add_measured(&p);
	add_swings(&p);
	add_assumed(&p);
	add_prices(&p);
}
