/* The options of `svarm cost`, for itself and, word by word, for `svarm bench --cost`. */
#include "cli/cost_options.h"

#define AT(member, kind) .offset = offsetof(struct cost_options, member), .bit = (kind)

const struct option cost_option_table[] = {
	{0, "bench", OPTION_STRING, "FILE",
		"what this document of 'svarm bench --json' measured, instead of --rate, --ms, "
		"--kb, --servers and --capacity; - is standard input",
		AT(bench, COST_FILES)},
	{0, "rate", OPTION_STRING, "N", "calls per second, the mean while there is load",
		AT(rate, COST_CASE)},
	{0, "utilisation", OPTION_STRING, "PERCENT",
		"--bench: of the measured throughput instead of --rate (default: what the servers "
		"are to carry as a mean)",
		AT(utilisation, COST_CASE)},
	{0, "hours", OPTION_STRING, "N", "hours of a month with that load (default 730: all)",
		AT(hours, COST_CASE)},
	{0, "ms", OPTION_STRING, "N", "how long a call takes", AT(ms, COST_CASE)},
	{0, "mb", OPTION_STRING, "N", "memory of the function (default 128)", AT(mb, COST_CASE)},
	{0, "kb", OPTION_STRING, "N", "size of an answer with its headers (default 1)",
		AT(kb, COST_CASE)},
	{0, "servers", OPTION_STRING, "N",
		"servers that are paid for in any case (default: the price list's)",
		AT(servers, COST_CASE)},
	{0, "price", OPTION_STRING, "X", "what one server costs a month (default: an example)",
		AT(price, COST_CASE)},
	{0, "currency", OPTION_STRING, "CUR",
		"of --price and --ops-rate: NOK, EUR or another (default: the price list's)",
		AT(currency, COST_CASE)},
	{0, "in", OPTION_STRING, "CUR", "currency of the answer (default: that of --price)",
		AT(in, COST_CASE)},
	{0, "rate-of", OPTION_LIST, "CUR=X",
		"what one CUR costs in the answer's currency, as in EUR=11.6; may be repeated",
		AT(rates_of, COST_CASE)},
	{0, "capacity", OPTION_STRING, "N",
		"calls per second that fill one server (default: not known)",
		AT(capacity, COST_CASE)},
	{0, "headroom", OPTION_STRING, "PERCENT", "of a server that stays free (default 30)",
		AT(headroom, COST_CASE)},
	{0, "peak", OPTION_STRING, "X", "busiest moment over the mean (default 2)",
		AT(peak, COST_CASE)},
	{0, "spare", OPTION_STRING, "N",
		"servers that may be lost without the load suffering (default 1)",
		AT(spare, COST_CASE)},
	{0, "ops-hours", OPTION_STRING, "N", "hours of work a month that only the servers need",
		AT(ops_hours, COST_CASE)},
	{0, "ops-rate", OPTION_STRING, "X", "what such an hour costs", AT(ops_rate, COST_CASE)},
	{0, "front", OPTION_FLAG, NULL, "count the provider's HTTP front, where it costs extra",
		AT(front, COST_CASE)},
	{0, "no-free-tier", OPTION_FLAG, NULL, "do not count what providers give away each month",
		AT(no_free_tier, COST_CASE)},
	{0, "prices", OPTION_STRING, "FILE", "a price list instead of the built-in one",
		AT(prices, COST_CASE)},
	{0, "plot", OPTION_STRING, "FILE", "write the break-even plot to FILE as SVG",
		AT(plot, COST_FILES)},
	{0},
};

/* "price=450" is read as "--price=450", which may be written as well. */
static int take_word(const char *word, struct arena *a, struct cost_options *ret, struct err *err)
{
	const struct option_set set = {cost_option_table, ret, COST_CASE};
	const char *bare = strncmp(word, "--", 2) ? word : word + 2;
	char *arg = arena_printf(a, "--%s", bare);
	int n_args = 0;

	if (!*bare || *bare == '=')
		return err_set(err, ERR_SPEC,
			"give an option of 'svarm cost' and its value, as in price=450");
	return options_parse(&set, 1, 1, &arg, false, &n_args, err);
}

int cost_options_words(
	const struct option_list *words, struct arena *a, struct cost_options *ret, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		if (take_word(words->items[i], a, ret, err) < 0) {
			err_wrap(err, "--cost");
			return err->code = ERR_SPEC;
		}
	}
	return 0;
}
