/* From a deployment to a Docker service and back: see deploy.h. */
#include "faas/gateway/deploy.h"

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/gateway/auth.h"
#include "faas/gateway/quantity.h"
#include "lib/base/base64.h"

enum { MAX_MEMBERS = 1000, MAX_TEXT = 64 << 10 };

#define OWN_MEMORY_LIMIT   LABEL_OWN "limits.memory"
#define OWN_CPU_LIMIT      LABEL_OWN "limits.cpu"
#define OWN_MEMORY_REQUEST LABEL_OWN "requests.memory"
#define OWN_CPU_REQUEST    LABEL_OWN "requests.cpu"

/* ---- reading a deployment ---- */

/* Member @key as a string in @a; *ret stays NULL when it is absent, null or empty. */
static int get_text(
	const json_t *o, const char *key, struct arena *a, const char **ret, struct err *err)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return err_set(err, -EBADMSG, "'%s' is not a string", key);
	if (json_string_length(v) > MAX_TEXT)
		return err_set(err, -EINVAL, "'%s' is too long", key);
	if (json_string_length(v))
		*ret = arena_strdup(a, json_string_value(v));
	return 0;
}

static int get_pairs(const json_t *o, const char *key, struct arena *a, struct deploy_pairs *ret,
	struct err *err)
{
	json_t *v = json_object_get(o, key), *value;
	const char *name;

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v) || json_object_size(v) > MAX_MEMBERS)
		return err_set(err, -EBADMSG, "'%s' is not an object of strings", key);
	ret->v = arena_array(a, struct deploy_pair, json_object_size(v) + 1);
	json_object_foreach(v, name, value)
	{
		if (!json_is_string(value))
			return err_set(err, -EBADMSG, "'%s' is not an object of strings", key);
		if (!*name || strchr(name, '='))
			return err_set(err, -EINVAL, "'%s' has a member with a bad name", key);
		ret->v[ret->n].name = arena_strdup(a, name);
		ret->v[ret->n++].value = arena_strdup(a, json_string_value(value));
	}
	return 0;
}

static int get_words(const json_t *o, const char *key, struct arena *a, struct deploy_words *ret,
	struct err *err)
{
	json_t *v = json_object_get(o, key), *item;
	size_t i;

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_array(v) || json_array_size(v) > MAX_MEMBERS)
		return err_set(err, -EBADMSG, "'%s' is not a list of strings", key);
	ret->v = arena_array(a, const char *, json_array_size(v) + 1);
	json_array_foreach(v, i, item)
	{
		if (!json_is_string(item) || !json_string_length(item))
			return err_set(err, -EBADMSG, "'%s' is not a list of strings", key);
		ret->v[ret->n++] = arena_strdup(a, json_string_value(item));
	}
	return 0;
}

static int get_amounts(const json_t *o, const char *key, struct arena *a,
	struct deploy_amount *memory, struct deploy_amount *cpu, struct err *err)
{
	const json_t *v = json_object_get(o, key);
	int r;

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return err_set(err, -EBADMSG, "'%s' is not an object", key);
	r = get_text(v, "memory", a, &memory->text, err);
	if (r == 0)
		r = get_text(v, "cpu", a, &cpu->text, err);
	if (r < 0)
		return err_wrap(err, "'%s'", key);
	if (memory->text && !quantity_memory(memory->text, &memory->value))
		return err_set(err, -EINVAL, "%s.memory: '%.40s' is not an amount such as 128Mi",
			key, memory->text);
	if (cpu->text && !quantity_cpu(cpu->text, &cpu->value))
		return err_set(err, -EINVAL, "%s.cpu: '%.40s' is not an amount such as 100m or 1.5",
			key, cpu->text);
	return 0;
}

static int get_auth(const json_t *o, struct arena *a, struct deploy *d, struct err *err)
{
	_cleanup_(buf_wipe) struct buf plain = BUF_INIT;
	const char *coded = NULL;
	int r;

	r = get_text(o, "registryAuth", a, &coded, err);
	if (r < 0 || !coded)
		return r;
	if (!base64_decode(coded, &plain) || memchr(buf_str(&plain), '\0', plain.len) ||
		!strchr(buf_str(&plain), ':'))
		return err_set(err, -EINVAL, "Invalid registry auth");
	d->registry_auth = arena_strdup(a, buf_str(&plain));
	return 0;
}

