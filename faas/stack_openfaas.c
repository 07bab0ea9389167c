/*
 * The stack of engine openfaas: its parts, where their images come from, and the configuration of
 * those that have files.  An image among the archives of the spec is sent to the nodes and named by
 * its ID, so that nothing tries to pull; any other is for the nodes to pull.
 */
#include "faas/stack.h"

#include <stdlib.h>
#include <string.h>

/* The first engine that refuses API 1.30: see faas-swarm in the template. */
enum { ENGINE_STRICT = 29 };

static const struct {
	const char *service;  /* as it stands in the template */
	const char *variable; /* begin of its variables' names there */
	const char *why;
	enum node_role role; /* nodes that may run it */
	bool global;
} parts[N_OPENFAAS_PARTS] = {
	[OPENFAAS_GATEWAY] = {"gateway", "gateway", "OpenFaaS' gateway", ROLE_MANAGER, true},
	[OPENFAAS_AUTH] = {"basic-auth-plugin", "basic_auth_plugin", "OpenFaaS' passwords",
		ROLE_MANAGER, false},
	[OPENFAAS_PROVIDER] = {"faas-swarm", "faas_swarm", "OpenFaaS' provider", ROLE_MANAGER,
		false},
	[OPENFAAS_NATS] = {"nats", "nats", "OpenFaaS' queue", ROLE_DATABASE, false},
	[OPENFAAS_WORKER] = {"queue-worker", "queue_worker", "OpenFaaS' queue worker", ROLE_WORKER,
		true},
	[OPENFAAS_PROMETHEUS] = {"prometheus", "prometheus", "counts calls for OpenFaaS",
		ROLE_MANAGER, false},
	[OPENFAAS_ALERTMANAGER] = {"alertmanager", "alertmanager", "alerts OpenFaaS' gateway",
		ROLE_MANAGER, false},
};

static const struct image *archive_of(
	const struct cluster *c, const struct faas_context *x, enum openfaas_part part)
{
	return image_find(x->images, x->n_images, c->faas.openfaas.images[part]);
}

static bool has_function_of(const struct cluster *c, const struct image *image)
{
	for (size_t i = 0; i < c->faas.n_functions; i++)
		if (image_find(image, 1, c->faas.functions[i].image))
			return true;
	return false;
}

const char *spec_image_use(const struct cluster *c, const struct faas_context *x,
	const struct image *image, unsigned roles)
{
	bool used = false;

	for (int i = 0; c->faas.engine == ENGINE_OPENFAAS && i < N_OPENFAAS_PARTS; i++) {
		if (archive_of(c, x, i) != image)
			continue;
		if (roles & parts[i].role)
			return parts[i].why;
		used = true;
	}
	/* What is a part's alone is for its nodes only. */
	if (roles & ROLE_WORKER && (!used || has_function_of(c, image)))
		return "functions may run from it";
	return NULL;
}

/* ---- what the template needs to know ---- */

static const char *variable(struct arena *a, enum openfaas_part part, const char *what)
{
	return arena_printf(a, "%s_%s", parts[part].variable, what);
}

static struct stack_section section_of(const struct cluster *c, const struct faas_context *x,
	enum openfaas_part part, struct template_scope *s, struct arena *a)
{
	const char *reference = c->faas.openfaas.images[part];
	const struct image *image = archive_of(c, x, part);

	stack_set(s, variable(a, part, "image"), image ? image->id : reference);
	stack_set(s, variable(a, part, "tag"), reference);
	return (struct stack_section){
		.scope = s,
		.variable = variable(a, part, "hash"),
		.key = parts[part].service,
		.name = arena_printf(a, "svarm_%s", parts[part].service),
		.image = image ? reference : arena_printf(a, "%s (the nodes pull it)", reference),
		.replicas = parts[part].global ? -1 : 1,
	};
}

static int set_config(const char *template, const char *name_variable, const char *why,
	struct template_scope *s, struct resource_set *want, struct err *err)
{
	const char *name = NULL;
	int r;

	r = config_want(template, why, s, want, &name, err);
	if (r < 0)
		return r;
	stack_set(s, name_variable, name);
	stack_set(template_row(s, "configs"), "name", name);
	return 0;
}

static int set_configs(const struct cluster *c, struct template_scope *s, struct resource_set *want,
	struct err *err)
{
	int r;

	stack_set(s, "cluster_quoted", c->name);
	stack_set(s, "user", c->faas.user);
	stack_set_if(s, "alerts", true);
	r = set_config(
		"prometheus.yml", "prometheus_config", "what Prometheus collects", s, want, err);
	if (r < 0)
		return r;
	r = set_config(
		"alert-rules.yml", "alert_rules_config", "when a function is busy", s, want, err);
	if (r < 0)
		return r;
	return set_config(
		"alertmanager.yml", "alertmanager_config", "who hears of it", s, want, err);
}

/*
 * A line of the provider's section that changes when the engine becomes one that wants another API
 * version, so that the service is deployed anew then.  Before docker runs, the best guess is what
 * would be installed; the version itself is found out when the stack is deployed.
 */
static const char *engine_note(const struct cluster *c, const struct facts *f)
{
	const char *version = f->docker_version ? f->docker_version : "";
	bool strict = c->docker_source == DOCKER_CE;

	if (*version)
		strict = strtol(version, NULL, 10) >= ENGINE_STRICT;
	return strict ? "for an engine that refuses API versions before 1.40"
		      : "for an engine that takes API version 1.30";
}

static void set_all(const struct cluster *c, const struct faas_context *x, const struct facts *f,
	struct template_scope *s)
{
	const bool dnsrr = c->faas.openfaas.endpoints == ENDPOINTS_DNSRR;

	template_set(s, "cluster", "%s", c->name);
	stack_set(s, "redis_image", x->own[IMAGE_REDIS].id);
	stack_set(s, "redis_tag", x->own[IMAGE_REDIS].tag);
	stack_set_redis(c, s);
	stack_set_sysctls(c, s);
	stack_set(s, "dnsrr", dnsrr ? "true" : "false");
	stack_set(s, "direct_functions", dnsrr ? "false" : "true");
	template_set(s, "engine_note", "%s", engine_note(c, f));
	stack_set_number(s, "max_inflight", (uint64_t)cluster_max_inflight(c));
}

int stack_openfaas_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, const char *const secrets[N_SECRETS], struct resource_set *want,
	struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	struct stack_section sections[N_OPENFAAS_PARTS + 1] = {
		{.scope = s,
			.variable = "redis_hash",
			.key = "redis",
			.name = "svarm_redis",
			.image = x->own[IMAGE_REDIS].tag,
			.replicas = 1},
	};
	const struct stack_file file = {
		.stack = "svarm",
		.why = "OpenFaaS, and Redis",
		.template = "stack-openfaas.yml",
		.scope = s,
		.sections = sections,
		.n_sections = ARRAY_SIZE(sections),
	};
	int r;

	set_all(c, x, f, s);
	stack_set_secrets(s, secrets);
	r = set_configs(c, s, want, err);
	if (r < 0)
		return r;
	for (int i = 0; i < N_OPENFAAS_PARTS; i++)
		sections[i + 1] = section_of(c, x, i, s, want->arena);
	return stack_add(c, &file, want, err);
}
