/* Probing until interrupted: see health_watch.h. */
#include "cli/health_watch.h"

#include <string.h>
#include <unistd.h>

#include "cli/health_print.h"
#include "cli/signals.h"

/* The @nth row of @h about the same thing as @r. */
static const struct health_result *twin(
	const struct health *h, const struct health_result *r, size_t nth)
{
	for (size_t i = 0; i < health_size(h); i++)
		if (health_same(r, health_at(h, i)) && nth-- == 0)
			return health_at(h, i);
	return NULL;
}

/* How many rows before the @i-th are about the same thing. */
static size_t place(const struct health *h, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += health_same(health_at(h, i), health_at(h, k));
	return n;
}

static void add_line(struct buf *out, const char *when, const char *state,
	const struct health_result *r, const char *before)
{
	buf_addf(out, "%s %-7s %s", when, state, r->id);
	if (r->node)
		buf_addf(out, " %s", r->node);
	if (r->subject)
		buf_addf(out, " %s", r->subject);
	buf_addf(out, ": %s (was %s)\n", r->text, before);
}

static bool is_well(const struct health_result *r)
{
	return r->state == HEALTH_OK || r->state == HEALTH_SKIP;
}

void health_changes(
	const struct health *before, const struct health *now, const char *when, struct buf *out)
{
	for (size_t i = 0; i < health_size(now); i++) {
		const struct health_result *r = health_at(now, i);
		const struct health_result *old = twin(before, r, place(now, i));

		if (!old ? !is_well(r) : old->state != r->state)
			add_line(out, when, health_state_name(r->state), r,
				old ? health_state_name(old->state) : "not there");
	}
	for (size_t i = 0; i < health_size(before); i++) {
		const struct health_result *r = health_at(before, i);

		if (!is_well(r) && !twin(now, r, place(before, i)))
			add_line(out, when, "gone", r, health_state_name(r->state));
	}
}

static void redraw(const struct health_watch *w, const struct health *h, const char *when)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	/* To the upper left corner, and away with what stands below. */
	buf_addf(&out, "\033[H\033[Jsvarm health %s, every %d s; %s\n\n", w->session->cluster->name,
		w->seconds, when);
	health_print(h, &out, output_color(w->session->cli, stdout), output_width());
	output_text(&out);
}

static void show(
	const struct health_watch *w, const struct health *before, const struct health *now)
{
	_cleanup_buf_ struct buf out = BUF_INIT, when = BUF_INIT;

	clock_rfc3339(&when, (time_t)clock_wall());
	if (w->session->cli->opt.json) {
		health_json(now, &out);
		buf_addc(&out, '\n');
	} else if (output_width()) {
		redraw(w, now, buf_str(&when));
	} else if (before) {
		health_changes(before, now, buf_str(&when), &out);
	} else {
		health_print(now, &out, false, 0);
	}
	output_text(&out);
	fflush(stdout);
}

/* A connection that broke is not mended by itself: all are made anew then. */
static bool lost_a_node(const struct health *h)
{
	for (size_t i = 0; i < health_size(h); i++)
		if (!strcmp(health_at(h, i)->id, "node.reachable") &&
			health_at(h, i)->state == HEALTH_FAIL)
			return true;
	return false;
}

static void wait_for_next(const struct health_watch *w)
{
	const usec_t until = clock_now() + (usec_t)w->seconds * USEC_PER_SEC;

	while (!signals_cancelled() && clock_now() < until)
		clock_sleep(100 * USEC_PER_MSEC);
}

int health_watch(struct health_watch *w, enum health_state *ret_verdict, struct err *err)
{
	_cleanup_(health_freep) struct health *before = NULL;
	int r = 0;

	while (r >= 0) {
		struct health *now = NULL;

		r = health_run(w->session->fleet, w->options, &now, err);
		if (r < 0)
			break;
		if (!before)
			session_narrated(w->session, NULL, NULL);
		show(w, before, now);
		r = w->each(w->session, now, err);
		*ret_verdict = health_verdict(now);
		/* Without node.reachable among the probes nobody would notice. */
		if (!before || lost_a_node(now) || w->options->n_only)
			session_again(w->session);
		health_free(before);
		before = now;
		wait_for_next(w);
		if (signals_cancelled() || ferror(stdout))
			return r;
	}
	/* The operator ended it: what was found before that stands. */
	if (r == ERR_INTR && before) {
		err_done(err);
		return 0;
	}
	return r;
}
