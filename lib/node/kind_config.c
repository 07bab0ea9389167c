/*
 * Swarm configs: files that services mount.  They cannot be changed, so new content comes under a
 * new name (faas/configs.c), and the services that mount it change with it.
 */
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	struct step *s;

	if (facts_config(facts, r->name))
		return 0;
	s = step_add(ret, 60 * USEC_PER_SEC, "create config %s", r->name);
	step_call(ret, s, "config_create", r->name, NULL);
	step_data(ret, s, r->config.content, r->config.len, false);
	change_add(
		ret, CHANGE_CREATE, r, NULL, arena_printf(ret->arena, "%zu bytes", r->config.len));
	return 0;
}

const struct kind kind_config = {.name = "config", .diff = diff};
