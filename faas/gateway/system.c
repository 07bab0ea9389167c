/*
 * The /system/ routes: functions as Docker services.  Services are always found by their label,
 * never by their name: `docker stack deploy` names the function echo of the stack fn "fn_echo".
 * Every change waits for the watcher, so that the next call already sees it.
 */
#include <sys/utsname.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/common/name.h"
#include "faas/gateway/api.h"
#include "faas/gateway/deploy.h"
#include "lib/base/xalloc.h"

enum { SETTLE_MS = 2000, UPDATE_TRIES = 5 };

static void reply_json(struct call *c, unsigned status, const json_t *j)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	json_print(j, &out);
	buf_addc(&out, '\n');
	httpd_reply(c->rq, status, "application/json", out.data, out.len);
}

static void reply_error(struct call *c, const struct err *err)
{
	log_warn("%s %s: %s", httpd_method(c->rq), httpd_path(c->rq), err_msg(err));
	httpd_reply_text(c->rq, 500, "%s\n", err_msg(err));
}

/* 202 once the change can be seen (or soon will). */
static void reply_accepted(struct call *c)
{
	watch_settle(c->watch, SETTLE_MS);
	httpd_reply(c->rq, 202, NULL, NULL, 0);
}

void system_info(struct call *c)
{
	_cleanup_json_ json_t *j = NULL;
	struct utsname u;

	uname(&u);
	j = json_pack("{s:{s:s, s:{s:s, s:s}, s:s}, s:{s:s, s:s, s:s}, s:s}", "provider",
		"provider", "svarm", "version", "sha", "", "release", SVARM_VERSION,
		"orchestration", "swarm", "version", "commit_message", "", "sha", "", "release",
		SVARM_VERSION, "arch", u.machine);
	reply_json(c, 200, j);
}

void system_namespaces(struct call *c)
{
	_cleanup_json_ json_t *j = json_pack("[s]", FUNCTION_NAMESPACE);

	reply_json(c, 200, j);
}

/* Member `namespace` of the query names another one than ours. */
static bool foreign_namespace(const char *query)
{
	const char *p = strstr(query, "namespace=");
	size_t n;

	if (!p || (p != query && p[-1] != '&'))
		return false;
	p += strlen("namespace=");
	n = strcspn(p, "&");
	return n && (n != strlen(FUNCTION_NAMESPACE) || strncmp(p, FUNCTION_NAMESPACE, n));
}

/* ---- looking ---- */

static int fetch_services(struct call *c, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_adds(&path, "/services?filters=");
	docker_escape(&path, "{\"label\":[\"" LABEL_FUNCTION "\"]}");
	return docker_get(c->docker, buf_str(&path), ret, err);
}

/* Services, and the picture made from them and the tasks now. */
static int fetch_all(struct call *c, json_t **ret, struct model **ret_model, struct err *err)
{
	_cleanup_json_ json_t *services = NULL, *tasks = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	r = fetch_services(c, &services, err);
	if (r < 0)
		return r;
	buf_adds(&path, "/tasks?filters=");
	docker_escape(&path, "{\"desired-state\":[\"running\"]}");
	r = docker_get(c->docker, buf_str(&path), &tasks, err);
	if (r == 0)
		r = model_build(services, tasks, c->c->network, ret_model, err);
	if (r == 0)
		*ret = TAKE_PTR(services);
	return r;
}

/* The service in @services that function @f was read from. */
static json_t *service_of(json_t *services, const struct function *f)
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

/* The service of function @name now: 0 with *ret NULL when there is none. */
static int find_service(struct call *c, const char *name, json_t **ret, struct err *err)
{
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *services = NULL, *none = json_array();
	const struct function *f;
	int r;

	*ret = NULL;
	r = fetch_services(c, &services, err);
	if (r == 0)
		r = model_build(services, none, c->c->network, &m, err);
	if (r < 0)
		return r;
	f = model_find(m, name);
	if (f)
		*ret = json_incref(service_of(services, f));
	return 0;
}

void system_list(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *services = NULL, *list = json_array();
	_cleanup_err_ struct err err = ERR_INIT;

	if (foreign_namespace(httpd_query(c->rq))) {
		reply_json(c, 200, list);
		return;
	}
	if (fetch_all(c, &services, &m, &err) < 0) {
		reply_error(c, &err);
		return;
	}
	for (size_t i = 0; i < m->functions_n; i++) {
		const struct function *f = &m->functions[i];

		json_array_append_new(
			list, deploy_status(service_of(services, f), (unsigned)f->addresses_n));
	}
	reply_json(c, 200, list);
}

