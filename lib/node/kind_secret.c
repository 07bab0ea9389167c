/* Swarm secrets.  They cannot be changed, so a new value comes under a new name (faas/secrets.c).
 */
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	struct step *s;

	if (facts_secret(facts, r->name))
		return 0;
	s = step_add(ret, 60 * USEC_PER_SEC, "create secret %s", r->name);
	step_call_list(ret, s, "secret_create", r->name, r->secret.labels, r->secret.n_labels);
	step_data(ret, s, r->secret.value, r->secret.len, true);
	change_add(ret, CHANGE_CREATE, r, NULL, "value not shown");
	return 0;
}

const struct kind kind_secret = {.name = "secret", .diff = diff};
