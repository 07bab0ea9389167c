/* The calculator on what is measured: see bench_cost.h. */
#include "cli/bench_cost.h"

#include <string.h>

#include "cli/cost_print.h"
#include "lib/base/quote.h"
#include "lib/base/table.h"
#include "lib/base/width.h"
#include "probe/bench/document.h"

enum { MAX_FINDINGS = 20, MAX_TEXT = 600 };

/* What measures it: the run, or nothing when it leaves section http out. */
static json_t *measured(json_t *doc)
{
	return json_at(doc, "sections", "http", NULL) ? doc : NULL;
}

/* What the run will not measure must be given, and better now than when it has ended. */
static int check_measured(const struct bench_job *j, struct err *err)
{
	const struct cost_options *o = &j->cost;

	if (!bench_job_measures(j, "http") && !(o->rate && o->ms))
		return err_set(err, ERR_SPEC,
			"it calculates with what section http measures, which this run leaves out; "
			"give rate=N and ms=N");
	if (j->own->url && !o->ms)
		return err_set(err, ERR_SPEC,
			"what a URL answers with has no time of the function itself; give ms=N");
	if (j->own->url && !o->servers)
		return err_set(err, ERR_SPEC,
			"how many servers are behind a URL is not known; give servers=N");
	return 0;
}

int bench_cost_begin(struct bench_job *j, struct err *err)
{
	int r;

	if (!j->own->cost.n)
		return 0;
	r = cost_options_words(&j->own->cost, &j->arena, &j->cost, err);
	if (r < 0)
		return r;
	r = cost_job_begin(&j->cost, &j->cost_job, err);
	if (r >= 0)
		r = j->input ? cost_job_finish(&j->cost_job, &j->cost, measured(j->input), err)
			     : check_measured(j, err);
	return r < 0 ? err_wrap(err, "--cost") : 0;
}

void bench_cost_finish(struct bench_job *j, json_t *doc)
{
	_cleanup_(cost_answer_done) struct cost_answer a = {0};
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *cost = NULL;
	int r = 0;

	if (!j->own->cost.n)
		return;
	if (!j->input)
		r = cost_job_finish(&j->cost_job, &j->cost, measured(doc), &err);
	if (r >= 0) {
		cost_answer_make(&j->cost_job, &a);
		cost_json(&a, true, &text);
		r = json_parse(buf_str(&text), text.len, DOCUMENT_MAX, &cost, &err);
	}
	if (r < 0) {
		cost = json_object();
		json_set_text(cost, "error", err_msg(&err), strlen(err_msg(&err)));
	}
	json_object_set_new(doc, "cost", cost);
}

void bench_cost_done(struct bench_job *j)
{
	cost_job_done(&j->cost_job);
	option_list_done(&j->cost.rates_of);
}

/* ---- for people ---- */

static void add_line(
	const char *text, enum cell_style style, struct buf *out, bool color, size_t width)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	escape_text(&shown, text, MIN_OF(strlen(text), (size_t)MAX_TEXT), false);
	buf_adds(out, "  ");
	buf_adds(out, color ? style_on(style) : "");
	text_wrap(out, buf_str(&shown), width > 26 ? width : SIZE_MAX, 2, 4);
	buf_adds(out, color && *style_on(style) ? STYLE_OFF : "");
	buf_addc(out, '\n');
}

void bench_cost_print(const json_t *doc, struct buf *out, bool color, size_t width)
{
	const json_t *cost = json_obj(doc, "cost"), *findings = json_arr(cost, "findings");
	const char *error = json_str(cost, "error"), *warning = json_str(cost, "warning");

	if (!cost)
		return;
	buf_addf(out, "%scost%s\n", color ? style_on(CELL_STRONG) : "", color ? STYLE_OFF : "");
	if (error)
		add_line(error, CELL_WARN, out, color, width);
	for (size_t i = 0; i < json_array_size(findings) && i < MAX_FINDINGS; i++) {
		const char *text = json_string_value(json_array_get(findings, i));

		if (text)
			add_line(text, CELL_PLAIN, out, color, width);
	}
	if (warning)
		add_line(warning, CELL_WARN, out, color, width);
	buf_addc(out, '\n');
}
