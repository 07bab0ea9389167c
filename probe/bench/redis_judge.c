/*
 * What new connections to Redis cost, and what that means.  Processor time and the 99th percentile
 * are the figures to look at: a client that runs short of ports is slow long before connecting
 * fails, because the kernel searches.
 */
#include "probe/bench/redis.h"

#include <math.h>
#include <string.h>

#include "lib/base/table.h"
#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"

#define MOST         1e12
#define REFUSED_FAIL 0.01 /* of all connections */
#define EFFECT       1.15 /* a ratio below says that nothing was seen */
#define WANTED_REUSE 1

static int whole(const json_t *o, const char *key, double most, int def)
{
	double value = clean_number(o, key, 0, most);

	return isnan(value) ? def : (int)value;
}

static double zero_or(double value)
{
	return isnan(value) ? 0 : value;
}

void redis_read(const json_t *o, struct redis_run *ret)
{
	const json_t *range = json_arr(o, "port_range");
	const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);

	ret->tw_reuse = whole(o, "tw_reuse", 2, -1);
	if (json_is_integer(low) && json_is_integer(high) && json_integer_value(low) > 0 &&
		json_integer_value(high) <= 65535 &&
		json_integer_value(low) <= json_integer_value(high)) {
		ret->port_low = (int)json_integer_value(low);
		ret->port_high = (int)json_integer_value(high);
	}
	ret->seconds = clean_number(o, "seconds", 0, MOST);
	ret->connections = clean_number(o, "connections", 0, MOST);
	ret->rate = clean_number(o, "rate", 0, MOST);
	ret->connect_cpu_us = clean_number(o, "connect_cpu_us", 0, MOST);
	ret->connect_known = latency_read(json_obj(o, "connect_ms"), &ret->connect);
	ret->refused = zero_or(clean_number(o, "refused", 0, MOST));
	ret->retried = zero_or(clean_number(o, "retried", 0, MOST));
	ret->failed = zero_or(clean_number(o, "failed", 0, MOST));
	ret->no_port = zero_or(clean_number(json_obj(o, "errors"), "EADDRNOTAVAIL", 0, MOST));
	ret->time_wait = clean_number(o, "time_wait", 0, MOST);
	if (isnan(ret->connections) || isnan(ret->rate))
		ret->error = "svarm-probe churn said nothing that could be read";
}

/* ---- figures ---- */

static const struct redis_run *find(const struct redis_runs *all, unsigned round, bool tuned)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->runs[i].round == round && all->runs[i].tuned == tuned &&
			!all->runs[i].error)
			return &all->runs[i];
	return NULL;
}

/* Only then is there anything to compare; all else is noise.  Outgoing connections take every
 * second port first. */
static bool ran_short(const struct redis_run *r)
{
	return r->no_port > 0 ||
	       (r->port_low && r->connections > (r->port_high - r->port_low + 1) / 2);
}

static void add_gains(
	const struct redis_run *with, const struct redis_run *without, struct section_result *ret)
{
	if (!without || !ran_short(without))
		return;
	if (without->rate > 0)
		section_figure(
			ret, "rate_gain", "ratio", BETTER_HIGHER, with->rate / without->rate);
	if (with->connect_cpu_us > 0)
		section_figure(ret, "cpu_gain", "ratio", BETTER_HIGHER,
			without->connect_cpu_us / with->connect_cpu_us);
}

static void add_figures(const struct redis_runs *all, struct section_result *ret)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct redis_run *r = &all->runs[i];

		if (!r->tuned || r->error)
			continue;
		section_figure(ret, "rate", "1/s", BETTER_HIGHER, r->rate);
		section_figure(ret, "connect_p99", "ms", BETTER_LOWER,
			r->connect_known ? r->connect.p99 : NAN);
		section_figure(ret, "connect_cpu", "us", BETTER_LOWER, r->connect_cpu_us);
		section_figure(ret, "refused", "count", BETTER_LOWER, r->refused);
		add_gains(r, find(all, r->round, false), ret);
	}
}

/* ---- the verdict ---- */

struct totals {
	double connections, refused, retried, failed, no_port;
	size_t runs;
	const char *error; /* the first */
	/* Medians without the tuning. */
	double rate, cpu;
};

