/* The sections, in the order they run and are shown: the one list that bench, its help and its
 * options read.  The quiet ones come first, so that nothing they see is the echo of load. */
#include "lib/base/macro.h"
#include "probe/bench/section.h"

const struct section *const bench_sections[] = {
	&section_cpu,
	&section_disk,
	&section_network,
	&section_redis,
	&section_http,
	&section_async,
	&section_cold,
	&section_tuning,
};
const size_t n_bench_sections = ARRAY_SIZE(bench_sections);
