/*
 * The first call of a function that sleeps, and where its time goes.
 *
 * The first function of the spec is scaled to zero and called, over and over, from inside the
 * gateway's container: on the gateway's clock, without the operator's link.  What was its number of
 * tasks is put back whatever happens: in the usual way at the end, and by a process on the manager
 * (svarm-probe undo) when this one, or the connection, does not come to the end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/cold_judge.h"
#include "probe/bench/cold_swarm.h"
#include "probe/bench/document.h"
#include "probe/bench/place.h"

enum { CALLS = 5, WARM = 5, CALL_SECONDS = 60 };
/* Without a number of calls given, no more are begun after this. */
#define ENOUGH     (25 * USEC_PER_SEC)
/* For tasks to end: functions have a time of grace. */
#define ASLEEP_IN  (45 * USEC_PER_SEC)
#define BACK_IN    (15 * USEC_PER_SEC)
#define LOOK_AGAIN (100 * USEC_PER_MSEC)
/* For gateways to see that the tasks are gone. */
#define SETTLE     USEC_PER_SEC

/* ---- between calls ---- */

/* Wait until @wanted tasks run.  -ETIMEDOUT. */
static int await_running(
	const struct bench *b, const struct place *p, int wanted, usec_t within, struct err *err)
{
	usec_t until = clock_now() + within;
	int running, r;

	for (;;) {
		r = cold_running(p, &running, err);
		if (r < 0 || running == wanted)
			return r;
		if (clock_now() > until)
			return err_set(err, -ETIMEDOUT, "'%s' has %d tasks after %.0f s, not %d",
				p->function->name, running, (double)within / 1e6, wanted);
		if (!place_sleep(b, LOOK_AGAIN))
			return err_set(err, ERR_INTR, "interrupted");
	}
}

static int put_to_sleep(const struct bench *b, const struct place *p, struct err *err)
{
	int r;

	r = cold_scale(p, 0, err);
	if (r == 0)
		r = await_running(b, p, 0, ASLEEP_IN, err);
	if (r == 0 && !place_sleep(b, SETTLE))
		r = err_set(err, ERR_INTR, "interrupted");
	return r < 0 ? err_wrap(err, "putting '%s' to sleep", p->function->name) : 0;
}

/* From now on it is put back even when we are not there to do it. */
static int arm_undo(const struct place *p, int replicas, struct agent_job **ret, struct err *err)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	const char *argv[] = {
		"undo", "/usr/bin/docker", "service", "scale", "--detach", NULL, NULL};
	const struct agent_command c = {.argv = argv, .deadline = 3600 * USEC_PER_SEC};
	const char *line;
	int r;

	buf_addf(&what, "%s=%d", p->service->name, replicas);
	argv[5] = buf_str(&what);
	r = agent_start(p->agent, &c, ret, err);
	if (r < 0)
		return r;
	r = agent_job_line(*ret, 10 * USEC_PER_SEC, &line, err);
	if (r == 0)
		r = err_set(err, ERR_REMOTE, "svarm-probe undo did not start");
	return r < 0 ? r : 0;
}

/* ---- one call ---- */

/* The call itself.  ERR_REMOTE: it was not answered as it should be. */
static int make_call(const struct place *p, struct cold_times *ret, struct err *err)
{
	_cleanup_free_ char *url = NULL;
	char timeout[16], warm[16];
	const char *argv[] = {"call", "--timeout", timeout, "--warm", warm, NULL, NULL};
	const struct agent_command c = {.argv = argv,
		.container = p->gateway->id,
		.deadline = (CALL_SECONDS + 20) * USEC_PER_SEC};
	_cleanup_json_ json_t *answer = NULL;
	json_int_t status;
	int r;

	url = xasprintf("http://127.0.0.1:8080/function/%s", p->function->name);
	snprintf(timeout, sizeof(timeout), "%d", CALL_SECONDS);
	snprintf(warm, sizeof(warm), "%d", WARM);
	argv[5] = url;
	r = agent_run(p->agent, &c, &answer, err);
	if (r < 0)
		return r;
	*ret = (struct cold_times){.begin = document_number(answer, "begin"),
		.seconds = document_number(answer, "seconds"),
		.warm = document_number(answer, "warm_ms") / 1000,
		.created = NAN,
		.made = NAN,
		.started = NAN};
	status = json_int(answer, "status", 0);
	if (!status)
		return err_set(err, ERR_REMOTE, "asleep, '%s' did not answer (%.20s) within %.1f s",
			p->function->name,
			json_str(answer, "error") ? json_str(answer, "error") : "no reason",
			ret->seconds);
	if (status >= 500 || status == 404)
		return err_set(err, ERR_REMOTE,
			"asleep, '%s' was answered with HTTP status %d after %.1f s",
			p->function->name, (int)status, ret->seconds);
	return 0;
}

static int one_call(const struct bench *b, const struct place *p, const double *ahead,
	struct cold_parts *ret, struct err *err)
{
	struct cold_times times;
	int r;

