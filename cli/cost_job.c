/* From the command line of `svarm cost` and a price list to a case: see cost_job.h. */
#include "cli/cost_job.h"

#include <math.h>

#include "lib/base/quote.h"
#include "probe/bench/document.h"

/* How an option's text becomes a number. */
struct input {
	const char *name, *unit, *means;
	size_t offset; /* of its text in struct cost_options */
	uint64_t min, max;
	const char *dflt; /* NULL: the price list's, or none */
	bool whole;
	bool positive; /* 0 makes no sense */
};

#define AT(member) .offset = offsetof(struct cost_options, member)

static const struct input inputs[N_INPUTS] = {
	[INPUT_RATE] = {"rate", "calls/s", "of the function, the mean while there is load",
		AT(rate), .max = 1000000000},
	[INPUT_UTILISATION] = {"utilisation", "%", "of the measured throughput: the mean load",
		AT(utilisation), .max = 10000, .positive = true},
	[INPUT_HOURS] = {"hours", "a month", "with that load; a month has 730", AT(hours),
		.max = COST_MAX_HOURS, .dflt = "730"},
	[INPUT_MS] = {"ms", "ms", "that a call takes", AT(ms), .max = 86400000},
	[INPUT_MB] = {"mb", "MB", "of memory that a call has", AT(mb), .max = 1048576,
		.dflt = "128"},
	[INPUT_KB] = {"kb", "KB", "of an answer, with its headers", AT(kb), .max = 1048576,
		.dflt = "1"},
	[INPUT_SERVERS] = {"servers", "", "that are paid for in any case", AT(servers), .min = 1,
		.max = 1000000, .whole = true},
	[INPUT_PRICE] = {"price", "a month", "of one server, its traffic included", AT(price),
		.max = 1000000000},
	[INPUT_CAPACITY] = {"capacity", "calls/s", "that fill one server", AT(capacity),
		.max = 1000000000, .positive = true},
	[INPUT_HEADROOM] = {"headroom", "%", "of a server that stays free", AT(headroom), .max = 99,
		.dflt = "30"},
	[INPUT_PEAK] = {"peak", "times", "the mean: the load that servers are for", AT(peak),
		.min = 1, .max = 1000, .dflt = "2"},
	[INPUT_SPARE] = {"spare", "servers", "may be lost without the load suffering", AT(spare),
		.max = 1000, .dflt = "1", .whole = true},
	[INPUT_OPS_HOURS] = {"ops-hours", "a month", "of work that only the servers need",
		AT(ops_hours), .max = 100000, .dflt = "0"},
	[INPUT_OPS_RATE] = {"ops-rate", "an hour", "that such work costs", AT(ops_rate),
		.max = 1000000000, .dflt = "0"},
};

static int read_number(const struct input *in, const char *text, double *ret, struct err *err)
{
	struct value_context x = {.min = in->min, .max = in->max};
	int r, n = 0;

	if (in->whole) {
		r = value_int(&x, text, &n, err);
		*ret = n;
	} else {
		r = value_amount(&x, text, ret, err);
	}
	if (r >= 0 && in->positive && *ret < COST_LEAST)
		r = value_bad(err, text, "is too small: at least %g", COST_LEAST);
	return r < 0 ? err_wrap(err, "option '--%s'", in->name) : 0;
}

static int read_input(
	const struct cost_options *o, enum cost_input i, struct cost_assumed *a, struct err *err)
{
	const struct input *in = &inputs[i];
	const char *text;

	memcpy(&text, (const char *)o + in->offset, sizeof(text));
	*a = (struct cost_assumed){in->name, in->unit, in->means, NAN, FROM_NOWHERE};
	if (!text && !in->dflt)
		return 0;
	a->origin = text ? FROM_OPTION : FROM_DEFAULT;
	return read_number(in, text ? text : in->dflt, &a->value, err);
}

/* ---- the case ---- */