void system_status(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *services = NULL, *status = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const struct function *f = NULL;
	char name[NAME_MAX_LEN + 1];

	if (fetch_all(c, &services, &m, &err) < 0) {
		reply_error(c, &err);
		return;
	}
	if (!foreign_namespace(httpd_query(c->rq)) && name_split(c->rest, strlen(c->rest), name))
		f = model_find(m, name);
	if (!f) {
		httpd_reply(c->rq, 404, NULL, NULL, 0);
		return;
	}
	status = deploy_status(service_of(services, f), (unsigned)f->addresses_n);
	reply_json(c, 200, status);
}

/* ---- changing ---- */

/* Ids of the secrets that @d names, as an object.  -ENOENT when one does not exist. */
static int secret_ids(struct call *c, const struct deploy *d, json_t **ret, struct err *err)
{
	_cleanup_json_ json_t *ids = json_object(), *all = NULL;
	json_t *s;
	size_t i;
	int r;

	if (d->secrets.n) {
		r = docker_get(c->docker, "/secrets", &all, err);
		if (r < 0)
			return r;
	}
	json_array_foreach(all, i, s)
	{
		const char *name = json_str(json_obj(s, "Spec"), "Name"), *id = json_str(s, "ID");

		if (name && id)
			json_object_set_new(ids, name, json_string(id));
	}
	for (i = 0; i < d->secrets.n; i++)
		if (!json_str(ids, d->secrets.v[i]))
			return err_set(err, -ENOENT, "unable to find secret: %s", d->secrets.v[i]);
	*ret = TAKE_PTR(ids);
	return 0;
}

/* Read the request's deployment; answers 400 itself when it is none. */
static bool read_deploy(struct call *c, struct arena *a, struct deploy *ret)
{
	_cleanup_err_ struct err err = ERR_INIT;
	size_t len;
	const char *text = httpd_body(c->rq, &len);

	if (deploy_parse(text, len, a, ret, &err) == 0)
		return true;
	httpd_reply_text(c->rq, 400, "Deployment error: %s\n", err_msg(&err));
	return false;
}

/* Send @spec to @path.  0 when Docker took it, -EAGAIN when the service had changed meanwhile,
 * -EINVAL when Docker refused it, else what docker_call() says. */
static int send_spec(struct call *c, const char *path, const json_t *spec, const struct deploy *d,
	struct err *err)
{
	_cleanup_(buf_wipe) struct buf auth = BUF_INIT;
	_cleanup_json_ json_t *answer = NULL;
	const char *message;
	char scratch[64];
	int r, status;

	if (d && d->registry_auth)
		deploy_registry_auth(d, &auth);
	r = docker_call(
		c->docker, "POST", path, spec, auth.len ? auth.data : NULL, &status, &answer, err);
	if (r < 0)
		return r;
	if (status / 100 == 2)
		return 0;
	message = docker_message(answer, status, scratch, sizeof(scratch));
	if (strstr(message, "out of sequence"))
		return err_set(err, -EAGAIN, "%s", message);
	return err_set(err, status / 100 == 4 ? -EINVAL : -EIO, "%s", message);
}

static void reply_deploy_error(struct call *c, int r, const struct err *err)
{
	if (r == -EINVAL || r == -ENOENT)
		httpd_reply_text(c->rq, 400, "Deployment error: %s\n", err_msg(err));
	else
		reply_error(c, err);
}

void system_deploy(struct call *c)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *old = NULL, *ids = NULL, *spec = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	struct deploy d;
	int r;

	if (!read_deploy(c, &a, &d))
		return;
	r = find_service(c, d.name, &old, &err);
	if (r == 0 && old)
		r = err_set(&err, -EINVAL, "service '%s' already exists", d.name);
	if (r == 0)
		r = secret_ids(c, &d, &ids, &err);
	if (r == 0) {
		spec = deploy_spec(&d, c->c->network, ids, NULL);
		r = send_spec(c, "/services/create", spec, &d, &err);
	}
	if (r < 0) {
		reply_deploy_error(c, r, &err);
		return;
	}
	log_info("deployed '%s'", d.name);
	reply_accepted(c);
}

/* POST /services/ID/update against the version that @old was read at. */
static int update_service(struct call *c, const json_t *old, const json_t *spec,
	const struct deploy *d, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	const char *id = json_str(old, "ID");

	path = xasprintf("/services/%s/update?version=%lld", id ? id : "",
		(long long)json_int(json_obj(old, "Version"), "Index", 0));
	return send_spec(c, path, spec, d, err);
}