static int check(const struct deploy *d, struct err *err)
{
	if (!d->name || !name_is_function(d->name))
		return err_set(err, -EINVAL, "service: '%.80s' is not a valid name",
			d->name ? d->name : "");
	if (!d->image || strlen(d->image) > 512)
		return err_set(err, -EINVAL, "image: missing or too long");
	for (const unsigned char *p = (const unsigned char *)d->image; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return err_set(err, -EINVAL, "image: not a valid reference");
	for (size_t i = 0; i < d->secrets.n; i++)
		if (strchr(d->secrets.v[i], '/') || d->secrets.v[i][0] == '.' ||
			!name_is_header(d->secrets.v[i]))
			return err_set(err, -EINVAL, "secrets: '%.80s' is not a valid name",
				d->secrets.v[i]);
	/* svarm's own are Redis' and the management's passwords: not for functions. */
	for (size_t i = 0; i < d->secrets.n; i++)
		if (!strncmp(d->secrets.v[i], "svarm-", strlen("svarm-")))
			return err_set(err, -EINVAL, "secrets: '%.80s' is not for functions",
				d->secrets.v[i]);
	return 0;
}

static int read_members(const json_t *o, struct arena *a, struct deploy *d, struct err *err)
{
	const json_t *ro = json_object_get(o, "readOnlyRootFilesystem");
	int r;

	r = get_text(o, "service", a, &d->name, err);
	if (r == 0)
		r = get_text(o, "image", a, &d->image, err);
	if (r == 0)
		r = get_text(o, "envProcess", a, &d->process, err);
	if (r == 0)
		r = get_pairs(o, "envVars", a, &d->env, err);
	if (r == 0)
		r = get_pairs(o, "labels", a, &d->labels, err);
	if (r == 0)
		r = get_pairs(o, "annotations", a, &d->annotations, err);
	if (r == 0)
		r = get_words(o, "constraints", a, &d->constraints, err);
	if (r == 0)
		r = get_words(o, "secrets", a, &d->secrets, err);
	if (r == 0)
		r = get_amounts(o, "limits", a, &d->memory_limit, &d->cpu_limit, err);
	if (r == 0)
		r = get_amounts(o, "requests", a, &d->memory_request, &d->cpu_request, err);
	if (r == 0)
		r = get_auth(o, a, d, err);
	if (r == 0 && ro && !json_is_boolean(ro) && !json_is_null(ro))
		r = err_set(err, -EBADMSG, "'readOnlyRootFilesystem' is not a boolean");
	d->read_only = json_is_true(ro);
	return r;
}

int deploy_parse(const char *text, size_t len, struct arena *a, struct deploy *ret, struct err *err)
{
	_cleanup_json_ json_t *o = NULL;
	struct deploy d = {0};
	const char *ns = NULL;
	int r;

	r = json_parse(text, len, DEPLOY_MAX_BYTES, &o, err);
	if (r < 0)
		return r;
	if (!json_is_object(o))
		return err_set(err, -EBADMSG, "not a JSON object");
	r = get_text(o, "namespace", a, &ns, err);
	if (r == 0)
		r = read_members(o, a, &d, err);
	if (r < 0)
		return r;
	if (ns && strcmp(ns, FUNCTION_NAMESPACE))
		return err_set(err, -EINVAL, "namespace: there is only '" FUNCTION_NAMESPACE "'");
	r = check(&d, err);
	if (r == 0)
		*ret = d;
	return r;
}

/* ---- the Docker service ---- */

static void set_str(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static void set_amount(json_t *labels, const char *key, const struct deploy_amount *a)
{
	if (a->text)
		set_str(labels, key, a->text);
}

/* Of the client's labels those that are not ours, then ours. */
static json_t *labels_of(const struct deploy *d)
{
	json_t *o = json_object();

	for (size_t i = 0; i < d->labels.n; i++)
		if (strncmp(d->labels.v[i].name, LABEL_OWN, strlen(LABEL_OWN)) &&
			strncmp(d->labels.v[i].name, "com.docker.", 11))
			set_str(o, d->labels.v[i].name, d->labels.v[i].value);
	for (size_t i = 0; i < d->annotations.n; i++) {
		_cleanup_buf_ struct buf key = BUF_INIT;

		buf_addf(&key, "%s%s", LABEL_ANNOTATION, d->annotations.v[i].name);
		set_str(o, buf_str(&key), d->annotations.v[i].value);
	}
	set_amount(o, OWN_MEMORY_LIMIT, &d->memory_limit);
	set_amount(o, OWN_CPU_LIMIT, &d->cpu_limit);
	set_amount(o, OWN_MEMORY_REQUEST, &d->memory_request);
	set_amount(o, OWN_CPU_REQUEST, &d->cpu_request);
	set_str(o, LABEL_FUNCTION, d->name);
	set_str(o, LABEL_MARK, "true");
	return o;
}

static json_t *env_of(const struct deploy *d)
{
	json_t *list = json_array();
	struct buf line = BUF_INIT;

	if (d->process) {
		buf_addf(&line, "fprocess=%s", d->process);
		json_array_append_new(list, json_string(line.data));
	}
	for (size_t i = 0; i < d->env.n; i++) {
		buf_clear(&line);
		buf_addf(&line, "%s=%s", d->env.v[i].name, d->env.v[i].value);
		json_array_append_new(list, json_string(line.data));
	}
	buf_done(&line);
	return list;
}

static json_t *secrets_of(const struct deploy *d, const json_t *ids)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->secrets.n; i++) {
		const char *name = d->secrets.v[i];
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_addf(&path, "/var/openfaas/secrets/%s", name);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:i}}", "SecretName", name,
				      "SecretID", json_str(ids, name), "File", "Name",
				      buf_str(&path), "UID", "0", "GID", "0", "Mode", 0444));
	}
	return list;
}

