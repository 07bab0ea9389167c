/* From a Docker service to the status that is reported of it: see deploy.h. */
#include "faas/common/keys.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/deploy_labels.h"

static void set_str(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static void split_labels(const json_t *labels, json_t *shown, json_t *annotations)
{
	const size_t n = strlen(LABEL_ANNOTATION);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)labels, key, value)
	{
		if (!strncmp(key, LABEL_ANNOTATION, n))
			json_object_set(annotations, key + n, value);
		else if (strncmp(key, LABEL_OWN, strlen(LABEL_OWN)) &&
			 strncmp(key, "com.docker.", 11))
			json_object_set(shown, key, value);
	}
}

/* limits or requests, word for word as deployed; for a service that was made otherwise, from its
 * numbers. */
static void add_amounts(json_t *status, const char *name, const json_t *labels,
	const char *memory_label, const char *cpu_label, const json_t *numbers)
{
	json_int_t bytes = json_int(numbers, "MemoryBytes", 0);
	json_int_t nano = json_int(numbers, "NanoCPUs", 0);
	json_t *o = json_object();
	char text[40];

	if (json_str(labels, memory_label)) {
		set_str(o, "memory", json_str(labels, memory_label));
	} else if (bytes > 0) {
		snprintf(text, sizeof(text), "%lld", (long long)bytes);
		set_str(o, "memory", text);
	}
	if (json_str(labels, cpu_label)) {
		set_str(o, "cpu", json_str(labels, cpu_label));
	} else if (nano > 0) {
		snprintf(text, sizeof(text), "%lldm", (long long)nano / 1000000);
		set_str(o, "cpu", text);
	}
	if (json_object_size(o))
		json_object_set(status, name, o);
	json_decref(o);
}

static void add_env(json_t *status, const json_t *list)
{
	json_t *vars = json_object(), *item;
	const char *process = NULL;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
	{
		const char *line = json_string_value(item), *eq = line ? strchr(line, '=') : NULL;
		struct buf name = BUF_INIT;

		if (!eq)
			continue;
		buf_add(&name, line, (size_t)(eq - line));
		if (!strcmp(buf_str(&name), "fprocess"))
			process = eq + 1;
		else
			set_str(vars, buf_str(&name), eq + 1);
		buf_done(&name);
	}
	if (process)
		set_str(status, "envProcess", process);
	if (json_object_size(vars))
		json_object_set(status, "envVars", vars);
	json_decref(vars);
}

/* Constraints that were added, not asked for. */
static bool added(const json_t *labels, const char *constraint)
{
	if (!strcmp(constraint, CONSTRAINT_WORKERS))
		return json_str(labels, OWN_PLACEMENT) || json_str(labels, OWN_MANAGED);
	return !strcmp(constraint, "node.platform.os == linux");
}

static void add_constraints(json_t *status, const json_t *labels, const json_t *template)
{
	json_t *constraints = json_array(), *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(template, "Placement"), "Constraints"), i, item)
	{
		if (json_is_string(item) && !added(labels, json_string_value(item)))
			json_array_append(constraints, item);
	}
	if (json_array_size(constraints))
		json_object_set(status, "constraints", constraints);
	json_decref(constraints);
}

/* By the names that the function knows them by: Swarm's carry a version. */
static void add_secrets(json_t *status, const json_t *container)
{
	json_t *secrets = json_array(), *item;
	size_t i;

	json_array_foreach(json_arr(container, "Secrets"), i, item)
	{
		const char *path = json_str(json_obj(item, "File"), "Name");
		const char *name = json_str(item, "SecretName");

		if (path && !strncmp(path, SECRET_FOLDER, strlen(SECRET_FOLDER)))
			name = path + strlen(SECRET_FOLDER);
		if (name)
			json_array_append_new(secrets, json_string(name));
	}
	if (json_array_size(secrets))
		json_object_set(status, "secrets", secrets);
	json_decref(secrets);
}

/* As deployed, where what runs is the same by another name: its ID, or pinned to a digest. */
static const char *image_of(const json_t *labels, const json_t *container)
{
	const char *asked = json_str(labels, OWN_IMAGE), *runs = json_str(container, "Image");
	size_t n = asked ? strlen(asked) : 0;

	if (asked && runs &&
		(!strncmp(runs, "sha256:", 7) || (!strncmp(runs, asked, n) && runs[n] == '@')))
		return asked;
	return runs ? runs : "";
}

json_t *deploy_status(const json_t *service, unsigned running)
{
	const json_t *spec = json_obj(service, "Spec"), *labels = json_obj(spec, "Labels");
	const json_t *template = json_obj(spec, "TaskTemplate");
	const json_t *container = json_obj(template, "ContainerSpec");
	const json_t *resources = json_obj(template, "Resources");
	const json_t *replicated = json_obj(json_obj(spec, "Mode"), "Replicated");
	const char *created = json_str(service, "CreatedAt");
	json_t *s = json_object(), *shown = json_object(), *annotations = json_object();

	split_labels(labels, shown, annotations);
	set_str(s, "name", json_str(labels, LABEL_FUNCTION));
	set_str(s, "image", image_of(labels, container));
	set_str(s, "namespace", FUNCTION_NAMESPACE);
	json_object_set_new(s, "invocationCount", json_integer(0));
	json_object_set_new(s, "replicas",
		json_integer(replicated ? json_int(replicated, "Replicas", 0) : running));
	json_object_set_new(s, "availableReplicas", json_integer(running));
	json_object_set_new(s, "labels", shown);
	json_object_set_new(s, "annotations", annotations);
	add_env(s, json_arr(container, "Env"));
	add_constraints(s, labels, template);
	add_secrets(s, container);
	add_amounts(s, "limits", labels, OWN_MEMORY_LIMIT, OWN_CPU_LIMIT,
		json_obj(resources, "Limits"));
	add_amounts(s, "requests", labels, OWN_MEMORY_REQUEST, OWN_CPU_REQUEST,
		json_obj(resources, "Reservations"));
	if (json_bool(container, "ReadOnly"))
		json_object_set_new(s, "readOnlyRootFilesystem", json_true());
	if (created)
		set_str(s, "createdAt", created);
	return s;
}
