/* The first call of a function that was scaled to zero, and where its time goes. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_cold = {
	.name = "cold",
	.summary = "the first call of a function that was scaled to zero, and where its time goes",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
};
