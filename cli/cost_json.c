/* A cost comparison as JSON; docs/cost.md names every member. */
#include <math.h>

#include "cli/cost_print.h"
#include "lib/base/quote.h"
#include "probe/cost_curves.h"

static void add_key(struct buf *out, const char *key)
{
	char last = out->len ? out->data[out->len - 1] : '{';

	buf_addf(out, "%s\"%s\":", last == '{' ? "" : ",", key);
}

/* null when it is not finite. */
static void add_number(struct buf *out, const char *key, double value)
{
	add_key(out, key);
	if (isfinite(value))
		buf_addf(out, "%.15g", value);
	else
		buf_adds(out, "null");
}

static void add_bool(struct buf *out, const char *key, bool value)
{
	add_key(out, key);
	buf_adds(out, value ? "true" : "false");
}

static void add_string(struct buf *out, const char *key, const char *value)
{
	add_key(out, key);
	if (value)
		quote_json(out, value);
	else
		buf_adds(out, "null");
}

/* The next element of an array begins. */
static void add_item(struct buf *out)
{
	buf_adds(out, out->data[out->len - 1] == '[' ? "{" : ",{");
}

/* ---- what was asked ---- */

static void add_load(struct buf *out, const struct cost_load *l)
{
	add_key(out, "load");
	buf_addc(out, '{');
	add_number(out, "rate", l->rate);
	add_number(out, "hours", l->hours);
	add_number(out, "ms", l->ms);
	add_number(out, "mb", l->mb);
	add_number(out, "kb", l->kb);
	add_number(out, "calls", cost_calls(l));
	buf_addc(out, '}');
}

static void add_assumptions(struct buf *out, const struct cost_job *j)
{
	add_key(out, "assumptions");
	buf_addc(out, '[');
	for (int i = 0; i < N_INPUTS; i++) {
		const struct cost_assumed *a = &j->assumed[i];
		bool money = i == INPUT_PRICE || i == INPUT_OPS_RATE;

		add_item(out);
		add_string(out, "name", a->name);
		add_number(out, "value", a->value);
		add_string(out, "unit", a->unit);
		add_string(out, "currency", money ? j->money : NULL);
		add_string(out, "from", cost_origin_name(a->origin));
		add_string(out, "means", a->means);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
	add_key(out, "notes");
	buf_addc(out, '[');
	for (size_t i = 0; i < j->n_notes; i++) {
		buf_adds(out, i ? "," : "");
		quote_json(out, j->notes[i]);
	}
	buf_addc(out, ']');
}

/* ---- what was measured ---- */

static void add_measured(struct buf *out, const struct cost_answer *a)
{
	const struct cost_measured *m = &a->job->measured;

	add_key(out, "measured");
	if (!a->job->bench) {
		buf_adds(out, "null");
		return;
	}
	buf_addc(out, '{');
	add_string(out, "cluster", m->cluster);
	add_string(out, "started", m->started);
	add_string(out, "from", m->from);
	add_string(out, "url", m->url);
	add_number(out, "throughput", m->throughput);
	add_string(out, "limited_by", cost_limit_name(m->limit));
	add_number(out, "connections", m->connections);
	add_number(out, "ms", m->ms);
	add_number(out, "kb", m->kb);
	add_number(out, "servers", m->servers ? (double)m->servers : NAN);
	add_number(out, "used", cost_used(a));
	add_number(out, "planned", cost_planned(a));
	buf_addc(out, '}');
}

static void add_findings(struct buf *out, const struct cost_answer *a)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	add_key(out, "findings");
	buf_addc(out, '[');
	for (size_t i = 0; cost_finding(a, i, &text); i++) {
		buf_adds(out, i ? "," : "");
		quote_json(out, buf_str(&text));
		buf_clear(&text);
	}
	buf_addc(out, ']');
	cost_warning(a, &text);
	add_string(out, "warning", text.len ? buf_str(&text) : NULL);
	buf_clear(&text);
	cost_measured_words(a, &text);
	add_string(out, "measurement", text.len ? buf_str(&text) : NULL);
}

/* ---- bills ---- */

static void add_even(struct buf *out, const struct cost_break_even *b)
{
	add_key(out, "break_even");
	buf_addc(out, '{');
	add_number(out, "first", b->first);
	add_number(out, "for_good", b->for_good);
	add_number(out, "reach", b->reach);
	buf_addc(out, '}');
}

static void add_units(struct buf *out, const struct cost_job *j, const struct price_provider *p)
{
	add_key(out, "units");
	buf_addc(out, '{');
	for (int m = 0; m < N_METERS; m++)
		add_number(out, meter_name((enum meter)m), cost_units(&j->c, p, (enum meter)m));
	buf_addc(out, '}');
}

static void add_parts(struct buf *out, const struct cost_bill *b)
{
	add_key(out, "parts");
	buf_addc(out, '{');
	for (int m = 0; m < N_METERS; m++)
		add_number(out, meter_name((enum meter)m), b->part[m]);
	buf_addc(out, '}');
}

static void add_offer(struct buf *out, const struct cost_answer *a, size_t i)
{
	const struct cost_offer *o = &a->job->offers[i];
	const struct cost_bill *b = &a->offers[i];
	_cleanup_buf_ struct buf refused = BUF_INIT;

	cost_refusal_words(o->provider, b->refusal, &refused);
	add_item(out);
	add_string(out, "name", o->provider->name);
	add_string(out, "title", o->provider->title);
	add_string(out, "region", o->provider->region);
	add_string(out, "currency", o->provider->currency);
	add_number(out, "exchange", o->exchange);
	add_string(out, "refused", b->refusal ? buf_str(&refused) : NULL);
	if (!b->refusal) {
		add_units(out, a->job, o->provider);
		add_parts(out, b);
		add_number(out, "total", b->total);
		add_number(out, "per_million", cost_per_million(a, b));
		add_even(out, &a->even[i]);
	}
	buf_addc(out, '}');
}

