/*
 * `svarm cost`: what a load costs by use and on servers at a fixed price.  A calculation alone:
 * touches no node and no network.
 */
#include "cli/cmds.h"

#include "cli/cost_print.h"
#include "cli/output.h"
#include "probe/cost_plot.h"

#define AT(member) .offset = offsetof(struct cost_options, member)

static const struct option options[] = {
	{0, "rate", OPTION_STRING, "N", "calls per second, the mean while there is load", AT(rate)},
	{0, "hours", OPTION_STRING, "N", "hours of a month with that load (default 730: all)",
		AT(hours)},
	{0, "ms", OPTION_STRING, "N", "how long a call takes", AT(ms)},
	{0, "mb", OPTION_STRING, "N", "memory of the function (default 128)", AT(mb)},
	{0, "kb", OPTION_STRING, "N", "size of an answer with its headers (default 1)", AT(kb)},
	{0, "servers", OPTION_STRING, "N",
		"servers that are paid for in any case (default: the price list's)", AT(servers)},
	{0, "price", OPTION_STRING, "X", "what one server costs a month (default: an example)",
		AT(price)},
	{0, "currency", OPTION_STRING, "CUR",
		"of --price and --ops-rate: NOK, EUR or another (default: the price list's)",
		AT(currency)},
	{0, "in", OPTION_STRING, "CUR", "currency of the answer (default: that of --price)",
		AT(in)},
	{0, "rate-of", OPTION_LIST, "CUR=X",
		"what one CUR costs in the answer's currency, as in EUR=11.6; may be repeated",
		AT(rates_of)},
	{0, "capacity", OPTION_STRING, "N",
		"calls per second that fill one server (default: not known)", AT(capacity)},
	{0, "headroom", OPTION_STRING, "PERCENT", "of a server that stays free (default 30)",
		AT(headroom)},
	{0, "peak", OPTION_STRING, "X", "busiest moment over the mean (default 2)", AT(peak)},
	{0, "spare", OPTION_STRING, "N",
		"servers that may be lost without the load suffering (default 1)", AT(spare)},
	{0, "ops-hours", OPTION_STRING, "N", "hours of work a month that only the servers need",
		AT(ops_hours)},
	{0, "ops-rate", OPTION_STRING, "X", "what such an hour costs", AT(ops_rate)},
	{0, "front", OPTION_FLAG, NULL, "count the provider's HTTP front, where it costs extra",
		AT(front)},
	{0, "no-free-tier", OPTION_FLAG, NULL, "do not count what providers give away each month",
		AT(no_free_tier)},
	{0, "prices", OPTION_STRING, "FILE", "a price list instead of the built-in one",
		AT(prices)},
	{0, "plot", OPTION_STRING, "FILE", "write the break-even plot to FILE as SVG", AT(plot)},
	{0},
};

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
		cost_json(&a, &out);
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
	.usage = "--rate N --ms N",
	.summary = "compare paying by use with servers at a fixed price",
	.about =
		"Calculates what a load costs a month with providers that charge by call, by "
		"memory and time, and by traffic, and what it costs on servers at a fixed price; "
		"from which load on the servers cost less; and which assumption that hangs on "
		"most. Every assumption and every price, with its date and source, stands in the "
		"answer.\n"
		"Prices come from a list that is built in and may be out of date; the price of "
		"servers in it is an example. There are no rates of exchange in it: they are given "
		"where they are needed. No node and no network is touched.",
	.common = COMMON_JSON | COMMON_COLOR,
	.own = options,
	.own_size = sizeof(struct cost_options),
	.run = run,
};
