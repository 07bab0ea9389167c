/* The stack of the functions that the spec names. */
#include "faas/stack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faas/common/keys.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

#define STACK     "fn"
#define FOLDER    "/var/openfaas/secrets/"
#define SOMAXCONN "net.core.somaxconn"

enum {
	MAX_SERVICE_NAME = 63, /* swarm's */
	/* Seconds between SIGTERM and SIGKILL: as long as a call may take, within reason. */
	GRACE = 30,
	GRACE_MIN = 10,
	GRACE_MAX = 600,
};

/* ---- what a function must not do ---- */

static bool own_label(const struct spec_function *fn, const char *key)
{
	return !strcmp(key, LABEL_FUNCTION) || !strcmp(key, LABEL_MARK) ||
	       !strncmp(key, LABEL_OWN, strlen(LABEL_OWN)) ||
	       !strncmp(key, LABEL_ANNOTATION, strlen(LABEL_ANNOTATION)) ||
	       (fn->timeout && !strcmp(key, LABEL_TIMEOUT));
}

static int check(const struct spec_function *fn, struct err *err)
{
	if (strlen(fn->name) + strlen(STACK "_") > MAX_SERVICE_NAME)
		return err_set(err, ERR_SPEC, "%s:%d: the name of function '%s' is longer than %zu",
			fn->file, fn->line, fn->name, MAX_SERVICE_NAME - strlen(STACK "_"));
	for (size_t i = 0; i < fn->n_labels; i++)
		if (own_label(fn, fn->labels[i].key))
			return err_set(err, ERR_SPEC, "%s:%d: label '%s' is set by svarm itself",
				fn->file, fn->labels[i].line, fn->labels[i].key);
	for (size_t i = 0; fn->fprocess && i < fn->n_env; i++)
		if (!strcmp(fn->env[i].key, "fprocess"))
			return err_set(err, ERR_SPEC,
				"%s:%d: function '%s' has fprocess twice: as a key of its own, and "
				"in its environment",
				fn->file, fn->env[i].line, fn->name);
	return 0;
}

/*
 * A function of that name that somebody deployed through the gateway or by hand is left alone: it
 * is theirs to remove.  Two services of one name would share its calls.
 */
static int check_free(const struct spec_function *fn, const struct facts *f, struct err *err)
{
	for (size_t i = 0; i < f->n_services; i++) {
		const struct fact_service *s = &f->services[i];
		bool same = !strncmp(s->name, STACK "_", 3) && !strcmp(s->name + 3, fn->name);
		_cleanup_buf_ struct buf shown = BUF_INIT;

		if (s->stack && !strcmp(s->stack, STACK))
			continue;
		if (!same && (!s->function || strcasecmp(s->function, fn->name)))
			continue;
		escape_text(&shown, s->name, MIN_OF(strlen(s->name), 100), false);
		return err_set(err, -EEXIST,
			"%s:%d: function '%s' runs already, as service '%s', which did not come "
			"from a spec; remove it first ('svarm fn remove' or 'faas-cli remove'), or "
			"take it out of the spec",
			fn->file, fn->line, fn->name, buf_str(&shown));
	}
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

static void add_label(struct template_scope *s, const char *key, const char *fmt, ...)
	_printf_(3, 4);
static void add_label(struct template_scope *s, const char *key, const char *fmt, ...)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&value, fmt, ap);
	va_end(ap);
	stack_add_pair(s, "labels", key, buf_str(&value));
}

static void add_duration(struct template_scope *s, const char *key, usec_t t)
{
	add_label(s, key, "%llums", (unsigned long long)(t / USEC_PER_MSEC));
}

/* min = max is what keeps the number where it is. */
static void add_scale(const struct spec_scale *scale, struct template_scope *s)
{
	static const char *const types[] = {
		[SPEC_SCALE_RPS] = "rps",
		[SPEC_SCALE_CAPACITY] = "capacity",
		[SPEC_SCALE_CPU] = "cpu",
	};

	if (scale->in_labels)
		return;
	add_label(s, LABEL_SCALE_MIN, "%d", scale->min);
	add_label(s, LABEL_SCALE "max", "%d", scale->max);
	if (!scale->moves)
		return;
	add_label(s, LABEL_SCALE "factor", "%d", scale->factor);
	add_label(s, LABEL_SCALE "type", "%s", types[scale->type]);
	add_label(s, LABEL_SCALE "target", "%d", scale->target);
	add_label(s, LABEL_SCALE "zero", "%s", scale->zero ? "true" : "false");
	if (scale->zero)
		add_duration(s, LABEL_SCALE "zero-duration", scale->zero_after);
}

