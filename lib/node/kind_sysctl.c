/* Live kernel settings: set, then read back.  The file that keeps them over a boot is a file. */
#include "lib/base/quote.h"
#include "lib/node/kind.h"

static bool differs(const struct resource *r, const struct facts *facts)
{
	const char *have = facts_sysctl(facts, r->name);

	return !have || strcmp(have, r->sysctl.value) != 0;
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	_cleanup_buf_ struct buf call = BUF_INIT;
	struct step *s;
	size_t many = 0;

	buf_adds(&call, "sysctl_set");
	for (size_t i = 0; i < n; i++) {
		if (!differs(&r[i], facts))
			continue;
		buf_addc(&call, ' ');
		quote_sh(&call, r[i].name);
		buf_addc(&call, ' ');
		quote_sh(&call, r[i].sysctl.value);
		many++;
	}
	if (!many)
		return 0;
	s = step_add(ret, 30 * USEC_PER_SEC, "set %zu kernel setting%s", many, many > 1 ? "s" : "");
	s->call = arena_strdup(ret->arena, buf_str(&call));
	for (size_t i = 0; i < n; i++)
		if (differs(&r[i], facts))
			change_add(ret, CHANGE_UPDATE, &r[i], facts_sysctl(facts, r[i].name),
				r[i].sysctl.value);
	return 0;
}

const struct kind kind_sysctl = {.name = "sysctl", .diff = diff, .merge = true};