/* What the price list says of a server, where the command line does not. */
static int fill_price(struct cost_job *j, const struct cost_options *o, struct err *err)
{
	const struct price_servers *s = &j->prices->servers;
	struct cost_assumed *price = &j->assumed[INPUT_PRICE];
	double listed = 1, money = 1;
	int r;

	if (!s->currency && isnan(price->value))
		return err_set(err, ERR_SPEC, "'%s' has no servers; give --servers and --price",
			j->prices->path);
	if ((r = cost_exchange(j, o, j->money, "the price of servers is", &money, err)) < 0)
		return r;
	j->c.fleet.price = price->value * money;
	if (isnan(price->value)) {
		r = cost_exchange(j, o, s->currency, "the price list's servers are", &listed, err);
		if (r < 0)
			return r;
		j->c.fleet.price = s->price * listed;
		price->value = j->c.fleet.price / money;
		price->origin = FROM_PRICES;
	}
	j->c.fleet.ops_rate = j->assumed[INPUT_OPS_RATE].value * money;
	return 0;
}

/* How many there are, where neither the command line nor a measurement says it. */
static int fill_count(struct cost_job *j, struct err *err)
{
	struct cost_assumed *count = &j->assumed[INPUT_SERVERS];

	if (!isnan(count->value))
		return 0;
	if (!j->prices->servers.currency)
		return err_set(err, ERR_SPEC, "'%s' has no servers; give --servers and --price",
			j->prices->path);
	count->value = j->prices->servers.count;
	count->origin = FROM_PRICES;
	return 0;
}

static void fill_fleet(struct cost_job *j)
{
	const struct cost_assumed *a = j->assumed;
	struct cost_fleet *f = &j->c.fleet;

	f->count = (uint64_t)a[INPUT_SERVERS].value;
	f->capacity = isnan(a[INPUT_CAPACITY].value) ? 0 : a[INPUT_CAPACITY].value;
	f->headroom = a[INPUT_HEADROOM].value / 100;
	f->peak = a[INPUT_PEAK].value;
	f->spare = (uint64_t)a[INPUT_SPARE].value;
	f->ops_hours = a[INPUT_OPS_HOURS].value;
}

static void fill_load(struct cost_job *j)
{
	const struct cost_assumed *a = j->assumed;

	j->c.load = (struct cost_load){
		.rate = a[INPUT_RATE].value,
		.hours = a[INPUT_HOURS].value,
		.ms = a[INPUT_MS].value,
		.mb = a[INPUT_MB].value,
		.kb = a[INPUT_KB].value,
	};
}

