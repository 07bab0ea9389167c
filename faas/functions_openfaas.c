/*
 * The spec's functions under engine openfaas.  faas-swarm knows a function by the name of its
 * service, and a stack would put its own name before that, so each is a service by itself, made
 * through the Engine API.  It is what the stack makes of a function under engine svarm, which finds
 * functions by their label and takes these over as they are.
 */
#include "faas/functions.h"
#include "faas/stack.h"

#include <string.h>

#include "faas/common/keys.h"
#include "lib/ext/hash.h"
#include "lib/ext/json.h"

#define SOMAXCONN "net.core.somaxconn"

enum { NSEC_PER_SEC = 1000000000, SECRET_MODE = 0444 };

static void set_text(json_t *o, const char *key, const char *value)
{
	json_set_text(o, key, value, strlen(value));
}

static json_t *text(const char *value)
{
	_cleanup_json_ json_t *o = json_object();

	set_text(o, "v", value);
	return json_incref(json_object_get(o, "v"));
}

static json_t *labels_of(const struct spec_function *fn, struct arena *a)
{
	struct function_labels labels;
	json_t *o = json_object();

	function_labels(fn, a, &labels);
	for (size_t i = 0; i < labels.n; i++)
		set_text(o, labels.v[i].key, labels.v[i].value);
	set_text(o, LABEL_FUNCTION, fn->name);
	set_text(o, LABEL_MARK, "true");
	return o;
}

static json_t *environment_of(const struct spec_function *fn, struct arena *a)
{
	json_t *list = json_array();

	if (fn->fprocess)
		json_array_append_new(list, text(arena_printf(a, "fprocess=%s", fn->fprocess)));
	for (size_t i = 0; i < fn->n_env; i++)
		json_array_append_new(
			list, text(arena_printf(a, "%s=%s", fn->env[i].key, fn->env[i].value)));
	return list;
}

/* Docker wants the ids of secrets, which the swarm gives out when it gets them: the script that
 * deploys the service puts them in place of the names. */
static json_t *secrets_of(const struct spec_function *fn, const char *const *sources)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fn->n_secrets; i++) {
		_cleanup_buf_ struct buf target = BUF_INIT;

		buf_addf(&target, FUNCTION_SECRETS "%s", fn->secrets[i]);
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:i}}", "SecretID", sources[i],
				"SecretName", sources[i], "File", "Name", buf_str(&target), "UID",
				"0", "GID", "0", "Mode", SECRET_MODE));
	}
	return list;
}

struct service {
	const struct cluster *cluster;
	const struct spec_function *fn;
	const char *image;          /* reference or ID */
	const char *const *sources; /* Swarm's names of fn->secrets */
	struct arena *arena;
};

static json_t *container_of(const struct service *s)
{
	const struct spec_function *fn = s->fn;
	const char *backlog = cluster_sysctl(s->cluster, SOMAXCONN);
	json_t *o = json_object();

	set_text(o, "Image", s->image);
	json_object_set_new(o, "Labels", labels_of(fn, s->arena));
	json_object_set_new(o, "Env", environment_of(fn, s->arena));
	json_object_set_new(o, "Secrets", secrets_of(fn, s->sources));
	json_object_set_new(
		o, "StopGracePeriod", json_integer((json_int_t)function_grace(fn) * NSEC_PER_SEC));
	if (backlog)
		json_object_set_new(o, "Sysctls", json_pack("{s:s}", SOMAXCONN, backlog));
	/* Of the image's own check the first interval would be waited for. */
	if (fn->healthcheck == HEALTHCHECK_NONE)
		json_object_set_new(o, "Healthcheck", json_pack("{s:[s]}", "Test", "NONE"));
	if (!fn->read_only)
		return o;
	json_object_set_new(o, "ReadOnly", json_true());
	json_object_set_new(
		o, "Mounts", json_pack("[{s:s, s:s}]", "Type", "tmpfs", "Target", "/tmp"));
	return o;
}

static json_t *resources_of(const struct spec_function *fn)
{
	const struct {
		const char *key;
		const struct spec_limits *limits;
	} kinds[] = {{"Limits", &fn->limits}, {"Reservations", &fn->requests}};
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct spec_limits *l = kinds[i].limits;
		json_t *one = json_object();

		if (l->memory)
			json_object_set_new(
				one, "MemoryBytes", json_integer((json_int_t)l->memory));
		if (l->cpus > 0)
			json_object_set_new(one, "NanoCPUs",
				json_integer((json_int_t)(l->cpus * 1000 + 0.5) * 1000000));
		json_object_set_new(o, kinds[i].key, one);
	}
	return o;
}

