/* Calls through nginx, the gateway and the function, and each hop's share. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

/* A URL that is called from here needs no cluster. */
static unsigned needs_of(const struct bench_options *o)
{
	return o->url && !o->n_from ? 0 : BENCH_CLUSTER | BENCH_AGENTS;
}

const struct section section_http = {
	.name = "http",
	.summary = "calls through nginx, the gateway and the function, and each hop's share",
	.needs_of = needs_of,
	.run = run,
};
