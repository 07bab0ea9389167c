/* Making a compose file out of a template: quoting, hashes, the resource.  See stack.c. */
#pragma once

#include "faas/parts.h"
#include "lib/node/template.h"

/* Append @s as a YAML scalar in double quotes that compose does not interpolate either. */
void stack_quote(struct buf *out, const char *s);
/* Set @name to @value, quoted as above; to a number in quotes. */
void stack_set(struct template_scope *s, const char *name, const char *value);
void stack_set_number(struct template_scope *s, const char *name, uint64_t value);
/* Add a row to @list with `key` and `value`, both quoted. */
void stack_add_pair(struct template_scope *s, const char *list, const char *key, const char *value);
/* The template's "if": @list with one row, or with none. */
void stack_set_if(struct template_scope *s, const char *list, bool yes);

/* First 16 hex digits of the SHA-256 of service @key's lines in compose file @text; @key as it is
 * written there. */
int stack_section_hash(const char *text, const char *key, char ret[17], struct err *err)
	_must_check_;

/* Render @template and keep it in the swarm: @ret_name, borrowed from @want, is what to mount. */
int config_want(const char *template, const char *why, const struct template_scope *s,
	struct resource_set *want, const char **ret_name, struct err *err) _must_check_;

/* Variables that several stacks have: Redis' settings, kernel settings, names of the secrets. */
void stack_set_redis(const struct cluster *c, struct template_scope *s);
void stack_set_sysctls(const struct cluster *c, struct template_scope *s);
void stack_set_secrets(struct template_scope *s, const char *const secrets[N_SECRETS]);

/* One service of a stack. */
struct stack_section {
	struct template_scope *scope; /* where its hash goes; borrowed */
	const char *variable;         /* name of the hash there */
	const char *key;              /* as it stands in the file, quotes included */
	const char *name;             /* full name in the swarm */
	const char *image;            /* for people */
	int replicas;                 /* -1: global */
	char hash[17];                /* set by stack_add() */
	int min, max;                 /* as in struct stack_service */
	const char *kept; /* of its scope: variable `replicas`, once the hash is taken; or NULL */
};

struct stack_file {
	const char *stack, *why, *template;
	const struct template_scope *scope;
	struct stack_section *sections;
	size_t n_sections;
};

/* Render @file with the hash of each section in its place, and append it as a resource. */
int stack_add(const struct cluster *c, const struct stack_file *file, struct resource_set *want,
	struct err *err) _must_check_;
/* What must hold before anything is deployed: every other node is ready. */
const char **stack_promises(const struct cluster *c, struct arena *a, size_t *ret_n);
