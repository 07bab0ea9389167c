/* Calls through the queue: accepted, worked off, lost, doubled. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_async = {
	.name = "async",
	.summary = "calls through the queue: accepted, worked off, lost, doubled",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
};
