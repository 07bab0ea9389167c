/* Directories of ours, with their mode. */
#include "lib/node/kind.h"

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	const struct fact_file *f = facts_file(facts, r->name);
	const char *mode = arena_printf(ret->arena, "%04o", r->directory.mode);
	struct step *s;

	if (f && f->type == FILE_DIRECTORY && f->mode == r->directory.mode)
		return 0;
	if (f && f->type != FILE_ABSENT && f->type != FILE_DIRECTORY)
		return err_set(err, -ENOTDIR, "exists and is not a directory; move it away");
	s = step_add(ret, 30 * USEC_PER_SEC, "make directory %s", r->name);
	step_call(ret, s, "directory_make", r->name, mode, NULL);
	change_add(ret, f ? CHANGE_UPDATE : CHANGE_CREATE, r,
		f ? arena_printf(ret->arena, "mode %04o", f->mode) : NULL,
		arena_printf(ret->arena, "mode %s", mode));
	return 0;
}

const struct kind kind_directory = {.name = "directory", .diff = diff};
