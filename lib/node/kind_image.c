/* Images sent over SSH as archives; one that is there already is not sent again. */
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	struct step *s;

	if (facts_has_image(facts, r->name, r->image.id))
		return 0;
	s = step_add(ret, 10 * 60 * USEC_PER_SEC, "load image %s (%.1f MB)", r->name,
		(double)r->image.bytes / 1e6);
	step_call(ret, s, "image_load", r->name, r->image.id, NULL);
	step_file(ret, s, r->image.archive);
	change_add(ret, CHANGE_CREATE, r, NULL,
		arena_printf(ret->arena, "%.19s, %.1f MB to send", r->image.id,
			(double)r->image.bytes / 1e6));
	return 0;
}

const struct kind kind_image = {.name = "image", .diff = diff};
