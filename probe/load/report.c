/* The figures of a load run: see report.h. */
#include "probe/load/report.h"

#include <string.h>

#include "lib/base/quote.h"
#include "probe/load/hist_json.h"
#include "probe/load/rounds.h"

static const struct {
	const char *title;
	double q;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

static void json_hist(struct buf *out, const char *key, const struct hist *h)
{
	buf_addf(out, ", \"%s\": ", key);
	hist_json(out, h);
}

static void json_series(struct buf *out, const struct load_result *r)
{
	buf_adds(out, ", \"series\": [");
	for (size_t i = 0; i < r->n_series; i++) {
		if (i)
			buf_adds(out, ", ");
		load_report_point(&r->series[i], out);
	}
	buf_addc(out, ']');
}

static void json_steps(struct buf *out, const struct load_result *r)
{
	if (!r->n_steps)
		return;
	buf_adds(out, ", \"steps\": [");
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct load_step *s = &r->steps[i];

		buf_addf(out,
			"%s{\"rate\": %.15g, \"rps\": %.1f, \"p50\": %.4f, \"p99\": %.4f, "
			"\"answers\": %llu, \"errors\": %llu, \"unsent\": %llu, \"kept_up\": %s}",
			i ? ", " : "", s->rate, s->rps, hist_ms(s->p50), hist_ms(s->p99),
			(unsigned long long)s->answers, (unsigned long long)s->errors,
			(unsigned long long)s->unsent, s->kept_up ? "true" : "false");
	}
	buf_addf(out, "], \"kept_up_to\": %.15g", load_kept_up_to(r));
}

static double cpu_per_answer(const struct load_result *r)
{
	return r->in_time ? r->cpu_seconds * 1e6 / (double)r->in_time : 0;
}

static bool client_bound(const struct load_result *r)
{
	return r->cpu_busiest > LOAD_BUSY;
}

static void json_counts(struct buf *out, const struct load_result *r)
{
	const char *comma = "";

	buf_adds(out, ", \"status\": {");
	for (int i = 0; i < LOAD_STATUSES; i++) {
		if (!r->statuses[i])
			continue;
		buf_addf(out, "%s\"%d\": %llu", comma, i, (unsigned long long)r->statuses[i]);
		comma = ", ";
	}
	buf_adds(out, "}, \"errors\": {");
	for (int i = 0; i < N_LOAD_ERRORS; i++)
		buf_addf(out, "%s\"%s\": %llu", i ? ", " : "", load_error_names[i],
			(unsigned long long)r->errors[i]);
	buf_addc(out, '}');
}

void load_report_point(const struct load_point *p, struct buf *out)
{
	buf_addf(out,
		"{\"t\": %.15g, \"seconds\": %.3f, \"answers\": %llu, \"errors\": %llu, "
		"\"p50\": %.4f, \"p99\": %.4f}",
		p->t, p->seconds, (unsigned long long)p->answers, (unsigned long long)p->errors,
		hist_ms(p->p50), hist_ms(p->p99));
}

void load_report_progress(const struct load_progress *p, struct buf *out)
{
	buf_addf(out,
		"{\"progress\": {\"elapsed\": %.15g, \"answers\": %llu, \"errors\": %llu, "
		"\"p50\": %.4f, \"p99\": %.4f, \"latest\": ",
		p->elapsed, (unsigned long long)p->answers, (unsigned long long)p->errors,
		hist_ms(p->p50), hist_ms(p->p99));
	load_report_point(&p->latest, out);
	buf_adds(out, "}}\n");
}