static json_t *container_of(const struct deploy *d, const json_t *secret_ids)
{
	json_t *c = json_object();

	set_str(c, "Image", d->image);
	json_object_set_new(c, "Labels", labels_of(d));
	json_object_set_new(c, "Env", env_of(d));
	if (d->secrets.n)
		json_object_set_new(c, "Secrets", secrets_of(d, secret_ids));
	if (d->read_only) {
		json_object_set_new(c, "ReadOnly", json_true());
		json_object_set_new(
			c, "Mounts", json_pack("[{s:s, s:s}]", "Type", "tmpfs", "Target", "/tmp"));
	}
	return c;
}

static json_t *amounts_of(const struct deploy_amount *memory, const struct deploy_amount *cpu)
{
	json_t *o = json_object();

	if (memory->text)
		json_object_set_new(o, "MemoryBytes", json_integer(memory->value));
	if (cpu->text)
		json_object_set_new(o, "NanoCPUs", json_integer(cpu->value));
	return o;
}

static json_t *constraints_of(const struct deploy *d)
{
	json_t *list = json_array();

	json_array_append_new(list, json_string("node.platform.os == linux"));
	for (size_t i = 0; i < d->constraints.n; i++)
		if (strcmp(d->constraints.v[i], "node.platform.os == linux"))
			json_array_append_new(list, json_string(d->constraints.v[i]));
	return list;
}

static json_t *template_of(const struct deploy *d, const char *network, const json_t *secret_ids,
	const json_t *old_spec)
{
	json_t *old = json_obj(old_spec, "TaskTemplate"), *networks = json_arr(old, "Networks");
	json_t *t = json_object();

	if (json_array_size(networks))
		json_object_set(t, "Networks", networks);
	else
		json_object_set_new(t, "Networks", json_pack("[{s:s}]", "Target", network));
	json_object_set_new(t, "ContainerSpec", container_of(d, secret_ids));
	json_object_set_new(t, "Resources",
		json_pack("{s:o, s:o}", "Limits", amounts_of(&d->memory_limit, &d->cpu_limit),
			"Reservations", amounts_of(&d->memory_request, &d->cpu_request)));
	/* Any end of the process brings a new one, for ever: no MaxAttempts. */
	json_object_set_new(t, "RestartPolicy",
		json_pack("{s:s, s:I}", "Condition", "any", "Delay", (json_int_t)2000000000));
	json_object_set_new(t, "Placement", json_pack("{s:o}", "Constraints", constraints_of(d)));
	if (old_spec)
		json_object_set_new(
			t, "ForceUpdate", json_integer(json_int(old, "ForceUpdate", 0) + 1));
	return t;
}

static json_int_t scale_min(const struct deploy *d)
{
	for (size_t i = 0; i < d->labels.n; i++) {
		char *end;
		long n;

		if (strcmp(d->labels.v[i].name, LABEL_SCALE_MIN))
			continue;
		n = strtol(d->labels.v[i].value, &end, 10);
		if (end != d->labels.v[i].value && !*end && n >= 1 && n <= 1000)
			return n;
	}
	return 1;
}

static json_t *mode_of(const struct deploy *d, const json_t *old_spec)
{
	json_t *old = json_obj(old_spec, "Mode"), *replicated = json_obj(old, "Replicated");
	json_int_t n = scale_min(d), now = json_int(replicated, "Replicas", n);

	if (old && !replicated)
		return json_incref(old);
	if (now == 0 || now > n)
		n = now; /* asleep stays asleep; more than the minimum stays */
	return json_pack("{s:{s:I}}", "Replicated", "Replicas", n);
}

