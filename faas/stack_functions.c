/* The stack of the functions that the spec names. */
#include "faas/functions.h"
#include "faas/stack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faas/common/keys.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

#define STACK     FUNCTION_STACK
#define SOMAXCONN "net.core.somaxconn"

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

static void set_placement(
	const struct cluster *c, const struct spec_function *fn, struct template_scope *s)
{
	const char *backlog = cluster_sysctl(c, SOMAXCONN);

	template_list(s, "constraints");
	for (size_t i = 0; i < fn->n_constraints; i++)
		stack_set(template_row(s, "constraints"), "constraint", fn->constraints[i]);
	template_list(s, "resources");
	add_limits(s, "limits", &fn->limits);
	add_limits(s, "reservations", &fn->requests);
	stack_set_if(s, "has_resources", any_limit(&fn->limits) || any_limit(&fn->requests));
	template_list(s, "sysctls");
	stack_set_if(s, "has_sysctls", backlog != NULL);
	if (backlog)
		stack_add_pair(s, "sysctls", SOMAXCONN, backlog);
}

static void set_labels(const struct spec_function *fn, struct template_scope *s, struct arena *a)
{
	struct function_labels labels;

	function_labels(fn, a, &labels);
	template_list(s, "labels");
	for (size_t i = 0; i < labels.n; i++)
		stack_add_pair(s, "labels", labels.v[i].key, labels.v[i].value);
}

static void set_lifetime(const struct spec_function *fn, struct template_scope *s)
{
	template_set(s, "grace", "%us", function_grace(fn));
	stack_set_if(s, "no_healthcheck", fn->healthcheck == HEALTHCHECK_NONE);
}

/* Swarm's names of its secrets; each becomes one of the stack's as well. */
static int set_secrets(const struct spec_function *fn, const struct facts *f,
	const struct resource_set *want, struct template_scope *s, struct err *err)
{
	template_list(s, "secrets");
	stack_set_if(s, "has_secrets", fn->n_secrets);
	for (size_t i = 0; i < fn->n_secrets; i++) {
		struct template_scope *row = template_row(s, "secrets");
		_cleanup_buf_ struct buf target = BUF_INIT;
		const char *source = NULL;
		int r = function_secret(fn, fn->secrets[i], f, want, &source, err);

		if (r < 0)
			return r;
		buf_addf(&target, FUNCTION_SECRETS "%s", fn->secrets[i]);
		stack_set(row, "source", source);
		stack_set(row, "target", buf_str(&target));
	}
	return 0;
}

static void set_function(const struct cluster *c, const struct spec_function *fn,
	const struct image *image, struct template_scope *s, struct arena *a)
{
	stack_set(s, "name", fn->name);
	/* By ID when the image is ours: swarm then asks no registry. */
	stack_set(s, "image", image ? image->id : fn->image);
	stack_set(s, "tag", fn->image);
	/* For the hash: what it starts with says nothing of one that moves. */
	template_set(s, "replicas", "%d", fn->scale.moves ? fn->scale.min : fn->replicas);
	set_labels(fn, s, a);
	set_environment(fn, s);
	stack_set_if(s, "read_only", fn->read_only);
	set_lifetime(fn, s);
	set_placement(c, fn, s);
}

/* ---- all ---- */

/* Only what came from a spec counts: the rest of the stack is somebody else's. */
static bool any_running(const struct facts *f)
{
	for (size_t i = 0; i < f->n_services; i++)
		if (f->services[i].hash && f->services[i].stack &&
			!strcmp(f->services[i].stack, STACK))
			return true;
	return false;
}

static struct stack_section section_of(const struct spec_function *fn, const struct facts *f,
	struct template_scope *row, struct arena *a)
{
	_cleanup_buf_ struct buf key = BUF_INIT;
	struct stack_section section = {
		.scope = row,
		.variable = "hash",
		.name = arena_printf(a, STACK "_%s", fn->name),
		.image = fn->image,
	};
	struct function_number number;

	stack_quote(&key, fn->name);
	section.key = arena_strdup(a, buf_str(&key));
	number = function_number(fn, facts_service(f, section.name));
	section.replicas = number.now;
	section.min = number.min;
	section.max = number.max;
	section.kept = arena_printf(a, "%d", section.replicas);
	/* apply.sh looks again just before it deploys: the load may have moved it meanwhile. */
	template_set(row, "range", "%d to %d", section.min, section.max);
	return section;
}

/* The top of the file names each secret once. */
static void add_stack_secrets(const struct cluster *c, const struct facts *f,
	const struct resource_set *want, struct template_scope *s)
{
	struct arena *a = want->arena;
	const char **names = NULL;
	size_t n = 0, cap = 0;

	template_list(s, "secrets");
	for (size_t i = 0; i < c->faas.n_functions; i++) {
		const struct spec_function *fn = &c->faas.functions[i];

		for (size_t j = 0; j < fn->n_secrets; j++) {
			const char *name = function_secret_find(want, f, fn->secrets[j]);
			size_t k = 0;

			while (name && k < n && strcmp(names[k], name) != 0)
				k++;
			if (!name || k < n)
				continue;
			*arena_push(a, names, n, cap) = name;
			stack_set(template_row(s, "secrets"), "source", name);
		}
	}
	stack_set_if(s, "any_secret", n);
}

static int add_functions(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, const struct resource_set *want, struct template_scope *s,
	struct stack_section *sections, struct err *err)
{
	int r;

	for (size_t i = 0; i < c->faas.n_functions; i++) {
		const struct spec_function *fn = &c->faas.functions[i];
		struct template_scope *row = template_row(s, "functions");

		r = function_check(fn, f, err);
		if (r == 0)
			r = set_secrets(fn, f, want, row, err);
		if (r < 0)
			return r;
		set_function(
			c, fn, image_find(x->images, x->n_images, fn->image), row, want->arena);
		sections[i] = section_of(fn, f, row, want->arena);
	}
	return 0;
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
	template_list(s, "secrets");
	template_list(s, "any_secret");
	if (n)
		add_stack_secrets(c, f, want, s);
	r = n ? add_functions(c, x, f, want, s, file.sections, err) : 0;
	return r < 0 ? r : stack_add(c, &file, want, err);
}