	r = put_to_sleep(b, p, err);
	if (r < 0)
		return r;
	r = make_call(p, &times, err);
	if (r < 0)
		return r;
	r = cold_first(b, p, ahead, &times, err);
	if (r == ERR_INTR)
		return r;
	err_done(err); /* then its parts are not known */
	cold_split(&times, ret);
	return 0;
}

static int all_calls(
	const struct bench *b, const struct place *p, struct cold_found *found, struct err *err)
{
	unsigned wanted = b->o->calls ? b->o->calls : CALLS;
	_cleanup_free_ double *ahead = xcalloc(b->cluster->n_nodes, sizeof(*ahead));
	usec_t begin = clock_now();
	int r;

	r = cold_clocks(b, p, ahead, err);
	for (unsigned i = 0; i < wanted && r == 0; i++) {
		struct cold_parts parts;

		if (!b->o->calls && i && clock_now() - begin > ENOUGH)
			break;
		bench_say(b, "call %u of %u: waiting for '%s' to sleep", i + 1, wanted,
			p->function->name);
		r = one_call(b, p, ahead, &parts, err);
		if (r < 0)
			break;
		cold_found_add(found, &parts);
		bench_say(b, "call %u of %u: answered after %.0f ms", i + 1, wanted, parts.total);
	}
	return r;
}

/* ---- all of it ---- */

/* What it gets back: as many tasks as before.  But where load decides, it is the minimum: a number
 * set from outside is one that the gateway would not take back. */
static int due_back(const struct bench *b, const struct place *p, int before)
{
	const struct spec_scale *scale = &p->function->scale;

	if (!scale->moves || before <= scale->min)
		return before;
	bench_say(b, "'%s' had %d tasks by its load, and gets back its minimum of %d",
		p->function->name, before, scale->min);
	return scale->min;
}

static int put_back(const struct place *p, int replicas, struct err *err)
{
	int now, r;

	r = cold_scale(p, replicas, err);
	if (r == 0)
		r = cold_replicas(p, &now, err);
	if (r < 0)
		return r;
	return now == replicas ? 0 : err_set(err, ERR_REMOTE, "it has %d", now);
}

static void not_put_back(
	struct section_result *ret, const struct place *p, int replicas, const char *why)
{
	section_found(ret, HEALTH_FAIL, "'%s' did not get back its %d tasks: %.300s",
		p->function->name, replicas, why);
	section_remedy(ret, "on '%s': 'docker service scale %s=%d', and 'docker service ps %s'",
		p->node->name, p->service->name, replicas, p->service->name);
}

/* For what comes next: it should find the function as we did. */
static int await_back(const struct bench *b, const struct place *p, int replicas,
	struct section_result *ret, struct err *err)
{
	int r;

	bench_say(b, "waiting for its %d tasks", replicas);
	r = await_running(b, p, replicas, BACK_IN, err);
	if (r != -ETIMEDOUT || ret->state != HEALTH_OK)
		return r == ERR_INTR ? r : 0;
	section_found(ret, HEALTH_WARN, "%s; afterwards %s", ret->text, err_msg(err));
	section_remedy(ret, "on '%s': 'docker service ps %s'", p->node->name, p->service->name);
	return 0;
}

static int measure(struct bench *b, const struct place *p, int replicas, struct section_result *ret,
	struct err *err)
{
	_cleanup_(agent_job_endp) struct agent_job *undo = NULL;
	_cleanup_err_ struct err back = ERR_INIT;
	_cleanup_(cold_found_done) struct cold_found found = {0};
	int r;

	r = arm_undo(p, replicas, &undo, err);
	if (r < 0)
		return r;
	r = all_calls(b, p, &found, err);
	if (r == ERR_INTR)
		return r;
	cold_judge(&found, p->function->name, ret);
	if (r < 0)
		cold_judge_failed(&found, err_msg(err), p->service->name, ret);
	err_done(err);
	r = put_back(p, replicas, &back);
	if (r < 0 && r != ERR_INTR)
		not_put_back(ret, p, replicas, err_msg(&back));
	else if (r == 0 && ret->state != HEALTH_FAIL)
		r = await_back(b, p, replicas, ret, &back);
	return r == ERR_INTR ? err_move(err, &back) : 0;
}

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	struct place p;
	int replicas, r;

	if (!place_find(b, ret, &p))
		return 0;
	r = cold_replicas(&p, &replicas, err);
	if (r == -EINVAL) {
		section_found(ret, HEALTH_SKIP, "%.300s", err_msg(err));
		err_done(err);
		return 0;
	}
	if (r == 0)
		r = measure(b, &p, due_back(b, &p, replicas), ret, err);
	return r < 0 ? place_failed(ret, r, err) : 0;
}

const struct section section_cold = {
	.name = "cold",
	.summary = "the first call of a function that was scaled to zero, and where its time goes",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
	.print = cold_print,
};
