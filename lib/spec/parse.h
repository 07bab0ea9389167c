/* From text to a struct, by a grammar; what is wrong goes to the diagnostics. */
#pragma once

#include <stdbool.h>

#include "lib/spec/diag.h"
#include "lib/spec/expand.h"
#include "lib/spec/grammar.h"
#include "lib/spec/marks.h"

/* What a text is read into. */
struct parse_target {
	const struct section *root; /* its grammar */
	void *object;               /* the root's offsets are into it; zeroed by the caller */
	struct arena *arena;        /* owns what the values point to */
	const char *path;           /* values that name files are relative to it; may be NULL */
	const char *noun;           /* what a message calls the text: "spec" */
	const char *needs;          /* a key that it cannot do without; may be NULL */
	struct expansion *expand;   /* replaces variables; NULL: a '$' is nothing special */
};

/*
 * Fill @to->object from @source.  True when the text was read to its end, with or without mistakes;
 * false when it could not be, in which case what is missing from the object means nothing.
 */
bool grammar_parse(const struct source *source, const struct parse_target *to, struct diag *diag,
	struct marks *marks) _must_check_;

/* As grammar_parse(), for a spec: @draft's c.arena owns the result, its c.path is set. */
bool spec_parse(const struct source *source, struct draft *draft, struct diag *diag,
	struct marks *marks) _must_check_;
