/*
 * The spec's functions under engine openfaas.  faas-swarm knows a function by the name of its
 * service, and a stack would put its own name before that, so each is a service by itself, made
 * through the Engine API.  It is what the stack makes of a function under engine svarm, which finds
 * functions by their label and takes these over as they are.
 */
#include "faas/stack.h"

#include <string.h>

#include "lib/ext/hash.h"
#include "lib/ext/json.h"

enum { NSEC_PER_SEC = 1000000000 };

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

static json_t *labels_of(const struct spec_function *fn)
{
	json_t *o = json_object();

	for (size_t i = 0; i < fn->n_labels; i++)
		set_text(o, fn->labels[i].key, fn->labels[i].value);
	set_text(o, "com.openfaas.function", fn->name);
	set_text(o, "function", "true");
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

static json_t *container_of(const struct spec_function *fn, const char *image, struct arena *a)
{
	json_t *o = json_object();

	set_text(o, "Image", image);
	json_object_set_new(o, "Labels", labels_of(fn));
	json_object_set_new(o, "Env", environment_of(fn, a));
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

static json_t *spec_of(const struct spec_function *fn, const char *image, struct arena *a)
{
	json_t *labels = labels_of(fn);

	set_text(labels, "svarm.image", fn->image);
	set_text(labels, "svarm.managed", "true");
	return json_pack("{s:s, s:o, s:{s:o, s:o, s:{s:s, s:I}, s:{s:o}, s:[{s:s}]}, s:{s:{s:i}}, "
			 "s:{s:i, s:s, s:s}, s:{s:i, s:s}, s:{s:s}}",
		"Name", fn->name, "Labels", labels, "TaskTemplate", "ContainerSpec",
		container_of(fn, image, a), "Resources", resources_of(fn), "RestartPolicy",
		"Condition", "any", "Delay", (json_int_t)2 * NSEC_PER_SEC, "Placement",
		"Constraints", constraints_of(fn), "Networks", "Target", "svarm", "Mode",
		"Replicated", "Replicas", fn->replicas, "UpdateConfig", "Parallelism", 1, "Order",
		"start-first", "FailureAction", "rollback", "RollbackConfig", "Parallelism", 1,
		"Order", "start-first", "EndpointSpec", "Mode", "dnsrr");
}

static void add(const struct spec_function *fn, const struct image *image, struct arena *a,
	struct function_service *ret)
{
	_cleanup_json_ json_t *spec = spec_of(fn, image ? image->id : fn->image, a);
	_cleanup_buf_ struct buf plain = BUF_INIT, whole = BUF_INIT;
	char hash[SHA256_HEX + 1];

	json_print(spec, &plain);
	sha256_hex(plain.data, plain.len, hash);
	hash[16] = '\0';
	json_object_set_new(json_obj(spec, "Labels"), "svarm.hash", json_string(hash));
	json_print(spec, &whole);
	*ret = (struct function_service){
		.service =
			{
				.name = arena_strdup(a, fn->name),
				.hash = arena_strdup(a, hash),
				.image = arena_strdup(a, fn->image),
				.replicas = fn->replicas,
			},
		.spec = arena_strdup(a, buf_str(&whole)),
	};
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
		const struct spec_function *fn = &c->faas.functions[i];

		r = stack_check_function(c, fn, err);
		if (r < 0)
			return r;
		add(fn, image_find(x->images, x->n_images, fn->image), a, &res->functions.items[i]);
	}
	res->functions.n = n;
	res->functions.promises = stack_promises(c, a, &res->functions.n_promises);
	return 0;
}
