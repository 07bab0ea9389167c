/* How many tasks a service has: see replicas.h. */
#include "faas/gateway/replicas.h"

#include "faas/gateway/services.h"
#include "lib/base/xalloc.h"

enum { TRIES = 8 };

/* True while swarm replaces the service's tasks, forwards or back. */
static bool under_update(const json_t *service)
{
	const char *state = json_str(json_obj(service, "UpdateStatus"), "State");

	return state && (!strcmp(state, "updating") || !strcmp(state, "rollback_started"));
}

static int read_service(struct docker *d, const char *id, json_t **ret, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/services/%s", id);
	_cleanup_json_ json_t *answer = NULL;
	char scratch[64];
	int r, status;

	r = docker_call(d, "GET", path, NULL, NULL, &status, &answer, err);
	if (r < 0)
		return r;
	if (status == 404)
		return err_set(err, -ENOENT, "the service has gone");
	if (status != 200)
		return err_set(err, -EIO, "docker: %s",
			docker_message(answer, status, scratch, sizeof(scratch)));
	*ret = TAKE_PTR(answer);
	return 0;
}

static int set_once(
	struct docker *d, const struct replicas_change *c, bool *ret_changed, struct err *err)
{
	_cleanup_json_ json_t *service = NULL, *spec = NULL;
	json_t *mode;
	json_int_t now;
	int r;

	r = read_service(d, c->service_id, &service, err);
	if (r < 0)
		return r;
	spec = json_deep_copy(json_obj(service, "Spec"));
	mode = json_obj(json_obj(spec, "Mode"), "Replicated");
	if (!mode)
		return err_set(err, -EINVAL, "the service runs once on every node");
	if (c->calm && under_update(service))
		return err_set(err, -EBUSY, "an update of the service is under way");
	now = json_int(mode, "Replicas", 0);
	*ret_changed = (c->expect == REPLICAS_ANY || now == c->expect) &&
		       now != (json_int_t)c->want;
	if (!*ret_changed)
		return 0;
	json_object_set_new(mode, "Replicas", json_integer(c->want));
	return service_update(d, service, spec, NULL, err);
}

int replicas_set(
	struct docker *d, const struct replicas_change *c, bool *ret_changed, struct err *err)
{
	bool changed = false;
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = set_once(d, c, &changed, err);
	if (r == 0)
		*ret_changed = changed;
	return r;
}

void replicas_explain(struct docker *d, const char *service_id, char *ret, size_t size)
{
	_cleanup_free_ char *filters = xasprintf("{\"service\":[\"%s\"]}", service_id);
	_cleanup_json_ json_t *tasks = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *youngest = "";
	json_t *task;
	size_t i;

	*ret = '\0';
	buf_adds(&path, "/tasks?filters=");
	docker_escape(&path, filters);
	if (docker_get(d, buf_str(&path), &tasks, NULL) < 0)
		return;
	json_array_foreach(tasks, i, task)
	{
		const json_t *status = json_obj(task, "Status");
		const char *at = json_str(status, "Timestamp"), *error = json_str(status, "Err");

		if (!error || !*error || (at && strcmp(at, youngest) < 0))
			continue;
		youngest = at ? at : youngest;
		snprintf(ret, size, "%s", error);
	}
}
