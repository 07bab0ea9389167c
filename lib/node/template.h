/*
 * The texts that land on nodes.  They stand in templates/, are compiled into the binary, and can
 * be replaced by files of the same name in a folder (`--templates DIR`).
 *
 * A template is rendered by a small, strict language:
 *   {{name}}            the value of a variable; an unknown name is an error
 *   {{#name}} … {{/name}}   the lines between, once for each row of a list; rows bring variables
 *   {{^name}} … {{/name}}   the lines between when the list is empty
 * A line that holds only a section tag vanishes with its newline.  Values are inserted as they are:
 * who fills a variable has validated it for the file's own grammar.
 */
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct template
{
	const char *name; /* file name below templates/; NULL ends the table */
	const char *text; /* NUL-terminated */
	size_t len;
};

extern const struct template template_table[];

/* Text of @name: from the folder set with template_set_dir() when the file exists there, else the
 * compiled-in one.  Appended to @out.  -ENOENT for a name that does not exist. */
int template_text(const char *name, struct buf *out, struct err *err) _must_check_;
/* Folder that overrides compiled-in templates; borrowed, NULL for none.  Call before any thread. */
void template_set_dir(const char *dir);

/* Variables: a scope maps names to strings, and list names to rows (scopes whose lookups fall back
 * to their parent). */
struct template_scope;

struct template_scope *template_scope_new(void);
void template_scope_free(struct template_scope *s);
static inline void template_scope_freep(struct template_scope **s)
{
	template_scope_free(*s);
}
/* Set @name; the formatted value is copied. */
void template_set(struct template_scope *s, const char *name, const char *fmt, ...) _printf_(3, 4);
/* Add a row to list @name (made empty by its first mention with template_list()). Owned by @s. */
struct template_scope *template_row(struct template_scope *s, const char *name);
/* Make sure list @name exists, so that an empty one is not an unknown name. */
void template_list(struct template_scope *s, const char *name);

/* Render template @name with @scope to the end of @out.  Errors carry name:line. */
int template_render(const char *name, const struct template_scope *scope, struct buf *out,
	struct err *err) _must_check_;
/* As template_render(), for the text itself; @name is for messages only. */
int template_render_text(const char *name, const char *text, size_t len,
	const struct template_scope *scope, struct buf *out, struct err *err) _must_check_;