static json_t *constraints_of(const struct spec_function *fn)
{
	json_t *list = json_array();

	json_array_append_new(list, json_string("node.labels.svarm.worker == true"));
	for (size_t i = 0; i < fn->n_constraints; i++)
		json_array_append_new(list, text(fn->constraints[i]));
	return list;
}

static json_t *spec_of(const struct service *s)
{
	const struct spec_function *fn = s->fn;
	json_t *labels = labels_of(fn, s->arena);

	set_text(labels, "svarm.image", fn->image);
	set_text(labels, "svarm.managed", "true");
	return json_pack("{s:s, s:o, s:{s:o, s:o, s:{s:s, s:I}, s:{s:o}, s:[{s:s}]}, "
			 "s:{s:i, s:s, s:s}, s:{s:i, s:s}, s:{s:s}}",
		"Name", fn->name, "Labels", labels, "TaskTemplate", "ContainerSpec",
		container_of(s), "Resources", resources_of(fn), "RestartPolicy", "Condition", "any",
		"Delay", (json_int_t)NSEC_PER_SEC, "Placement", "Constraints", constraints_of(fn),
		"Networks", "Target", "svarm", "UpdateConfig", "Parallelism", 1, "Order",
		"start-first", "FailureAction", "rollback", "RollbackConfig", "Parallelism", 1,
		"Order", "start-first", "EndpointSpec", "Mode", "dnsrr");
}

/* What it has of containers is not in the hash: that may follow the load. */
static void add(const struct service *s, const struct facts *f, struct function_service *ret)
{
	const struct function_number n = function_number(s->fn, facts_service(f, s->fn->name));
	_cleanup_json_ json_t *spec = spec_of(s);
	_cleanup_buf_ struct buf plain = BUF_INIT, whole = BUF_INIT;
	char hash[SHA256_HEX + 1];

	json_print(spec, &plain);
	buf_addf(&plain, "%d to %d", n.min, n.max);
	sha256_hex(plain.data, plain.len, hash);
	hash[16] = '\0';
	json_object_set_new(json_obj(spec, "Labels"), "svarm.hash", json_string(hash));
	json_object_set_new(spec, "Mode", json_pack("{s:{s:i}}", "Replicated", "Replicas", n.now));
	json_print(spec, &whole);
	*ret = (struct function_service){
		.service =
			{
				.name = arena_strdup(s->arena, s->fn->name),
				.hash = arena_strdup(s->arena, hash),
				.image = arena_strdup(s->arena, s->fn->image),
				.replicas = n.now,
				.min = n.min,
				.max = n.max,
			},
		.spec = arena_strdup(s->arena, buf_str(&whole)),
		.secrets = s->sources,
		.n_secrets = s->fn->n_secrets,
	};
}

static int add_function(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, const struct spec_function *fn, struct resource_set *want,
	struct function_service *ret, struct err *err)
{
	const struct image *image = image_find(x->images, x->n_images, fn->image);
	const char **sources = arena_array(want->arena, const char *, fn->n_secrets + 1);
	const struct service s = {c, fn, image ? image->id : fn->image, sources, want->arena};
	int r;

	r = function_check(fn, f, err);
	for (size_t i = 0; r >= 0 && i < fn->n_secrets; i++)
		r = function_secret(fn, fn->secrets[i], f, want, &sources[i], err);
	if (r < 0)
		return r;
	add(&s, f, ret);
	return 0;
}

static bool any_deployed(const struct facts *f)
{
	for (size_t i = 0; i < f->n_services; i++)
		if (f->services[i].hash && !f->services[i].stack)
			return true;
	return false;
}

int functions_openfaas_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, struct resource_set *want, struct err *err)
{
	const size_t n = c->faas.engine == ENGINE_OPENFAAS ? c->faas.n_functions : 0;
	struct arena *a = want->arena;
	struct resource *res;
	int r;

	if (!n && !any_deployed(f))
		return 0;
	res = resource_add(want, RES_FUNCTIONS, "functions", "the functions of the spec");
	res->functions.items = arena_array(a, struct function_service, n + 1);
	for (size_t i = 0; i < n; i++) {
		r = add_function(
			c, x, f, &c->faas.functions[i], want, &res->functions.items[i], err);
		if (r < 0)
			return r;
	}
	res->functions.n = n;
	res->functions.promises = stack_promises(c, a, &res->functions.n_promises);
	return 0;
}
