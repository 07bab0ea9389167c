/* Calls through nginx, the gateway and the function, and each hop's share. */
#include "probe/bench/section.h"

static int run(struct bench *b, struct section_result *ret, struct err *err)
{
	section_found(ret, HEALTH_SKIP, "not measured by this version");
	return 0;
}

const struct section section_http = {
	.name = "http",
	.summary = "calls through nginx, the gateway and the function, and each hop's share",
	.needs = 0,
	.run = run,
};
