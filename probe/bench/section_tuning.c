/* What each setting buys on this cluster, before and after. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_tuning = {
	.name = "tuning",
	.summary = "what each setting buys on this cluster, before and after",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.only_named = true,
	.run = run,
};
