/* New connections to Redis through the overlay, and what the tuning buys. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_redis = {
	.name = "redis",
	.summary = "new connections to Redis through the overlay, and what the tuning buys",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
};
