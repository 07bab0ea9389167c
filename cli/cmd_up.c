/* `svarm up`: bring every node to where the spec wants it, then prove with health that it is there.
 */
#include "cli/bench_print.h"
#include "cli/cmds.h"
#include "cli/health_print.h"
#include "cli/plan_print.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "cli/up_bench.h"

struct up_options {
	const char *images;
	bool no_health, no_bench;
};

static const struct option options[] = {
	{0, "images", OPTION_STRING, "DIR", "where svarm's own image archives are",
		.offset = offsetof(struct up_options, images)},
	{0, "no-health", OPTION_FLAG, NULL, "do not probe the cluster at the end",
		.offset = offsetof(struct up_options, no_health)},
	{0, "no-bench", OPTION_FLAG, NULL, "do not measure what verify.fail_if says about http",
		.offset = offsetof(struct up_options, no_bench)},
	{0},
};

/* What a run found, besides the changes. */
struct findings {
	struct health *health; /* owned; NULL: not probed */
	json_t *bench;         /* owned; NULL: not measured */
};

static void findings_done(struct findings *f)
{
	health_free(f->health);
	json_decref(f->bench);
}

static void summarise(struct session *s, struct buf *out)
{
	size_t changes = fleet_changes(s->fleet);

	if (!changes) {
		buf_addf(out, "0 changes on %zu nodes (", fleet_size(s->fleet));
	} else {
		buf_addf(out, "%zu change%s made on %zu nodes (", changes, changes == 1 ? "" : "s",
			fleet_size(s->fleet));
	}
	clock_format(out, clock_now() - s->start);
	buf_addc(out, ')');
}

/* One JSON object: what was changed, what health says, and what was measured. */
static void print_json(struct session *s, const struct findings *f, const struct err *error)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_adds(&out, "{\"up\":");
	plan_json(s->fleet, error->code ? err_msg(error) : NULL, &out);
	if (f->health) {
		buf_adds(&out, ",\"health\":");
		health_json(f->health, &out);
	}
	if (f->bench) {
		buf_adds(&out, ",\"bench\":");
		json_print(f->bench, &out);
	}
	buf_adds(&out, "}\n");
	output_text(&out);
}

static void print_answer(const struct cli *cli, struct session *s, const struct findings *f,
	const char *summary, const struct err *error)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.json) {
		print_json(s, f, error);
		return;
	}
	if (!error->code)
		buf_addf(&out, "%s\n", summary);
	if (f->health)
		health_print(f->health, &out, output_color(cli, stdout), output_width());
	if (f->bench) {
		buf_addc(&out, '\n');
		bench_print_verdict(f->bench, &out, output_color(cli, stdout), output_width());
	}
	output_text(&out);
}

/*
 * Probe until nothing fails, for a while: nginx learns of a task, a node that has just booted
 * catches up, within seconds or by docker's next exchange.  What still fails then has failed.
 */
static int probe(struct session *s, struct health **health, struct err *err)
{
	/* Docker's nodes tell each other all they know of containers every 30 s, and one exchange
	 * may be in vain. */
	const usec_t until = clock_now() + 75 * USEC_PER_SEC;
	int r;

	for (;;) {
		health_free(*health);
		*health = NULL;
		r = health_run(s->fleet, &(struct health_options){0}, health, err);
		if (r < 0 || health_verdict(*health) != HEALTH_FAIL || clock_now() > until ||
			signals_cancelled())
			return r;
		clock_sleep(2 * USEC_PER_SEC);
	}
}

static bool unhealthy(const struct findings *f)
{
	return f->health && health_verdict(f->health) == HEALTH_FAIL;
}

static bool too_slow(const struct findings *f)
{
	const char *verdict = json_str(f->bench, "verdict");

	return f->bench && (!verdict || !strcmp(verdict, "failed"));
}

/* Converge, then probe, then measure what the spec has thresholds for.  Failures of the run go to
 * @failed, so that the answer can still be given.
 */
static int converge(const struct cli *cli, struct session *s, struct findings *found,
	struct buf *summary, struct err *failed)
{
	const struct up_options *own = cli->own;
	struct fleet_flow flow = flow_converge(&s->flow);
	int r;

	r = fleet_converge(s->fleet, &flow, true, failed);
	summarise(s, summary);
	if (r >= 0 && !own->no_health)
		r = probe(s, &found->health, failed);
	if (r >= 0 && !own->no_bench && up_bench_wanted(s->cluster) && !unhealthy(found))
		r = up_bench(s, &found->bench, failed);
	session_narrated(s, failed, buf_str(summary));
	return r;
}

static int up(const struct cli *cli, struct session *s, struct err *err)
{
	const struct up_options *own = cli->own;
	_cleanup_(findings_done) struct findings found = {0};
	_cleanup_buf_ struct buf summary = BUF_INIT;
	_cleanup_err_ struct err failed = ERR_INIT;
	int r;

	if ((r = session_open(cli, s, err)) < 0 || (r = session_load_faas(s, own->images, err)) < 0)
		return r;
	r = converge(cli, s, &found, &summary, &failed);
	print_answer(cli, s, &found, buf_str(&summary), &failed);
	if (r < 0) {
		output_error(false, output_color(cli, stderr), &failed, exit_of(r));
		return exit_of(r);
	}
	return unhealthy(&found) || too_slow(&found) ? EXIT_NODE : EXIT_FINE;
}

static int run(const struct cli *cli, struct err *err)
{
	struct session s = {0};
	int r = up(cli, &s, err);

	session_done(&s);
	return r;
}

const struct cmd cmd_up = {
	.name = "up",
	.usage = "[FILE]",
	.summary = "bring the nodes to where the spec wants them",
	.about =
		"Carries out what 'svarm plan' shows, on all nodes at once, and probes the cluster "
		"at the end. What the spec's verify.fail_if says about http is measured then, by "
		"three rounds of two seconds. Running it again changes nothing; running it after "
		"an interruption "
		"goes on where that one stopped.",
	.common = COMMON_JSON | COMMON_COLOR | COMMON_RUN | COMMON_TEMPLATES,
	.max_args = 1,
	.own = options,
	.own_size = sizeof(struct up_options),
	.run = run,
};