static void count(const struct redis_runs *all, struct totals *t)
{
	_cleanup_free_ double *rate = xcalloc(all->n + 1, sizeof(*rate));
	_cleanup_free_ double *cpu = xcalloc(all->n + 1, sizeof(*cpu));
	size_t n_rate = 0, n_cpu = 0;

	*t = (struct totals){0};
	for (size_t i = 0; i < all->n; i++) {
		const struct redis_run *r = &all->runs[i];

		if (r->error) {
			t->error = t->error ? t->error : r->error;
		} else if (r->tuned) {
			t->runs++;
			t->connections += r->connections;
			t->refused += r->refused;
			t->retried += r->retried;
			t->failed += r->failed;
			t->no_port += r->no_port;
		} else {
			rate[n_rate++] = r->rate;
			if (!isnan(r->connect_cpu_us))
				cpu[n_cpu++] = r->connect_cpu_us;
		}
	}
	t->rate = median_of(rate, n_rate);
	t->cpu = median_of(cpu, n_cpu);
}

/* What comes behind the figures: only the worst fault. */
static enum health_state judge_faults(const struct redis_runs *all, const struct totals *t,
	struct section_result *ret, struct buf *text)
{
	if (t->refused > 0) {
		buf_addf(text, "; %.0f were refused", t->refused);
		section_remedy(ret, "svarm health --only redis --only tuning.redis: is Redis up, "
				    "has its listener the backlog of net.core.somaxconn, has it "
				    "fewer clients than "
				    "maxclients?");
		return t->refused > REFUSED_FAIL * (t->connections + t->refused) ? HEALTH_FAIL
										 : HEALTH_WARN;
	}
	if (t->no_port > 0) {
		buf_addf(text, "; %.0f found no free port", t->no_port);
		section_remedy(ret, "set tune.sysctl net.ipv4.tcp_tw_reuse: 1 (svarm's default), "
				    "then svarm up");
		return HEALTH_WARN;
	}
	if (t->failed > 0) {
		buf_addf(text, "; %.0f failed", t->failed);
		section_remedy(
			ret, "svarm bench network, and svarm health --only redis --only overlay");
		return HEALTH_WARN;
	}
	if (t->retried > 0) {
		buf_addf(text, "; %.0f had to be asked for twice, a second later", t->retried);
		section_remedy(ret,
			"svarm health --only tuning.redis: Redis' listener needs a backlog of "
			"more than the clients that come at once; svarm bench network "
			"shows whether packets are lost");
		return HEALTH_WARN;
	}
	if (all->own_reuse >= 0 && all->own_reuse != WANTED_REUSE) {
		buf_addf(text, "; %s on %s has tcp_tw_reuse %d", all->own_service, all->node,
			all->own_reuse);
		section_remedy(ret, "a container keeps what it was started with: set tune.sysctl "
				    "net.ipv4.tcp_tw_reuse: 1 (svarm's default), then svarm up");
		return HEALTH_WARN;
	}
	return HEALTH_OK;
}

static void compare(const struct totals *t, struct section_result *ret, struct buf *text)
{
	double cpu = section_median(ret, "cpu_gain"), rate = section_median(ret, "rate_gain");
	_cleanup_buf_ struct buf said = BUF_INIT;

	if (isnan(t->rate))
		return;
	if (isnan(rate)) {
		buf_adds(text, "; the ports did not run short without tcp_tw_reuse");
		buf_adds(&said, "the ports did not run short in this time, so there is no effect "
				"of tcp_tw_reuse to be seen");
	} else {
		buf_addf(text, "; without tcp_tw_reuse %.0f and %.0f us", t->rate, zero_or(t->cpu));
		if (cpu >= EFFECT)
			buf_addf(&said, "tcp_tw_reuse makes new connections %.1f times cheaper",
				cpu);
		else if (rate >= EFFECT)
			buf_addf(&said,
				"tcp_tw_reuse makes room for %.1f times as many connections", rate);
		else
			buf_adds(&said, "no effect of tcp_tw_reuse here");
	}
	json_set_text(ret->detail, "text", buf_str(&said), said.len);
}

