/* Does a node get the processors it has?  Bounds marked E are experience; see docs/decisions.md. */
#include <math.h>

#include "probe/bench/node_judge.h"
#include "probe/bench/node_tool.h"

/* All in percent. */
#define STEAL_WARN    5.0  /* [E] */
#define STEAL_FAIL    10.0 /* awesome-prometheus-alerts */
#define SLOWER_WARN   25.0 /* the same work, at the end against the start [E] */
#define SLOWER_FAIL   50.0
#define QUOTA_PERIODS 5.0  /* periods that a quota cut short [E] */
#define GOT_LITTLE    80.0 /* of the processors' time, while … */
#define IDLE_MUCH     15.0 /* … so much of it was not used: something holds it back [E] */
#define GOT_HALF      50.0

#define REMEDY_STOLEN                                                                             \
	"the provider's machine is too full: ask for another one, or take a plan with dedicated " \
	"processors"
#define REMEDY_CREDITS \
	"the processors slow down under load (credits, heat): take a plan without burst credits"
#define REMEDY_QUOTA "a quota holds this server back: take a plan with more processor time"

static const char *reason_ok(double steal, double slower, struct arena *a)
{
	if (!isfinite(slower))
		return arena_printf(
			a, "steal %.1f %%; too busy to say whether it slows down", steal);
	return arena_printf(a, "steal %.1f %%, slowdown %.0f %%", steal, slower);
}

void judge_cpu(const json_t *seen, struct arena *a, struct node_verdict *ret)
{
	const double steal = node_number(seen, "steal"), slower = node_number(seen, "slowdown");
	const double got = node_number(seen, "got"), idle = node_number(seen, "idle");
	const double cut = 100 * node_number(seen, "throttled") / node_number(seen, "periods");

	if (!isfinite(steal))
		*ret = (struct node_verdict){
			NULL, HEALTH_FAIL, "svarm-probe said nothing of it", "report this fault"};
	else if (steal >= STEAL_WARN)
		*ret = (struct node_verdict){"stolen",
			steal >= STEAL_FAIL ? HEALTH_FAIL : HEALTH_WARN,
			arena_printf(a,
				"%.1f %% of the processors' time went to others of the "
				"same machine",
				steal),
			REMEDY_STOLEN};
	else if (cut >= QUOTA_PERIODS || (got < GOT_LITTLE && idle > IDLE_MUCH))
		*ret = (struct node_verdict){"throttled",
			got < GOT_HALF ? HEALTH_FAIL : HEALTH_WARN,
			arena_printf(a,
				"a quota: it got %.0f %% of the processors' time with %.0f %% "
				"idle",
				got, idle),
			REMEDY_QUOTA};
	else if (slower >= SLOWER_WARN)
		*ret = (struct node_verdict){"throttled",
			slower >= SLOWER_FAIL ? HEALTH_FAIL : HEALTH_WARN,
			arena_printf(a, "the same work took %.0f %% longer at the end", slower),
			REMEDY_CREDITS};
	else
		*ret = (struct node_verdict){"ok", HEALTH_OK, reason_ok(steal, slower, a), NULL};
}
