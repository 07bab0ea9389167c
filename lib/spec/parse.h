/* From text to a draft, by the grammar; what is wrong goes to the diagnostics. */
#pragma once

#include <stdbool.h>

#include "lib/spec/diag.h"
#include "lib/spec/expand.h"
#include "lib/spec/grammar.h"
#include "lib/spec/marks.h"

/*
 * Fill @draft (whose c.arena owns the result and whose c.path is set) from @source.  True when the
 * text was read to its end, with or without mistakes; false when it could not be, in which case
 * what is missing from the draft means nothing.
 */
bool spec_parse(const struct source *source, struct draft *draft, struct diag *diag,
	struct marks *marks) _must_check_;

/* Another file, by another grammar. */
struct parse_input {
	const struct source *source;
	const char *path; /* paths in it are relative to this one */
	const struct section *root;
	const char *empty; /* what to say when there is nothing in it */
	struct arena *arena;
	struct diag *diag;
	struct marks *marks;
	struct expansion *expand; /* replaces variables; NULL: none are */
};
/* As spec_parse(); @base is the struct that the grammar's offsets are into. */
bool parse_file(const struct parse_input *in, void *base) _must_check_;