static int update_once(struct call *c, const struct deploy *d, bool *ret_found, struct err *err)
{
	_cleanup_json_ json_t *old = NULL, *ids = NULL, *spec = NULL;
	int r;

	r = find_service(c, d->name, &old, err);
	*ret_found = old != NULL;
	if (r < 0 || !old)
		return r;
	r = secret_ids(c, d, &ids, err);
	if (r < 0)
		return r;
	spec = deploy_spec(d, c->c->network, ids, old);
	return update_service(c, old, spec, d, err);
}

void system_update(struct call *c)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct deploy d;
	bool found = true;
	int r = -EAGAIN;

	if (!read_deploy(c, &a, &d))
		return;
	for (int i = 0; i < UPDATE_TRIES && r == -EAGAIN && found; i++)
		r = update_once(c, &d, &found, &err);
	if (!found) {
		httpd_reply_text(c->rq, 404, "No such service found: %s.\n", d.name);
		return;
	}
	if (r < 0) {
		reply_deploy_error(c, r, &err);
		return;
	}
	log_info("updated '%s'", d.name);
	reply_accepted(c);
}

void system_delete(struct call *c)
{
	_cleanup_json_ json_t *rq = NULL, *service = NULL, *answer = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_free_ char *path = NULL;
	const char *text, *name, *ns;
	size_t len;
	int r, status = 0;

	text = httpd_body(c->rq, &len);
	if (json_parse(text, len, DEPLOY_MAX_BYTES, &rq, &err) < 0 ||
		!(name = json_str(rq, "functionName")) || !*name) {
		httpd_reply_text(c->rq, 400, "functionName is missing\n");
		return;
	}
	ns = json_str(rq, "namespace");
	r = find_service(c, name, &service, &err);
	if (r == 0 && (!service || foreign_namespace(httpd_query(c->rq)) ||
			      (ns && *ns && strcmp(ns, FUNCTION_NAMESPACE)))) {
		httpd_reply_text(c->rq, 404, "No such service found: %s.\n",
			name_is_function(name) ? name : "");
		return;
	}
	if (r == 0) {
		path = xasprintf("/services/%s", json_str(service, "ID"));
		r = docker_call(c->docker, "DELETE", path, NULL, NULL, &status, &answer, &err);
	}
	if (r == 0 && status / 100 != 2 && status != 404)
		r = err_set(&err, -EIO, "docker: HTTP status %d", status);
	if (r < 0) {
		reply_error(c, &err);
		return;
	}
	log_info("removed '%s'", name);
	reply_accepted(c);
}

static int scale_once(struct call *c, const char *name, json_int_t n, struct err *err)
{
	_cleanup_json_ json_t *service = NULL, *spec = NULL;
	json_t *replicated;
	int r;

	r = find_service(c, name, &service, err);
	if (r < 0)
		return r;
	if (!service)
		return err_set(err, -ENOENT, "No such service found: %s.", name);
	spec = json_deep_copy(json_obj(service, "Spec"));
	replicated = json_obj(json_obj(spec, "Mode"), "Replicated");
	if (!replicated)
		return err_set(err, -EINVAL, "'%s' runs once on every node", name);
	json_object_set_new(replicated, "Replicas", json_integer(n));
	return update_service(c, service, spec, NULL, err);
}

void system_scale(struct call *c)
{
	_cleanup_json_ json_t *rq = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	char name[NAME_MAX_LEN + 1];
	const char *text;
	json_int_t n;
	size_t len;
	int r = -EAGAIN;

	text = httpd_body(c->rq, &len);
	if (json_parse(text, len, DEPLOY_MAX_BYTES, &rq, NULL) < 0 ||
		(n = json_int(rq, "replicas", -1)) < 0 || n > 10000) {
		httpd_reply_text(c->rq, 400, "Cannot parse request. Please pass valid JSON.\n");
		return;
	}
	if (!name_split(c->rest, strlen(c->rest), name) || foreign_namespace(httpd_query(c->rq))) {
		httpd_reply_text(c->rq, 404, "No such service found.\n");
		return;
	}
	for (int i = 0; i < UPDATE_TRIES && r == -EAGAIN; i++)
		r = scale_once(c, name, n, &err);
	if (r == -ENOENT || r == -EINVAL) {
		httpd_reply_text(c->rq, r == -ENOENT ? 404 : 400, "%s\n", err_msg(&err));
		return;
	}
	if (r < 0) {
		reply_error(c, &err);
		return;
	}
	log_info("scaled '%s' to %lld", name, (long long)n);
	reply_accepted(c);
}
