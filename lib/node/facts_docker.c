/*
 * Read the Engine API's answers into facts.  Only what decides something is kept; a missing or
 * mistyped member reads as "" or 0, so that a daemon newer or older than we know does no harm.
 */
#include "lib/node/facts_docker.h"

#include <string.h>

#include "lib/ext/json.h"

/* That of 1,500 services. */
enum { MAX_JSON = 8 * 1024 * 1024 };

static const char *text_at(struct facts *f, const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return arena_strdup(&f->arena, s ? s : "");
}

static const char *text_or_null(struct facts *f, const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? arena_strdup(&f->arena, s) : NULL;
}

static bool true_at(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static bool text_is(const json_t *o, const char *key, const char *value)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && !strcmp(s, value);
}

static enum swarm_state swarm_state_of(const char *s)
{
	if (!strcmp(s, "active"))
		return SWARM_ACTIVE;
	if (!strcmp(s, "pending"))
		return SWARM_PENDING;
	if (!strcmp(s, "error"))
		return SWARM_ERROR;
	if (!strcmp(s, "locked"))
		return SWARM_LOCKED;
	return SWARM_INACTIVE;
}

static void read_info(struct facts *f, const json_t *root)
{
	const json_t *swarm = json_object_get(root, "Swarm");

	f->docker_running = true;
	f->docker_version = text_at(f, root, "ServerVersion");
	f->swarm = swarm_state_of(text_at(f, swarm, "LocalNodeState"));
	f->swarm_node_id = text_at(f, swarm, "NodeID");
	f->swarm_address = text_at(f, swarm, "NodeAddr");
	f->swarm_error = text_at(f, swarm, "Error");
	f->swarm_manager = true_at(swarm, "ControlAvailable");
}

static void read_images(struct facts *f, const json_t *root)
{
	size_t i, j, cap = 0;
	json_t *image, *tag;

	f->n_images = 0; /* a second answer replaces the first */
	json_array_foreach(root, i, image)
	{
		json_array_foreach(json_object_get(image, "RepoTags"), j, tag)
		{
			struct fact_image *fi = arena_push(&f->arena, f->images, f->n_images, cap);

			fi->id = text_at(f, image, "Id");
			fi->tag = arena_strdup(
				&f->arena, json_string_value(tag) ? json_string_value(tag) : "");
		}
	}
}

static void read_labels(struct facts *f, const json_t *labels, struct fact_swarm_node *n)
{
	const char *key;
	json_t *value;
	size_t cap = 0;

	json_object_foreach((json_t *)labels, key, value)
	{
		struct fact_pair *pair = arena_push(&f->arena, n->labels, n->n_labels, cap);

		pair->key = arena_strdup(&f->arena, key);
		pair->value = arena_strdup(
			&f->arena, json_string_value(value) ? json_string_value(value) : "");
	}
}

static void read_nodes(struct facts *f, const json_t *root)
{
	size_t i, cap = 0;
	json_t *node;

	f->n_swarm_nodes = 0; /* a second answer replaces the first */
	json_array_foreach(root, i, node)
	{
		struct fact_swarm_node *n = arena_push(
			&f->arena, f->swarm_nodes, f->n_swarm_nodes, cap);
		const json_t *spec = json_object_get(node, "Spec");
		const json_t *status = json_object_get(node, "Status");

		n->id = text_at(f, node, "ID");
		n->hostname = text_at(f, json_object_get(node, "Description"), "Hostname");
		n->address = text_at(f, status, "Addr");
		n->ready = text_is(status, "State", "ready");
		n->manager = text_is(spec, "Role", "manager");
		n->active = text_is(spec, "Availability", "active");
		n->reachable = text_is(
			json_object_get(node, "ManagerStatus"), "Reachability", "reachable");
		read_labels(f, json_object_get(spec, "Labels"), n);
	}
}

static int int_at(const json_t *o, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v < 0 || v > 1000000 ? 0 : (int)v;
}