static void set_labels(const struct spec_function *fn, struct template_scope *s)
{
	template_list(s, "labels");
	for (size_t i = 0; i < fn->n_labels; i++)
		stack_add_pair(s, "labels", fn->labels[i].key, fn->labels[i].value);
	for (size_t i = 0; i < fn->n_annotations; i++) {
		_cleanup_buf_ struct buf key = BUF_INIT;

		buf_addf(&key, LABEL_ANNOTATION "%s", fn->annotations[i].key);
		stack_add_pair(s, "labels", buf_str(&key), fn->annotations[i].value);
	}
	add_scale(&fn->scale, s);
	if (fn->timeout)
		add_duration(s, LABEL_TIMEOUT, fn->timeout);
}

static void set_lifetime(const struct spec_function *fn, struct template_scope *s)
{
	usec_t grace = (fn->timeout + USEC_PER_SEC - 1) / USEC_PER_SEC;

	if (!fn->timeout)
		grace = GRACE;
	grace = MAX_OF((usec_t)GRACE_MIN, MIN_OF(grace, (usec_t)GRACE_MAX));
	template_set(s, "grace", "%llus", (unsigned long long)grace);
	stack_set_if(s, "no_healthcheck", fn->healthcheck == HEALTHCHECK_NONE);
}

/* Swarm's names of its secrets; each becomes one of the stack's as well. */
static int set_secrets(const struct spec_function *fn, const struct facts *f,
	const struct resource_set *want, struct template_scope *s, struct err *err)
{
	template_list(s, "secrets");
	stack_set_if(s, "has_secrets", fn->n_secrets);
	for (size_t i = 0; i < fn->n_secrets; i++) {
		const char *source = function_secret_find(want, f, fn->secrets[i]);
		struct template_scope *row = template_row(s, "secrets");
		_cleanup_buf_ struct buf target = BUF_INIT;

		if (!source)
			return err_set(err, -ENOENT,
				"%s:%d: function '%s' wants the secret '%s', which is neither in "
				"faas.secrets nor in the swarm; 'faas-cli secret create' makes one",
				fn->file, fn->line, fn->name, fn->secrets[i]);
		buf_addf(&target, FOLDER "%s", fn->secrets[i]);
		stack_set(row, "source", source);
		stack_set(row, "target", buf_str(&target));
	}
	return 0;
}

static void set_function(const struct cluster *c, const struct spec_function *fn,
	const struct image *image, struct template_scope *s)
{
	stack_set(s, "name", fn->name);
	/* By ID when the image is ours: swarm then asks no registry. */
	stack_set(s, "image", image ? image->id : fn->image);
	stack_set(s, "tag", fn->image);
	/* For the hash: what it starts with says nothing of one that moves. */
	template_set(s, "replicas", "%d", fn->scale.moves ? fn->scale.min : fn->replicas);
	set_labels(fn, s);
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

/* How many it shall have: what it has, brought into its range; at first what the spec says. */
static int keep_replicas(const struct fact_service *have, const struct stack_section *section)
{
	if (!have || have->replicas < 0)
		return section->replicas;
	if (have->replicas >= section->min && have->replicas <= section->max)
		return have->replicas;
	return have->replicas < section->min ? section->min : section->max;
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
		.replicas = fn->replicas,
		.min = fn->scale.zero || !fn->replicas ? 0 : fn->scale.min,
		.max = fn->scale.max,
	};

	stack_quote(&key, fn->name);
	section.key = arena_strdup(a, buf_str(&key));
	section.replicas = keep_replicas(facts_service(f, section.name), &section);
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

		r = check(fn, err);
		if (r == 0)
			r = check_free(fn, f, err);
		if (r == 0)
			r = set_secrets(fn, f, want, row, err);
		if (r < 0)
			return r;
		set_function(c, fn, image_find(x->images, x->n_images, fn->image), row);
		sections[i] = section_of(fn, f, row, want->arena);
	}
	return 0;
}

int stack_functions_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, struct resource_set *want, struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	struct stack_file file = {
		.stack = STACK,
		.why = "the functions of the spec",
		.template = "stack-functions.yml",
		.scope = s,
		.sections = arena_array(want->arena, struct stack_section, c->faas.n_functions + 1),
		.n_sections = c->faas.n_functions,
	};
	int r;

	if (!c->faas.n_functions && !any_running(f))
		return 0;
	template_set(s, "cluster", "%s", c->name);
	template_list(s, "functions");
	stack_set_if(s, "any", c->faas.n_functions);
	add_stack_secrets(c, f, want, s);
	r = add_functions(c, x, f, want, s, file.sections, err);
	return r < 0 ? r : stack_add(c, &file, want, err);
}
