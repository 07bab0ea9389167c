/* The stack of the functions that the spec names. */
#include "faas/stack.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/xalloc.h"

#define STACK      "fn"
#define NAME_LABEL "com.openfaas.function"

enum { MAX_SERVICE_NAME = 63 }; /* swarm's */

/* ---- what a function must not do ---- */

static bool own_label(const char *key)
{
	return !strcmp(key, NAME_LABEL) || !strcmp(key, "function") || !strncmp(key, "svarm.", 6);
}

int stack_check_function(const struct cluster *c, const struct spec_function *fn, struct err *err)
{
	if (strlen(fn->name) + strlen(STACK "_") > MAX_SERVICE_NAME)
		return err_set(err, ERR_SPEC, "%s:%d: the name of function '%s' is longer than %zu",
			c->path, fn->line, fn->name, MAX_SERVICE_NAME - strlen(STACK "_"));
	for (size_t i = 0; i < fn->n_labels; i++)
		if (own_label(fn->labels[i].key))
			return err_set(err, ERR_SPEC, "%s:%d: label '%s' is set by svarm itself",
				c->path, fn->labels[i].line, fn->labels[i].key);
	for (size_t i = 0; fn->fprocess && i < fn->n_env; i++)
		if (!strcmp(fn->env[i].key, "fprocess"))
			return err_set(err, ERR_SPEC,
				"%s:%d: function '%s' has fprocess twice: as a key of its own, and "
				"in its environment",
				c->path, fn->env[i].line, fn->name);
	return 0;
}

/* ---- one function ---- */

static void set_environment(const struct spec_function *fn, struct template_scope *s)
{
	template_list(s, "environment");
	if (fn->fprocess)
		stack_add_pair(s, "environment", "fprocess", fn->fprocess);
	for (size_t i = 0; i < fn->n_env; i++)
		stack_add_pair(s, "environment", fn->env[i].key, fn->env[i].value);
	stack_set_if(s, "has_environment", fn->fprocess || fn->n_env);
}

static bool any_limit(const struct spec_limits *l)
{
	return l->memory || l->cpus > 0;
}

static void add_limits(struct template_scope *s, const char *kind, const struct spec_limits *l)
{
	struct template_scope *row;

	if (!any_limit(l))
		return;
	row = template_row(s, "resources");
	template_set(row, "kind", "%s", kind);
	template_list(row, "memory");
	template_list(row, "cpus");
	if (l->memory)
		stack_set_number(template_row(row, "memory"), "bytes", l->memory);
	if (l->cpus > 0)
		template_set(template_row(row, "cpus"), "count", "\"%.3f\"", l->cpus);
}

static void set_placement(const struct spec_function *fn, struct template_scope *s)
{
	template_set(s, "replicas", "%d", fn->replicas);
	template_list(s, "constraints");
	for (size_t i = 0; i < fn->n_constraints; i++)
		stack_set(template_row(s, "constraints"), "constraint", fn->constraints[i]);
	template_list(s, "resources");
	add_limits(s, "limits", &fn->limits);
	add_limits(s, "reservations", &fn->requests);
	stack_set_if(s, "has_resources", any_limit(&fn->limits) || any_limit(&fn->requests));
}

static void set_function(
	const struct spec_function *fn, const struct image *image, struct template_scope *s)
{
	stack_set(s, "name", fn->name);
	/* By ID when the image is ours: swarm then asks no registry. */
	stack_set(s, "image", image ? image->id : fn->image);
	stack_set(s, "tag", fn->image);
	template_list(s, "labels");
	for (size_t i = 0; i < fn->n_labels; i++)
		stack_add_pair(s, "labels", fn->labels[i].key, fn->labels[i].value);
	set_environment(fn, s);
	stack_set_if(s, "read_only", fn->read_only);
	set_placement(fn, s);
}

/* ---- all ---- */

static bool any_running(const struct facts *f)
{
	for (size_t i = 0; i < f->n_services; i++)
		if (f->services[i].stack && !strcmp(f->services[i].stack, STACK))
			return true;
	return false;
}

static struct stack_section section_of(
	const struct spec_function *fn, struct template_scope *row, struct arena *a)
{
	_cleanup_buf_ struct buf key = BUF_INIT;

	stack_quote(&key, fn->name);
	return (struct stack_section){
		.scope = row,
		.variable = "hash",
		.key = arena_strdup(a, buf_str(&key)),
		.name = arena_printf(a, STACK "_%s", fn->name),
		.image = fn->image,
		.replicas = fn->replicas,
	};
}

int stack_functions_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, struct resource_set *want, struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	/* Under the other engine they are in no stack: functions_openfaas.c. */
	const size_t n = c->faas.engine == ENGINE_SVARM ? c->faas.n_functions : 0;
	struct stack_file file = {
		.stack = STACK,
		.why = "the functions of the spec",
		.template = "stack-functions.yml",
		.scope = s,
		.sections = arena_array(want->arena, struct stack_section, n + 1),
		.n_sections = n,
	};
	int r;

	if (!n && !any_running(f))
		return 0;
	template_set(s, "cluster", "%s", c->name);
	template_list(s, "functions");
	stack_set_if(s, "any", n);
	for (size_t i = 0; i < n; i++) {
		const struct spec_function *fn = &c->faas.functions[i];
		struct template_scope *row = template_row(s, "functions");

		r = stack_check_function(c, fn, err);
		if (r < 0)
			return r;
		set_function(fn, image_find(x->images, x->n_images, fn->image), row);
		file.sections[i] = section_of(fn, row, want->arena);
	}
	return stack_add(c, &file, want, err);
}
