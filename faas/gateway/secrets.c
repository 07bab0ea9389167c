/* Secrets of functions: see secrets.h. */
#include "faas/gateway/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/gateway/deploy.h"
#include "lib/base/base64.h"

/* The number behind "NAME."; false when it is none. */
static bool number_of(const char *swarm_name, const char *name, unsigned *ret)
{
	size_t n = strlen(name);
	unsigned long number;
	char *end;

	if (strncmp(swarm_name, name, n) || swarm_name[n] != '.' || swarm_name[n + 1] < '1' ||
		swarm_name[n + 1] > '9')
		return false;
	number = strtoul(swarm_name + n + 1, &end, 10);
	*ret = (unsigned)number;
	return !*end && number <= SECRET_MAX_NUMBER;
}

/* False when it is none of ours nor an operator's. */
static bool read_one(const json_t *item, struct secret *ret)
{
	const json_t *spec = json_obj(item, "Spec"), *labels = json_obj(spec, "Labels");
	const char *label = json_str(labels, LABEL_SECRET);
	const char *owner = json_str(labels, LABEL_SECRET_OWNER);

	*ret = (struct secret){.swarm_name = json_str(spec, "Name"), .id = json_str(item, "ID")};
	if (!ret->swarm_name || !ret->id || !name_is_secret(ret->swarm_name))
		return false;
	ret->name = label ? label : ret->swarm_name;
	ret->ours = label || (owner && !strcmp(owner, "openfaas"));
	if (!name_is_secret(ret->name) || !strncmp(ret->swarm_name, SECRET_OWN, strlen(SECRET_OWN)))
		return false;
	return !label || number_of(ret->swarm_name, ret->name, &ret->number);
}

static int compare(const void *a, const void *b)
{
	const struct secret *x = a, *y = b;
	int by_name = strcmp(x->name, y->name);

	if (by_name)
		return by_name;
	if (x->ours != y->ours)
		return x->ours ? -1 : 1;
	return x->number < y->number ? 1 : x->number > y->number ? -1 : 0;
}

void secrets_read(const json_t *answer, struct arena *a, struct secret_list *ret)
{
	struct secret_list l = {0};
	size_t cap = 0, i;
	json_t *item;

	json_array_foreach((json_t *)answer, i, item)
	{
		struct secret s;

		if (!read_one(item, &s))
			continue;
		s.name = arena_strdup(a, s.name);
		s.swarm_name = arena_strdup(a, s.swarm_name);
		s.id = arena_strdup(a, s.id);
		*arena_push(a, l.v, l.n, cap) = s;
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	*ret = l;
}

const struct secret *secrets_newest(const struct secret_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].name, name))
			return &l->v[i];
	return NULL;
}

/* ---- what clients send ---- */

static int check_name(const char *name, struct err *err)
{
	if (!name || !*name)
		return err_set(err, -EINVAL, "name is missing");
	if (strlen(name) > SECRET_MAX_NAME)
		return err_set(err, -EINVAL, "name: longer than %d characters", SECRET_MAX_NAME);
	if (!name_is_secret(name))
		return err_set(err, -EINVAL,
			"name: letters, digits and -_. in the middle are allowed, no others");
	if (!strncmp(name, SECRET_OWN, strlen(SECRET_OWN)))
		return err_set(err, -EINVAL, "name: '" SECRET_OWN "' is not for functions");
	return 0;
}

/* As upstream has it: rawValue counts when there is no value. */
static int read_value(const json_t *o, struct buf *ret, struct err *err)
{
	const json_t *value = json_object_get(o, "value");
	const char *raw = json_str(o, "rawValue");

	if (json_string_length(value)) {
		buf_reserve(ret, json_string_length(value));
		buf_add(ret, json_string_value(value), json_string_length(value));
	} else if (raw) {
		buf_reserve(ret, strlen(raw));
		if (!base64_decode(raw, ret))
			return err_set(err, -EINVAL, "rawValue: not base64");
	}
	if (!ret->len)
		return err_set(err, -EINVAL, "value: missing or empty");
	if (ret->len > SECRET_MAX_BYTES)
		return err_set(err, -EINVAL, "value: longer than %d bytes", SECRET_MAX_BYTES);
	return 0;
}

int secret_request_parse(
	const char *text, size_t len, bool want_value, struct secret_request *ret, struct err *err)
{
	_cleanup_(secret_request_done) struct secret_request rq = {0};
	_cleanup_json_ json_t *o = NULL;
	const char *ns;
	int r;

	/* jansson's message would quote the text around the fault. */
	if (json_parse(text, len, DEPLOY_MAX_BYTES, &o, NULL) < 0 || !json_is_object(o))
		return err_set(err, -EBADMSG, "not a JSON object");
	ns = json_str(o, "namespace");
	if (ns && *ns && strcmp(ns, FUNCTION_NAMESPACE))
		return err_set(err, -EINVAL, "namespace: there is only '" FUNCTION_NAMESPACE "'");
	r = check_name(json_str(o, "name"), err);
	if (r == 0 && want_value)
		r = read_value(o, &rq.value, err);
	if (r < 0)
		return r;
	snprintf(rq.name, sizeof(rq.name), "%s", json_str(o, "name"));
	*ret = rq;
	rq.value = BUF_INIT;
	return 0;
}

void secret_request_done(struct secret_request *rq)
{
	buf_wipe(&rq->value);
}

/* ---- Docker's side ---- */

json_t *secret_spec(const struct secret_request *rq, unsigned number)
{
	_cleanup_(buf_wipe) struct buf data = BUF_INIT;
	char swarm_name[SECRET_MAX_NAME + 16];

	snprintf(swarm_name, sizeof(swarm_name), "%s.%u", rq->name, number);
	buf_reserve(&data, (rq->value.len + 2) / 3 * 4);
	base64_encode(rq->value.data, rq->value.len, &data);
	return json_pack("{s:s, s:{s:s, s:s}, s:s}", "Name", swarm_name, "Labels", LABEL_SECRET,
		rq->name, LABEL_SECRET_OWNER, "openfaas", "Data", buf_str(&data));
}

static bool spec_uses(const json_t *spec, const char *id)
{
	json_t *list = json_arr(
		json_obj(json_obj(spec, "TaskTemplate"), "ContainerSpec"), "Secrets");
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *used = json_str(item, "SecretID");

		if (used && !strcmp(used, id))
			return true;
	}
	return false;
}

bool secret_in_use(const json_t *services, const char *id, const char **ret_service)
{
	json_t *s;
	size_t i;

	json_array_foreach((json_t *)services, i, s)
	{
		const char *name = json_str(json_obj(s, "Spec"), "Name");

		if (!spec_uses(json_obj(s, "Spec"), id) &&
			!spec_uses(json_obj(s, "PreviousSpec"), id))
			continue;
		if (ret_service)
			*ret_service = name ? name : "";
		return true;
	}
	return false;
}
