/* Overlay networks.  One that exists under the name but is no overlay is refused, not replaced. */
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	const char *driver = facts_network(facts, r->name);
	const char *mtu = arena_printf(ret->arena, "%d", r->network.mtu);
	struct step *s;

	if (driver && !strcmp(driver, "overlay"))
		return 0;
	if (driver)
		return err_set(err, -EEXIST, "exists with driver '%.60s'; remove it",
			change_text(ret->arena, driver));
	s = step_add(ret, 60 * USEC_PER_SEC, "create network %s", r->name);
	step_call(ret, s, "network_create", r->name, mtu,
		r->network.subnet ? r->network.subnet : "", NULL);
	change_add(ret, CHANGE_CREATE, r, NULL,
		r->network.mtu ? arena_printf(ret->arena, "overlay, mtu %s", mtu) : "overlay");
	return 0;
}

const struct kind kind_network = {.name = "network", .diff = diff};