/* Labels by which `docker stack` knows the services it made. */
static void keep_stack_labels(json_t *labels, const json_t *old_spec)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_obj(old_spec, "Labels"), key,
		value) if (!strncmp(key, "com.docker.", 11)) json_object_set(labels, key, value);
}

static json_t *update_config(void)
{
	return json_pack("{s:i, s:s, s:s, s:I}", "Parallelism", 1, "Order", "start-first",
		"FailureAction", "rollback", "Monitor", (json_int_t)5000000000);
}

json_t *deploy_spec(
	const struct deploy *d, const char *network, const json_t *secret_ids, const json_t *old)
{
	const json_t *old_spec = json_obj(old, "Spec");
	const char *name = json_str(old_spec, "Name");
	json_t *s = json_object(), *labels = labels_of(d), *rollback = update_config();

	set_str(s, "Name", name ? name : d->name);
	keep_stack_labels(labels, old_spec);
	json_object_set_new(s, "Labels", labels);
	json_object_set_new(s, "TaskTemplate", template_of(d, network, secret_ids, old_spec));
	json_object_set_new(s, "Mode", mode_of(d, old_spec));
	json_object_set_new(s, "UpdateConfig", update_config());
	set_str(rollback, "FailureAction", "pause"); /* there is nothing behind a rollback */
	json_object_set_new(s, "RollbackConfig", rollback);
	json_object_set_new(s, "EndpointSpec", json_pack("{s:s}", "Mode", "dnsrr"));
	return s;
}

void deploy_registry_auth(const struct deploy *d, struct buf *out)
{
	_cleanup_(buf_wipe) struct buf text = BUF_INIT;
	const char *colon = strchr(d->registry_auth, ':');
	size_t host = strcspn(d->image, "/");
	json_t *o = json_object();

	json_object_set_new(
		o, "username", json_stringn(d->registry_auth, (size_t)(colon - d->registry_auth)));
	set_str(o, "password", colon + 1);
	if (d->image[host] == '/' && memchr(d->image, '.', host))
		json_object_set_new(o, "serveraddress", json_stringn(d->image, host));
	json_print(o, &text);
	json_decref(o);
	base64url_encode(text.data, text.len, out);
}

/* ---- the status ---- */

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
	const char *process = "";
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
	set_str(status, "envProcess", process);
	if (json_object_size(vars))
		json_object_set(status, "envVars", vars);
	json_decref(vars);
}

static void add_lists(json_t *status, const json_t *template)
{
	json_t *constraints = json_array(), *secrets = json_array(), *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(template, "Placement"), "Constraints"), i,
		item) if (json_is_string(item) &&
			  strcmp(json_string_value(item), "node.platform.os == linux"))
		json_array_append(constraints, item);
	json_array_foreach(json_arr(json_obj(template, "ContainerSpec"), "Secrets"), i,
		item) if (json_str(item, "SecretName"))
		json_array_append(secrets, json_object_get(item, "SecretName"));
	if (json_array_size(constraints))
		json_object_set(status, "constraints", constraints);
	if (json_array_size(secrets))
		json_object_set(status, "secrets", secrets);
	json_decref(constraints);
	json_decref(secrets);
}

json_t *deploy_status(const json_t *service, unsigned running)
{
	const json_t *spec = json_obj(service, "Spec"), *labels = json_obj(spec, "Labels");
	const json_t *template = json_obj(spec, "TaskTemplate");
	const json_t *container = json_obj(template, "ContainerSpec");
	const json_t *resources = json_obj(template, "Resources");
	const json_t *replicated = json_obj(json_obj(spec, "Mode"), "Replicated");
	const char *image = json_str(container, "Image"), *created = json_str(service, "CreatedAt");
	json_t *s = json_object(), *shown = json_object(), *annotations = json_object();

	split_labels(labels, shown, annotations);
	set_str(s, "name", json_str(labels, LABEL_FUNCTION));
	set_str(s, "image", image ? image : "");
	set_str(s, "namespace", FUNCTION_NAMESPACE);
	json_object_set_new(s, "invocationCount", json_integer(0));
	json_object_set_new(s, "replicas",
		json_integer(replicated ? json_int(replicated, "Replicas", 0) : running));
	json_object_set_new(s, "availableReplicas", json_integer(running));
	json_object_set_new(s, "labels", shown);
	json_object_set_new(s, "annotations", annotations);
	add_env(s, json_arr(container, "Env"));
	add_lists(s, template);
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
