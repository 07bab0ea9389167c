/*
 * A cluster may be up and too slow.  What verify.fail_if says about http is judged at the end of
 * `svarm up`, from this machine and by little load, so that it stays quick; everything else of it
 * needs `svarm bench`.
 */
#include "cli/up_bench.h"

#include "cli/bench_job.h"
#include "cli/signals.h"
#include "lib/base/xalloc.h"

static const usec_t round_time = 2 * USEC_PER_SEC;

static bool is_http(const struct threshold *t)
{
	return !strcmp(t->figure->section, "http");
}

/* The thresholds about http into @list, which has room for all. */
static size_t take(const struct cluster *c, struct bench_threshold *list)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_fail_if; i++) {
		list[n] = (struct bench_threshold){
			.text = c->fail_if[i], .source = "verify.fail_if"};
		/* Read with the spec, so it can be read. */
		if (threshold_parse(list[n].text, &list[n].t, NULL, NULL) >= 0 &&
			is_http(&list[n].t))
			n++;
	}
	return n;
}

bool up_bench_wanted(const struct cluster *c)
{
	_cleanup_free_ struct bench_threshold *list = xcalloc(c->n_fail_if + 1, sizeof(*list));

	return take(c, list) > 0;
}

static void add_url(const struct cluster *c, struct buf *url)
{
	const char *address = cluster_first(c, ROLE_INGRESS)->address;

	buf_addf(url, strchr(address, ':') ? "http://[%s]" : "http://%s", address);
	buf_addf(url, "/function/%s", c->faas.functions[0].name);
}

int up_bench(struct session *s, json_t **ret, struct err *err)
{
	static const char *const sections[] = {"http"};
	_cleanup_free_ struct bench_threshold *list = xcalloc(
		s->cluster->n_fail_if + 1, sizeof(*list));
	size_t n = take(s->cluster, list);
	_cleanup_buf_ struct buf url = BUF_INIT;
	struct bench_options o = {
		.sections = sections,
		.n_sections = 1,
		.duration = round_time,
		.cancel = cli_cancel,
		.progress = bench_progress,
		.arg = s->narration.events,
	};
	int r;

	if (!s->cluster->faas.n_functions) {
		events_emit(s->narration.events,
			&(struct event){.kind = EVENT_NOTICE,
				.text = "verify.fail_if is not judged: the spec has no function "
					"to call"});
		return 0;
	}
	add_url(s->cluster, &url);
	o.url = buf_str(&url);
	r = bench_run(s->fleet, &o, ret, err);
	if (r >= 0)
		thresholds_judge(*ret, list, n);
	return r;
}