static int fill_offers(struct cost_job *j, const struct cost_options *o, struct err *err)
{
	j->n_offers = j->prices->n_providers;
	j->offers = arena_array(&j->arena, struct cost_offer, j->n_offers);
	for (size_t i = 0; i < j->n_offers; i++) {
		const struct price_provider *p = &j->prices->providers[i];
		_cleanup_buf_ struct buf whose = BUF_INIT;
		int r;

		buf_addf(&whose, "the prices of '%s' are", p->name);
		j->offers[i].provider = p;
		r = cost_exchange(j, o, p->currency, buf_str(&whose), &j->offers[i].exchange, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- what else is assumed ---- */

void cost_note(struct cost_job *j, const char *text)
{
	if (j->n_notes < COST_MAX_NOTES)
		j->notes[j->n_notes++] = text;
}

static void note_all(struct cost_job *j)
{
	bool is_example = j->assumed[INPUT_PRICE].origin == FROM_PRICES &&
			  j->prices->servers.example;

	if (is_example)
		cost_note(j,
			"The price of the servers is an example, not an offer: give yours with "
			"--price.");
	if (j->c.fleet.capacity <= 0)
		cost_note(j,
			"What a server can carry is not known: the servers are taken to carry any "
			"load. Measure it and give --capacity.");
	if (j->bench)
		cost_note_measured(j);
	cost_note(j, j->c.free_tier
			     ? "What providers give away each month is counted as if nothing else "
			       "used it; --no-free-tier leaves it out."
			     : "What providers give away each month is not counted.");
	cost_note(j, j->c.front
			     ? "Calls come through the provider's HTTP front, where it has one."
			     : "Calls reach the function without a front that costs extra; --front "
			       "counts it.");
	cost_note(j, "All answers go to the Internet; calls coming in cost nothing.");
	cost_note(j,
		"A call occupies its memory alone, and a failed call costs as much as any other.");
	cost_note(j, "Not counted: logs, storage, queues, databases, support, taxes, discounts for "
		     "commitment, and cold starts.");
}

static int check_load(const struct cost_job *j, struct err *err)
{
	if (isnan(j->assumed[INPUT_RATE].value))
		return err_set(err, ERR_SPEC,
			"no load is given; say how many calls per second: --rate N; or what was "
			"measured: --bench FILE");
	if (isnan(j->assumed[INPUT_MS].value))
		return err_set(err, ERR_SPEC, "%s; say how long a call takes: --ms N",
			j->bench ? "the document does not have the time of the function itself"
				 : "no duration is given");
	return 0;
}

/* What makes no sense whatever is measured. */
static int check_given(const struct cost_job *j, struct err *err)
{
	if (j->assumed[INPUT_OPS_HOURS].value > 0 &&
		j->assumed[INPUT_OPS_RATE].origin != FROM_OPTION)
		return err_set(err, ERR_SPEC,
			"hours of operations have no price; say what one costs: --ops-rate N");
	if (j->assumed[INPUT_UTILISATION].origin == FROM_OPTION &&
		j->assumed[INPUT_RATE].origin == FROM_OPTION)
		return err_set(err, ERR_SPEC,
			"--utilisation stands for a load, and --rate gives one: only one of them");
	return 0;
}

int cost_job_begin(const struct cost_options *o, struct cost_job *j, struct err *err)
{
	int r;

	for (int i = 0; i < N_INPUTS; i++)
		if ((r = read_input(o, (enum cost_input)i, &j->assumed[i], err)) < 0)
			return r;
	if ((r = check_given(j, err)) < 0)
		return r;
	if ((r = prices_load(o->prices, &j->prices, err)) < 0)
		return r;
	if ((r = cost_choose_money(j, o, err)) < 0)
		return r;
	if ((r = fill_price(j, o, err)) < 0)
		return r;
	return fill_offers(j, o, err);
}

int cost_job_finish(
	struct cost_job *j, const struct cost_options *o, json_t *bench, struct err *err)
{
	int r = 0;

	if (bench && (r = cost_take_measured(j, bench, err)) < 0)
		return r;
	if (!bench && o->utilisation)
		return err_set(err, ERR_SPEC,
			"--utilisation is a share of a throughput that was measured, and none is "
			"given; --bench FILE gives one");
	if ((r = fill_count(j, err)) < 0)
		return r;
	fill_fleet(j);
	if (bench && (r = cost_take_load(j, err)) < 0)
		return r;
	if ((r = check_load(j, err)) < 0)
		return r;
	fill_load(j);
	j->c.free_tier = !o->no_free_tier;
	j->c.front = o->front;
	note_all(j);
	return 0;
}

static int read_bench(const char *path, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, shown = BUF_INIT;
	int r = buf_read_file(&text, path, DOCUMENT_MAX, err);

	if (r >= 0)
		r = document_parse(buf_str(&text), text.len, ret, err);
	if (r >= 0)
		return 0;
	escape_text(&shown, path, strlen(path), false);
	err_wrap(err, "--bench: '%s'", buf_str(&shown));
	return err->code = ERR_SPEC;
}

int cost_job_make(const struct cost_options *o, struct cost_job *j, struct err *err)
{
	_cleanup_json_ json_t *bench = NULL;
	int r = cost_job_begin(o, j, err);

	if (r >= 0 && o->bench)
		r = read_bench(o->bench, &bench, err);
	return r < 0 ? r : cost_job_finish(j, o, bench, err);
}

void cost_job_done(struct cost_job *j)
{
	prices_free(j->prices);
	json_decref(j->bench);
	arena_done(&j->arena);
	*j = (struct cost_job){0};
}