static void read_services(struct facts *f, const json_t *root)
{
	size_t i, cap = 0;
	json_t *service;

	f->n_services = 0; /* a second answer replaces the first */
	json_array_foreach(root, i, service)
	{
		struct fact_service *s = arena_push(&f->arena, f->services, f->n_services, cap);
		const json_t *spec = json_object_get(service, "Spec");
		const json_t *labels = json_object_get(spec, "Labels");
		const json_t *mode = json_object_get(spec, "Mode");
		const json_t *status = json_object_get(service, "ServiceStatus");

		s->id = text_at(f, service, "ID");
		s->name = text_at(f, spec, "Name");
		s->hash = text_or_null(f, labels, "svarm.hash");
		s->image = text_or_null(f, labels, "svarm.image");
		s->stack = text_or_null(f, labels, "com.docker.stack.namespace");
		s->function = text_or_null(f, labels, "com.openfaas.function");
		s->replicas = json_object_get(mode, "Global")
				      ? -1
				      : int_at(json_object_get(mode, "Replicated"), "Replicas");
		s->running = int_at(status, "RunningTasks");
		s->desired = int_at(status, "DesiredTasks");
	}
}

static void read_networks(struct facts *f, const json_t *root)
{
	size_t i, cap = 0;
	json_t *network;

	f->n_networks = 0; /* a second answer replaces the first */
	json_array_foreach(root, i, network)
	{
		struct fact_pair *p = arena_push(&f->arena, f->networks, f->n_networks, cap);

		p->key = text_at(f, network, "Name");
		p->value = text_at(f, network, "Driver");
	}
}

static void read_secrets(struct facts *f, const json_t *root)
{
	size_t i, cap = 0;
	json_t *secret;

	f->n_secrets = 0; /* a second answer replaces the first */
	json_array_foreach(root, i, secret)
	{
		struct fact_secret *s = arena_push(&f->arena, f->secrets, f->n_secrets, cap);
		const json_t *spec = json_object_get(secret, "Spec");
		const json_t *labels = json_object_get(spec, "Labels");

		s->id = text_at(f, secret, "ID");
		s->name = text_at(f, spec, "Name");
		s->function = text_or_null(f, labels, "svarm.secret");
		s->hash = text_or_null(f, labels, "svarm.hash");
		s->openfaas = text_is(labels, "com.openfaas.owner", "openfaas");
	}
}

static void read_configs(struct facts *f, const json_t *root)
{
	size_t i, cap = 0;
	json_t *config;

	f->n_configs = 0; /* a second answer replaces the first */
	json_array_foreach(root, i, config)
	{
		struct fact_pair *p = arena_push(&f->arena, f->configs, f->n_configs, cap);

		p->key = text_at(f, json_object_get(config, "Spec"), "Name");
		p->value = text_at(f, config, "ID");
	}
}

int facts_docker_parse(struct facts *f, const char *name, const char *json, struct err *err)
{
	static const struct {
		const char *name;
		json_type type;
		void (*read)(struct facts *f, const json_t *root);
	} answers[] = {
		{"info", JSON_OBJECT, read_info},
		{"images", JSON_ARRAY, read_images},
		{"nodes", JSON_ARRAY, read_nodes},
		{"services", JSON_ARRAY, read_services},
		{"networks", JSON_ARRAY, read_networks},
		{"secrets", JSON_ARRAY, read_secrets},
		{"configs", JSON_ARRAY, read_configs},
	};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		_cleanup_json_ json_t *root = NULL;
		int r;

		if (strcmp(name, answers[i].name))
			continue;
		r = json_parse(json, strlen(json), MAX_JSON, &root, err);
		if (r == -EFBIG || r == -E2BIG)
			return err_wrap(err, "docker's answer '%s'", name);
		if (r < 0 || json_typeof(root) != answers[i].type)
			return err_set(err, -EBADMSG,
				"docker's answer '%s' is not what its API promises", name);
		answers[i].read(f, root);
	}
	return 0;
}
