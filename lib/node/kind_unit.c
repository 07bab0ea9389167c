/* systemd units: enabled and active, and the firewall's rules in the kernel: its unit stays active
 * when something flushes them (nftables' own service does whenever it starts). */
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	const struct fact_unit *u = facts_unit(facts, r->name);
	const bool lost = u && u->active && r->unit.firewall && facts->firewall_absent;
	const char *before = NULL;
	struct step *s;

	if (u && u->active && u->enabled && !lost)
		return 0;
	if (u && u->exists)
		before = arena_printf(ret->arena, "%s, %s%s", u->active ? "active" : "inactive",
			u->enabled ? "enabled" : "not enabled",
			lost ? ", its rules not loaded" : "");
	s = step_add(ret, 120 * USEC_PER_SEC, "%s %s", lost ? "load" : "start", r->name);
	step_call(ret, s, lost ? "unit_load" : "unit_up", r->name, NULL);
	change_add(ret, before ? CHANGE_UPDATE : CHANGE_CREATE, r, before, "active, enabled");
	return 0;
}

const struct kind kind_unit = {.name = "unit", .diff = diff};
