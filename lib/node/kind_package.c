/* Packages of the distribution: all that are missing in one apt-get. */
#include "lib/base/quote.h"
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT, call = BUF_INIT;
	struct step *s;

	buf_adds(&call, "packages_install");
	for (size_t i = 0; i < n; i++) {
		if (facts_package(facts, r[i].name))
			continue;
		buf_addf(&names, "%s%s", names.len ? ", " : "", r[i].name);
		buf_addc(&call, ' ');
		quote_sh(&call, r[i].name);
	}
	if (!names.len)
		return 0;
	s = step_add(ret, 15 * 60 * USEC_PER_SEC, "install %s", buf_str(&names));
	s->call = arena_strdup(ret->arena, buf_str(&call));
	for (size_t i = 0; i < n; i++)
		if (!facts_package(facts, r[i].name))
			change_add(ret, CHANGE_CREATE, &r[i], NULL, "installed");
	return 0;
}

const struct kind kind_package = {.name = "package", .diff = diff, .merge = true};