static void find_state(const struct redis_runs *all, struct section_result *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum health_state state;
	struct totals t;

	count(all, &t);
	if (!t.runs) {
		section_found(ret, HEALTH_SKIP, "not measured from %s: %s", all->node,
			t.error ? t.error : "no reason given");
		return;
	}
	if (t.connections < 1) {
		section_found(ret, HEALTH_FAIL, "no connection from %s to %s%s", all->node,
			all->target, t.refused > 0 ? ": refused" : "");
		section_remedy(ret, "svarm health --only redis --only overlay");
		return;
	}
	buf_addf(&text, "%.0f connections a second, %.0f us of processor each",
		section_median(ret, "rate"), section_median(ret, "connect_cpu"));
	compare(&t, ret, &text);
	state = judge_faults(all, &t, ret, &text);
	section_found(ret, state, "%s", buf_str(&text));
}

/* ---- detail ---- */

static void set_count(json_t *o, const char *key, double value)
{
	json_object_set_new(o, key, isnan(value) ? json_null() : json_integer((json_int_t)value));
}

static json_t *run_detail(const struct redis_run *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "tuned", json_boolean(r->tuned));
	json_object_set_new(o, "round", json_integer(r->round));
	if (r->error) {
		json_set_text(o, "error", r->error, strlen(r->error));
		return o;
	}
	if (r->tw_reuse >= 0)
		json_object_set_new(o, "tw_reuse", json_integer(r->tw_reuse));
	if (r->port_low)
		json_object_set_new(
			o, "port_range", json_pack("[i, i]", r->port_low, r->port_high));
	clean_set(o, "seconds", r->seconds);
	set_count(o, "connections", r->connections);
	clean_set(o, "rate", r->rate);
	json_object_set_new(
		o, "connect_ms", r->connect_known ? latency_make(&r->connect) : json_null());
	clean_set(o, "connect_cpu_us", r->connect_cpu_us);
	set_count(o, "refused", r->refused);
	set_count(o, "retried", r->retried);
	set_count(o, "failed", r->failed);
	set_count(o, "no_port", r->no_port);
	set_count(o, "time_wait", r->time_wait);
	return o;
}

void redis_judge(const struct redis_runs *all, struct section_result *ret)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < all->n; i++)
		json_array_append_new(runs, run_detail(&all->runs[i]));
	json_set_text(ret->detail, "node", all->node, strlen(all->node));
	json_set_text(ret->detail, "target", all->target, strlen(all->target));
	json_object_set_new(ret->detail, "runs", runs);
	add_figures(all, ret);
	find_state(all, ret);
}

/* ---- for people ---- */

void redis_print(const json_t *section, struct buf *out)
{
	static const struct table_column columns[] = {{.key = "setting", .title = "tcp_tw_reuse"},
		{.key = "rate", .title = "1/s", .right = true},
		{.key = "cpu", .title = "us each", .right = true},
		{.key = "p99", .title = "p99 ms", .right = true},
		{.key = "failed", .title = "refused or failed", .right = true},
		{.key = "waiting", .title = "TIME_WAIT", .right = true}, {.key = NULL}};
	const json_t *runs = json_arr(json_obj(section, "detail"), "runs");
	struct table *t = table_new(columns);

	for (size_t i = 0; i < MIN_OF(json_array_size(runs), (size_t)100); i++) {
		const json_t *r = json_array_get(runs, i);
		double rate = clean_number(r, "rate", 0, MOST);

		if (isnan(rate))
			continue;
		table_row(t);
		table_textf(t, CELL_PLAIN, "%d", whole(r, "tw_reuse", 2, -1));
		table_number(t, CELL_PLAIN, rate, 0);
		table_number(t, CELL_PLAIN, clean_number(r, "connect_cpu_us", 0, MOST), 0);
		table_number(
			t, CELL_PLAIN, clean_number(json_obj(r, "connect_ms"), "p99", 0, MOST), 2);
		table_number(t, CELL_PLAIN,
			zero_or(clean_number(r, "refused", 0, MOST)) +
				zero_or(clean_number(r, "failed", 0, MOST)),
			0);
		table_number(t, CELL_PLAIN, clean_number(r, "time_wait", 0, MOST), 0);
	}
	table_indented(t, out, false, 0);
	table_free(t);
}
