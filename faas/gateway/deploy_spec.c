/*
 * From a deployment to the Docker service that runs it: see deploy.h.  What differs from Docker's
 * own defaults, and why, stands in faas/README.md.
 */
#include "faas/common/env.h"
#include "faas/common/keys.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/deploy_labels.h"
#include "faas/gateway/settings.h"
#include "lib/base/base64.h"

/* The image's own HEALTHCHECK is kept when this annotation is "image". */
#define ANNOTATION_HEALTHCHECK "com.openfaas.healthcheck"

static const json_int_t NANO_PER_MS = 1000000;

enum {
	GRACE_MS = 30000, /* between SIGTERM and SIGKILL, when the function names no time-out */
	GRACE_MIN_MS = 10000,
	GRACE_MAX_MS = 60000,
	RESTART_MS = 1000, /* between the end of a task and its successor */
	MONITOR_MS = 5000, /* a new task that ends within it makes an update fail */
};

static void set_str(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static void set_amount(json_t *labels, const char *key, const struct deploy_amount *a)
{
	if (a->text)
		set_str(labels, key, a->text);
}

/* The deployment says itself which nodes are fit for it. */
static bool chooses_nodes(const struct deploy *d)
{
	for (size_t i = 0; i < d->constraints.n; i++)
		if (!strncmp(d->constraints.v[i], "node.", strlen("node.")))
			return true;
	return false;
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
	set_str(o, OWN_IMAGE, d->image);
	if (!chooses_nodes(d))
		set_str(o, OWN_PLACEMENT, "workers");
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

static json_t *secrets_of(const struct deploy *d, const json_t *secrets)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->secrets.n; i++) {
		const json_t *s = json_obj(secrets, d->secrets.v[i]);
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_addf(&path, SECRET_FOLDER "%s", d->secrets.v[i]);
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:i}}", "SecretName",
				json_str(s, "name"), "SecretID", json_str(s, "id"), "File", "Name",
				buf_str(&path), "UID", "0", "GID", "0", "Mode", 0444));
	}
	return list;
}

/*
 * A watchdog serves for a while after SIGTERM, and a first process without a handler never notices
 * it: both go on answering what they have begun until this is over.  Long enough for one call.
 */
static json_int_t grace_of(const struct deploy *d)
{
	const char *text = deploy_find(&d->labels, LABEL_TIMEOUT);
	long ms;

	if (!text || !duration_parse(text, &ms))
		ms = GRACE_MS;
	return MAX_OF(GRACE_MIN_MS, MIN_OF(ms, GRACE_MAX_MS)) * NANO_PER_MS;
}

/* Swarm would keep a task `starting` until the image's check has passed once, which takes it a
 * whole interval; the gateway looks itself whether a task is ready. */
static void set_healthcheck(const struct deploy *d, json_t *container)
{
	const char *wanted = deploy_find(&d->annotations, ANNOTATION_HEALTHCHECK);

	if (wanted && !strcmp(wanted, "image"))
		return;
	json_object_set_new(container, "Healthcheck", json_pack("{s:[s]}", "Test", "NONE"));
}

static void set_sysctls(const struct deploy_place *p, json_t *container)
{
	char text[24];

	if (p->somaxconn <= 0)
		return;
	snprintf(text, sizeof(text), "%ld", p->somaxconn);
	json_object_set_new(container, "Sysctls", json_pack("{s:s}", "net.core.somaxconn", text));
}

static json_t *container_of(const struct deploy *d, const struct deploy_place *p)
{
	json_t *c = json_object();

	set_str(c, "Image", p->image_id ? p->image_id : d->image);
	json_object_set_new(c, "Labels", labels_of(d));
	json_object_set_new(c, "Env", env_of(d));
	json_object_set_new(c, "StopGracePeriod", json_integer(grace_of(d)));
	set_healthcheck(d, c);
	set_sysctls(p, c);
	if (d->secrets.n)
		json_object_set_new(c, "Secrets", secrets_of(d, p->secrets));
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

	if (!chooses_nodes(d))
		json_array_append_new(list, json_string(CONSTRAINT_WORKERS));
	for (size_t i = 0; i < d->constraints.n; i++)
		json_array_append_new(list, json_string(d->constraints.v[i]));
	return list;
}

static json_t *template_of(
	const struct deploy *d, const struct deploy_place *p, const json_t *old_spec)
{
	json_t *old = json_obj(old_spec, "TaskTemplate"), *networks = json_arr(old, "Networks");
	json_t *t = json_object();

	if (json_array_size(networks))
		json_object_set(t, "Networks", networks);
	else
		json_object_set_new(t, "Networks", json_pack("[{s:s}]", "Target", p->network));
	json_object_set_new(t, "ContainerSpec", container_of(d, p));
	json_object_set_new(t, "Resources",
		json_pack("{s:o, s:o}", "Limits", amounts_of(&d->memory_limit, &d->cpu_limit),
			"Reservations", amounts_of(&d->memory_request, &d->cpu_request)));
	/* Any end of the process brings a new one, for ever: no MaxAttempts. */
	json_object_set_new(t, "RestartPolicy",
		json_pack("{s:s, s:I}", "Condition", "any", "Delay", RESTART_MS * NANO_PER_MS));
	json_object_set_new(t, "Placement", json_pack("{s:o}", "Constraints", constraints_of(d)));
	if (old_spec)
		json_object_set_new(
			t, "ForceUpdate", json_integer(json_int(old, "ForceUpdate", 0) + 1));
	return t;
}

static json_int_t scale_min(const struct deploy *d)
{
	const char *text = deploy_find(&d->labels, LABEL_SCALE_MIN);
	char *end;
	long n = text ? strtol(text, &end, 10) : 1;

	return text && (end == text || *end || n < 1 || n > SCALE_MAX_TASKS) ? 1 : n;
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
		"FailureAction", "rollback", "Monitor", MONITOR_MS * NANO_PER_MS);
}

json_t *deploy_spec(const struct deploy *d, const struct deploy_place *p, const json_t *old)
{
	const json_t *old_spec = json_obj(old, "Spec");
	const char *name = json_str(old_spec, "Name");
	json_t *s = json_object(), *labels = labels_of(d), *rollback = update_config();

	set_str(s, "Name", name ? name : d->name);
	keep_stack_labels(labels, old_spec);
	json_object_set_new(s, "Labels", labels);
	json_object_set_new(s, "TaskTemplate", template_of(d, p, old_spec));
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
	const char *colon = d->registry_auth ? strchr(d->registry_auth, ':') : NULL;
	size_t host = strcspn(d->image, "/");
	json_t *o;

	if (!d->registry_auth)
		return;
	o = json_object();
	json_object_set_new(
		o, "username", json_stringn(d->registry_auth, (size_t)(colon - d->registry_auth)));
	set_str(o, "password", colon + 1);
	if (d->image[host] == '/' && memchr(d->image, '.', host))
		json_object_set_new(o, "serveraddress", json_stringn(d->image, host));
	json_print(o, &text);
	json_decref(o);
	base64url_encode(text.data, text.len, out);
}