void load_report_json(
	const char *url, const struct load_options *o, const struct load_result *r, struct buf *out)
{
	buf_adds(out, "{\"url\": ");
	quote_json(out, url);
	buf_addf(out,
		", \"connections\": %u, \"threads\": %u, \"rate\": %.15g, \"seconds\": %.3f, "
		"\"answers\": %llu, \"failed\": %llu, \"rps\": %.1f, \"bytes_in\": %llu, "
		"\"connects\": %llu, \"unsent\": %llu",
		o->connections, o->threads, o->rate, r->seconds,
		(unsigned long long)load_answers(r), (unsigned long long)load_failed(r),
		load_rps(r), (unsigned long long)r->bytes_in, (unsigned long long)r->connects,
		(unsigned long long)r->unsent);
	json_hist(out, "latency_ms", &r->latency);
	json_hist(out, "service_ms", &r->service);
	if (o->rate > 0)
		json_hist(out, "lag_ms", &r->lag);
	buf_adds(out, ", \"nines\": ");
	hist_nines_json(out, &r->latency);
	json_series(out, r);
	json_steps(out, r);
	if (r->rounds > 1 && !r->n_steps)
		buf_addf(out, ", \"rounds\": %u, \"stable\": %s", r->rounds,
			r->unstable ? "false" : "true");
	json_counts(out, r);
	if (r->connect_errno) {
		buf_adds(out, ", \"connect_error\": ");
		quote_json(out, strerror(r->connect_errno));
	}
	if (r->tls_reason) {
		buf_adds(out, ", \"tls_error\": ");
		quote_json(out, r->tls_reason);
	}
	buf_addf(out,
		", \"cpu\": {\"seconds\": %.3f, \"us_per_answer\": %.2f, \"busiest\": %.3f}, "
		"\"client_bound\": %s}\n",
		r->cpu_seconds, cpu_per_answer(r), r->cpu_busiest,
		client_bound(r) ? "true" : "false");
}

static void text_hist(struct buf *out, const char *title, const struct hist *h)
{
	buf_addf(out, "  %-9s", title);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		buf_addf(out, "  %s %.2f ms", quantiles[i].title,
			hist_ms(hist_at(h, quantiles[i].q)));
	buf_addc(out, '\n');
}

static void text_counts(struct buf *out, const struct load_result *r)
{
	buf_adds(out, "  answers  ");
	for (int i = 0; i < LOAD_STATUSES; i++)
		if (r->statuses[i])
			buf_addf(out, "  %d: %llu", i, (unsigned long long)r->statuses[i]);
	buf_adds(out, "\n");
	for (int i = 0; i < N_LOAD_ERRORS; i++) {
		if (!r->errors[i])
			continue;
		buf_addf(out, "  no answer  %s: %llu", load_error_names[i],
			(unsigned long long)r->errors[i]);
		if (i == LOAD_CONNECT && r->connect_errno)
			buf_addf(out, " (%s)", strerror(r->connect_errno));
		if (i == LOAD_TLS && r->tls_reason)
			buf_addf(out, " (%s)", r->tls_reason);
		buf_addc(out, '\n');
	}
}

static void text_steps(struct buf *out, const struct load_result *r)
{
	double most = load_kept_up_to(r);

	for (size_t i = 0; i < r->n_steps; i++)
		buf_addf(out, "  %10.1f due a second: %.1f answered, p50 %.2f ms, p99 %.2f ms%s\n",
			r->steps[i].rate, r->steps[i].rps, hist_ms(r->steps[i].p50),
			hist_ms(r->steps[i].p99), r->steps[i].kept_up ? "" : ", not kept up with");
	if (r->n_steps && most > 0)
		buf_addf(out, "  kept up to %.1f a second\n", most);
	else if (r->n_steps)
		buf_adds(out, "  did not keep up with the first step\n");
	if (r->rounds > 1 && !r->n_steps)
		buf_addf(out, "  %u rounds, which %s\n", r->rounds,
			r->unstable ? "do not agree" : "agree");
}

void load_report_text(
	const char *url, const struct load_options *o, const struct load_result *r, struct buf *out)
{
	escape_text(out, url, strlen(url), false);
	buf_addf(out, "\n  %u connections, %u threads, ", o->connections, o->threads);
	if (o->rate > 0)
		buf_addf(out, "%.15g requests a second due", o->rate);
	else
		buf_adds(out, "each waits for its answer");
	buf_addf(out, "\n  %.1f answers a second (%llu in %.2f s)\n", load_rps(r),
		(unsigned long long)load_answers(r), r->seconds);
	text_hist(out, "latency", &r->latency);
	if (o->rate > 0) {
		text_hist(out, "service", &r->service);
		text_hist(out, "lag", &r->lag);
	}
	text_counts(out, r);
	text_steps(out, r);
	if (r->unsent)
		buf_addf(out, "  %llu requests were due and found no free connection\n",
			(unsigned long long)r->unsent);
	buf_addf(out, "  client: %.2f us of processor per answer, busiest thread %.0f %%%s\n",
		cpu_per_answer(r), r->cpu_busiest * 100,
		client_bound(r) ? ": it may have been the bottleneck" : "");
}
