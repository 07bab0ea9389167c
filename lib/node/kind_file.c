/* Files: content and mode.  Compared by hash, replaced atomically, the first original kept. */
#include "lib/node/kind_file.h"

#include "lib/ext/hash.h"
#include "lib/node/kind.h"

static const char *describe(struct arena *a, const struct fact_file *f)
{
	if (!f || f->type == FILE_ABSENT)
		return NULL;
	return arena_printf(a, "%.12s mode %04o", f->sha256 ? f->sha256 : "?", f->mode);
}

int kind_file_diff(const struct resource *r, const struct file_want *want,
	const struct facts *facts, struct change_set *ret, struct err *err)
{
	const struct fact_file *f = facts_file(facts, r->name);
	const char *mode = arena_printf(ret->arena, "%04o", want->mode);
	char hash[SHA256_HEX + 1];
	struct step *s;

	sha256_hex(want->content, want->len, hash);
	if (f && f->type == FILE_REGULAR && f->sha256 && !strcmp(f->sha256, hash) &&
		f->mode == want->mode)
		return 0;
	if (f && f->type != FILE_ABSENT && f->type != FILE_REGULAR)
		return err_set(err, -EEXIST, "exists and is not a regular file; move it away");
	s = step_add(ret, 120 * USEC_PER_SEC, "write %s", r->name);
	step_call(ret, s, "file_put", r->name, mode, want->check ? want->check : "",
		want->triggers ? want->triggers : "", want->restart ? "restart" : "reload", NULL);
	step_data(ret, s, want->content, want->len, want->secret);
	change_add(ret, f ? CHANGE_UPDATE : CHANGE_CREATE, r,
		want->secret ? NULL : describe(ret->arena, f),
		want->secret ? "content not shown"
			     : arena_printf(ret->arena, "%.12s mode %s", hash, mode));
	return 0;
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	struct file_want want = {
		.content = r->file.content,
		.len = r->file.len,
		.mode = r->file.mode,
		.secret = r->file.secret,
		.check = r->file.check,
		.triggers = r->file.triggers,
		.restart = r->file.restart,
	};

	return kind_file_diff(r, &want, facts, ret, err);
}

const struct kind kind_file = {.name = "file", .diff = diff};
