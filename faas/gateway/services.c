/* Functions as Docker services: see services.h. */
#include "faas/gateway/services.h"

#include "faas/common/keys.h"
#include "faas/gateway/replicas.h"
#include "lib/base/xalloc.h"

int services_fetch(struct docker *d, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_adds(&path, "/services?filters=");
	docker_escape(&path, "{\"label\":[\"" LABEL_FUNCTION "\"]}");
	return docker_get(d, buf_str(&path), ret, err);
}

int services_look(struct docker *d, const char *network, json_t **ret, struct model **ret_model,
	struct err *err)
{
	_cleanup_json_ json_t *services = NULL, *tasks = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	r = services_fetch(d, &services, err);
	if (r < 0)
		return r;
	buf_adds(&path, "/tasks?filters=");
	docker_escape(&path, "{\"desired-state\":[\"running\"]}");
	r = docker_get(d, buf_str(&path), &tasks, err);
	if (r == 0)
		r = model_build(services, tasks, network, ret_model, err);
	if (r == 0)
		*ret = TAKE_PTR(services);
	return r;
}

json_t *services_of(json_t *services, const struct function *f)
{
	json_t *s;
	size_t i;

	json_array_foreach(services, i, s)
	{
		const char *id = json_str(s, "ID");

		if (id && !strcmp(id, f->service_id))
			return s;
	}
	return NULL;
}

int service_find(
	struct docker *d, const char *network, const char *name, json_t **ret, struct err *err)
{
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *services = NULL, *none = json_array();
	const struct function *f;
	int r;

	r = services_fetch(d, &services, err);
	if (r == 0)
		r = model_build(services, none, network, &m, err);
	if (r < 0)
		return r;
	f = model_find(m, name);
	*ret = f ? json_incref(services_of(services, f)) : NULL;
	return 0;
}

static int send_spec(struct docker *d, const char *path, const json_t *spec,
	const char *registry_auth, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	const char *message;
	char scratch[64];
	int r, status;

	r = docker_call(d, "POST", path, spec, registry_auth, &status, &answer, err);
	if (r < 0)
		return r;
	if (status / 100 == 2)
		return 0;
	message = docker_message(answer, status, scratch, sizeof(scratch));
	if (strstr(message, "out of sequence"))
		return err_set(err, -EAGAIN, "%s", message);
	return err_set(err, status / 100 == 4 ? -EINVAL : -EIO, "%s", message);
}

int service_create(struct docker *d, const json_t *spec, const char *registry_auth, struct err *err)
{
	return send_spec(d, "/services/create", spec, registry_auth, err);
}

int service_update(struct docker *d, const json_t *old, const json_t *spec,
	const char *registry_auth, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	const char *id = json_str(old, "ID");

	path = xasprintf("/services/%s/update?version=%lld", id ? id : "",
		(long long)json_int(json_obj(old, "Version"), "Index", 0));
	return send_spec(d, path, spec, registry_auth, err);
}

int service_remove(struct docker *d, const json_t *service, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_free_ char *path = NULL;
	const char *id = json_str(service, "ID");
	char scratch[64];
	int r, status;

	path = xasprintf("/services/%s", id ? id : "");
	r = docker_call(d, "DELETE", path, NULL, NULL, &status, &answer, err);
	if (r < 0 || status / 100 == 2 || status == 404)
		return r;
	return err_set(
		err, -EIO, "docker: %s", docker_message(answer, status, scratch, sizeof(scratch)));
}

int service_scale(
	struct docker *d, const char *network, const char *name, unsigned n, struct err *err)
{
	_cleanup_json_ json_t *service = NULL;
	struct replicas_change change = {.expect = REPLICAS_ANY, .want = n};
	bool changed;
	int r;

	r = service_find(d, network, name, &service, err);
	if (r < 0)
		return r;
	if (!service)
		return err_set(err, -ENOENT, "No such service found: %s.", name);
	change.service_id = json_str(service, "ID");
	return replicas_set(d, &change, &changed, err);
}
