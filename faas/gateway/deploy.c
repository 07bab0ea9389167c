/* Reading a deployment: see deploy.h. */
#include "faas/gateway/deploy.h"

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/gateway/quantity.h"
#include "faas/gateway/secrets.h"
#include "lib/base/base64.h"

enum { MAX_MEMBERS = 1000, MAX_TEXT = 64 << 10 };

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

static int check_secrets(const struct deploy *d, struct err *err)
{
	for (size_t i = 0; i < d->secrets.n; i++) {
		const char *name = d->secrets.v[i];

		/* svarm's own are Redis' and the management's passwords: not for functions. */
		if (!strncmp(name, SECRET_OWN, strlen(SECRET_OWN)))
			return err_set(err, -EINVAL, "secrets: '%.80s' is not for functions", name);
		if (!name_is_secret(name))
			return err_set(err, -EINVAL, "secrets: '%.80s' is not a valid name", name);
	}
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
	return check_secrets(d, err);
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

const char *deploy_find(const struct deploy_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (!strcmp(pairs->v[i].name, name))
			return pairs->v[i].value;
	return NULL;
}
