/* What other guests take of the processors. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_cpu = {
	.name = "cpu",
	.summary = "what other guests take of the processors",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
};
