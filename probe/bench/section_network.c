/* Round trips, throughput and packet size between every pair of nodes. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_network = {
	.name = "network",
	.summary = "round trips, throughput and packet size between every pair of nodes",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
};
