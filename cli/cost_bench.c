/* What `svarm bench` measured, in place of what the command line of `svarm cost` does not give: see
 * cost_job.h. */
#include "cli/cost_job.h"

#include <math.h>

#include "lib/base/quote.h"

static void take(struct cost_job *j, enum cost_input i, double value)
{
	struct cost_assumed *a = &j->assumed[i];

	if (a->origin == FROM_OPTION || !isfinite(value))
		return;
	a->value = value;
	a->origin = FROM_BENCH;
}

int cost_take_measured(struct cost_job *j, json_t *bench, struct err *err)
{
	struct cost_measured *m = &j->measured;
	double servers = j->assumed[INPUT_SERVERS].value;

	if (cost_measured_read(bench, m, err) < 0) {
		err_wrap(err, "the document of svarm bench");
		return err->code = ERR_SPEC;
	}
	j->bench = json_incref(bench);
	if (m->servers)
		servers = (double)m->servers;
	if (isnan(servers))
		return err_set(err, ERR_SPEC,
			"the document does not say how many servers answered; give --servers");
	take(j, INPUT_MS, m->ms);
	take(j, INPUT_KB, m->kb);
	take(j, INPUT_SERVERS, servers);
	take(j, INPUT_CAPACITY, fmax(m->throughput / servers, COST_LEAST));
	return 0;
}

int cost_take_load(struct cost_job *j, struct err *err)
{
	struct cost_assumed *share = &j->assumed[INPUT_UTILISATION];
	double carried = fmin(cost_carried(&j->c.fleet, j->c.fleet.count), COST_MAX_RATE);

	if (j->assumed[INPUT_RATE].origin == FROM_OPTION)
		return 0;
	if (share->origin == FROM_OPTION) {
		take(j, INPUT_RATE,
			fmin(j->measured.throughput * share->value / 100, COST_MAX_RATE));
		return 0;
	}
	if (!(carried > 0))
		return err_set(err, ERR_SPEC,
			"%llu server%s, of which %llu may be lost, leave no load to plan with; "
			"give --rate, --utilisation or --spare",
			(unsigned long long)j->c.fleet.count, j->c.fleet.count == 1 ? "" : "s",
			(unsigned long long)j->c.fleet.spare);
	share->value = carried / j->measured.throughput * 100;
	share->origin = FROM_DEFAULT;
	take(j, INPUT_RATE, carried); /* not by way of the share: its last bit would count */
	return 0;
}

void cost_note_measured(struct cost_job *j)
{
	const struct cost_assumed *a = j->assumed;

	if (j->measured.warning) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_adds(&text, "Section http of the measurement warns: ");
		escape_text(&text, j->measured.warning,
			MIN_OF(strlen(j->measured.warning), (size_t)300), false);
		cost_note(j, arena_strdup(&j->arena, buf_str(&text)));
	}
	if (a[INPUT_UTILISATION].origin == FROM_DEFAULT)
		cost_note(j, "The load is what the servers are to carry as a mean, with what "
			     "--headroom, --peak and --spare leave free; --utilisation or --rate "
			     "gives another.");
	if (a[INPUT_CAPACITY].origin == FROM_BENCH)
		cost_note(j, "Each server is taken to carry the same share of the throughput that "
			     "was measured, and one more as much again.");
	if (a[INPUT_MS].origin == FROM_BENCH)
		cost_note(j, "A call is taken to be as long with a provider as it was in the "
			     "function here (one call at a time, median); with little memory "
			     "providers give it but a share of a processor.");
}