static void add_servers(struct buf *out, const struct cost_answer *a)
{
	const struct cost_fleet *f = &a->job->c.fleet;
	const struct cost_bill *b = &a->servers;
	double used = a->job->c.load.rate / (f->capacity * (double)b->servers);

	add_key(out, "servers");
	buf_addc(out, '{');
	add_number(out, "count", (double)b->servers);
	add_number(out, "price", f->price);
	add_number(out, "carries", cost_carried(f, b->servers));
	add_number(out, "utilisation", f->capacity > 0 ? used : NAN);
	add_number(out, "fixed", b->fixed);
	add_number(out, "operations", b->operations);
	add_number(out, "total", b->total);
	add_number(out, "per_million", cost_per_million(a, b));
	buf_addc(out, '}');
}

static void add_swings(struct buf *out, const struct cost_answer *a)
{
	const struct cost_swing *dominant = cost_dominant(a);

	add_key(out, "swings");
	buf_addc(out, '[');
	for (size_t i = 0; i < a->n_swings; i++) {
		add_item(out);
		add_string(out, "assumption", cost_knob_name(a->swings[i].knob));
		add_number(out, "half", a->swings[i].half);
		add_number(out, "twice", a->swings[i].twice);
		add_number(out, "swing", a->swings[i].swing);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
	add_string(out, "dominant", dominant ? cost_knob_name(dominant->knob) : NULL);
}

/* ---- the plot as numbers ---- */

enum { SAMPLES = 120 }; /* of a line: what the picture of a page can show */

static void add_axis(struct buf *out, const char *key, double min, double max)
{
	add_key(out, key);
	buf_addf(out, "[%.6g,%.6g]", min, max);
}

static void add_line(struct buf *out, const struct chart_line *l)
{
	const char *comma = "";

	add_item(out);
	add_string(out, "name", l->name);
	add_key(out, "points");
	buf_addc(out, '[');
	for (size_t i = 0; i < l->n; i++) {
		if (!isfinite(l->points[i].x) || !isfinite(l->points[i].y))
			continue;
		buf_addf(out, "%s[%.6g,%.6g]", comma, l->points[i].x, l->points[i].y);
		comma = ",";
	}
	buf_adds(out, "]}");
}

static void add_plot(struct buf *out, const struct cost_job *j)
{
	_cleanup_(cost_curves_done) struct cost_curves v = {0};

	cost_curves_make(&j->c, j->offers, j->n_offers, SAMPLES, &v);
	add_key(out, "plot");
	buf_addc(out, '{');
	add_axis(out, "rates", v.x_min, v.x_max);
	add_axis(out, "costs", v.y_min, v.y_max);
	add_key(out, "lines");
	buf_addc(out, '[');
	for (size_t i = 0; i < v.n_lines; i++)
		add_line(out, &v.lines[i]);
	buf_addc(out, ']');
	add_key(out, "marks");
	buf_addc(out, '[');
	for (size_t i = 0; i < v.n_marks; i++) {
		add_item(out);
		add_number(out, "line", v.marks[i].line ? (double)v.marks[i].line - 1 : NAN);
		add_number(out, "rate", v.marks[i].at.x);
		add_number(out, "cost", v.marks[i].at.y);
		add_string(out, "text", v.marks[i].text);
		buf_addc(out, '}');
	}
	buf_adds(out, "]}");
}

/* ---- prices ---- */

static void add_rows(struct buf *out, const struct price_provider *p)
{
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct price_row *r = &p->rows[i];

		add_item(out);
		add_string(out, "provider", p->name);
		add_string(out, "meter", meter_name((enum meter)r->meter));
		add_number(out, "above", r->above);
		add_number(out, "price", r->price);
		add_number(out, "per", r->per);
		add_number(out, "free", r->free);
		add_string(out, "currency", p->currency);
		add_string(out, "date", r->date);
		add_string(out, "source", r->source);
		buf_addc(out, '}');
	}
}

static void add_prices(struct buf *out, const struct cost_job *j)
{
	add_string(out, "price_list", j->prices->path);
	add_key(out, "prices");
	buf_addc(out, '[');
	for (size_t i = 0; i < j->n_offers; i++)
		add_rows(out, j->offers[i].provider);
	buf_addc(out, ']');
	add_key(out, "exchanges");
	buf_addc(out, '[');
	for (size_t i = 0; i < j->n_exchanges; i++) {
		add_item(out);
		add_string(out, "of", j->exchanges[i].of);
		add_number(out, "rate", j->exchanges[i].rate);
		add_string(out, "date", j->exchanges[i].date);
		add_string(out, "source", j->exchanges[i].source);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

void cost_json(const struct cost_answer *a, bool with_plot, struct buf *out)
{
	const struct cost_job *j = a->job;

	buf_addc(out, '{');
	add_string(out, "currency", j->currency);
	add_load(out, &j->c.load);
	add_bool(out, "free_tier", j->c.free_tier);
	add_bool(out, "counts_front", j->c.front);
	add_key(out, "offers");
	buf_addc(out, '[');
	for (size_t i = 0; i < j->n_offers; i++)
		add_offer(out, a, i);
	buf_addc(out, ']');
	add_servers(out, a);
	add_string(out, "cheapest", a->cheapest ? a->cheapest->name : NULL);
	add_number(out, "ratio", a->ratio);
	add_findings(out, a);
	add_measured(out, a);
	add_swings(out, a);
	add_assumptions(out, j);
	add_prices(out, j);
	if (with_plot)
		add_plot(out, j);
	buf_addc(out, '}');
}
