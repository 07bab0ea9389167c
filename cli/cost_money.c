/* Currencies of `svarm cost`: which the answer is in, and what the others cost in it.  No rate is
 * known but those that are given, here or in the price list.  See cost_job.h. */
#include "cli/cost_job.h"

static int read_currency(
	struct cost_job *j, const char *option, const char *text, const char **ret, struct err *err)
{
	struct value_context x = {.arena = &j->arena};

	if (value_currency(&x, text, ret, err) < 0)
		return err_wrap(err, "option '--%s'", option);
	return 0;
}

/* "EUR=11.6" */
static int read_rate(
	struct cost_job *j, const char *text, struct cost_exchange *ret, struct err *err)
{
	size_t n = strcspn(text, "=");
	struct value_context x = {.arena = &j->arena, .max = 1000000000};

	if (!text[n])
		value_bad(err, text, "is not a rate of exchange; write it as in EUR=11.6");
	else if (value_currency(&x, arena_strndup(&j->arena, text, n), &ret->of, err) >= 0 &&
		 value_amount(&x, text + n + 1, &ret->rate, err) >= 0) {
		if (ret->rate >= 1e-9 && strcmp(ret->of, j->currency) != 0)
			return 0;
		value_bad(err, text, "is not a rate of exchange to %s, which the answer is in",
			j->currency);
	}
	return err_wrap(err, "option '--rate-of'");
}

/* By the command line; the last one counts, as everywhere. */
static int rate_given(struct cost_job *j, const struct cost_options *o, const char *of,
	struct cost_exchange *ret, struct err *err)
{
	int found = 0;

	for (size_t i = 0; i < o->rates_of.n; i++) {
		struct cost_exchange one = {.source = "--rate-of"};

		if (read_rate(j, o->rates_of.items[i], &one, err) < 0)
			return ERR_SPEC;
		if (strcmp(one.of, of) != 0)
			continue;
		*ret = one;
		found = 1;
	}
	return found;
}

static bool rate_listed(const struct cost_job *j, const char *of, struct cost_exchange *ret)
{
	for (size_t i = 0; i < j->prices->n_rates; i++) {
		const struct price_rate *r = &j->prices->rates[i];
		bool there = !strcmp(r->of, of) && !strcmp(r->in, j->currency);
		bool back = !strcmp(r->in, of) && !strcmp(r->of, j->currency);

		if (!there && !back)
			continue;
		*ret = (struct cost_exchange){
			of, there ? r->rate : 1 / r->rate, r->date, r->source};
		return true;
	}
	return false;
}

int cost_exchange(struct cost_job *j, const struct cost_options *o, const char *of,
	const char *whose, double *ret, struct err *err)
{
	struct cost_exchange e = {0};
	int r;

	for (size_t i = 0; i < j->n_exchanges; i++)
		if (!strcmp(j->exchanges[i].of, of)) {
			*ret = j->exchanges[i].rate;
			return 0;
		}
	if (!strcmp(of, j->currency)) {
		*ret = 1;
		return 0;
	}
	r = rate_given(j, o, of, &e, err);
	if (r < 0)
		return r;
	if (!r && !rate_listed(j, of, &e))
		return err_set(err, ERR_SPEC,
			"%s in %s and the answer is in %s; say what one %s costs: --rate-of %s=N",
			whose, of, j->currency, of, of);
	*arena_push(&j->arena, j->exchanges, j->n_exchanges, j->cap_exchanges) = e;
	*ret = e.rate;
	return 0;
}

int cost_choose_money(struct cost_job *j, const struct cost_options *o, struct err *err)
{
	int r;

	j->money = j->prices->servers.currency;
	if (o->currency && (r = read_currency(j, "currency", o->currency, &j->money, err)) < 0)
		return r;
	if (!j->money)
		return err_set(err, ERR_SPEC,
			"'%s' has no servers; say what they cost: --servers, --price and "
			"--currency",
			j->prices->path);
	j->currency = j->money;
	if (o->in && (r = read_currency(j, "in", o->in, &j->currency, err)) < 0)
		return r;
	/* Also those that are not needed must be right. */
	for (size_t i = 0; i < o->rates_of.n; i++)
		if ((r = read_rate(j, o->rates_of.items[i], &(struct cost_exchange){0}, err)) < 0)
			return r;
	return 0;
}
