/*
 * `svarm cost`: what a load costs by use and on servers at a fixed price.  A calculation alone:
 * touches no node and no network.
 */
#include "cli/cmds.h"

#include "cli/cost_print.h"
#include "cli/output.h"
#include "probe/cost_plot.h"

static int write_plot(const struct cost_job *j, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf svg = BUF_INIT;
	FILE *f;
	bool ok;

	cost_plot(&j->c, j->offers, j->n_offers, j->currency, &svg);
	f = fopen(path, "we");
	if (!f)
		return err_errno(err, -errno, "unable to open '%s'", path);
	ok = fwrite(svg.data, 1, svg.len, f) == svg.len;
	ok = fclose(f) == 0 && ok;
	return ok ? 0 : err_errno(err, -errno, "writing '%s'", path);
}

static int cost(
	const struct cli *cli, const struct cost_options *o, struct cost_job *j, struct err *err)
{
	_cleanup_(cost_answer_done) struct cost_answer a = {0};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = cost_job_make(o, j, err);

	if (r < 0)
		return r;
	if (o->plot && (r = write_plot(j, o->plot, err)) < 0)
		return r;
	cost_answer_make(j, &a);
	if (cli->opt.json) {
		cost_json(&a, false, &out);
		buf_addc(&out, '\n');
	} else {
		cost_print(&a, &out, output_color(cli, stdout), output_width());
	}
	output_text(&out);
	return EXIT_FINE;
}

static int run(const struct cli *cli, struct err *err)
{
	const struct cost_options *o = cli->own;
	struct option_list rates = o->rates_of; /* its array is ours to free */
	struct cost_job j = {0};
	int r = cost(cli, o, &j, err);

	cost_job_done(&j);
	option_list_done(&rates);
	return r;
}

const struct cmd cmd_cost = {
	.name = "cost",
	.usage = "--rate N --ms N | --bench FILE",
	.summary = "compare paying by use with servers at a fixed price",
	.about =
		"Calculates what a load costs a month with providers that charge by call, by "
		"memory and time, and by traffic, and what it costs on servers at a fixed price; "
		"from which load on the servers cost less; and which assumption that hangs on "
		"most. Every assumption and every price, with its date and source, stands in the "
		"answer.\n"
		"Prices come from a list that is built in and may be out of date; the price of "
		"servers in it is an example. There are no rates of exchange in it: they are given "
		"where they are needed. No node and no network is touched.\n"
		"With --bench the load, the duration of a call, the size of an answer, the number "
		"of servers and what they carry are those that 'svarm bench --json' measured; what "
		"is given besides counts in their place.",
	.common = COMMON_JSON | COMMON_COLOR,
	.own = cost_option_table,
	.own_size = sizeof(struct cost_options),
	.run = run,
};
