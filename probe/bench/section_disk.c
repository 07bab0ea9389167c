/* How fast a node's disk makes writes durable, and reads. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_disk = {
	.name = "disk",
	.summary = "how fast a node's disk makes writes durable, and reads",
	.needs = BENCH_CLUSTER | BENCH_AGENTS,
	.run = run,
};
