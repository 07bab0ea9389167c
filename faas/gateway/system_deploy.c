/* POST, PUT and DELETE /system/functions: functions come, change and go. */
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/image.h"
#include "faas/gateway/secret_store.h"
#include "faas/gateway/system.h"

/* Read the request's deployment; answers 400 itself when it is none. */
static bool read_deploy(struct call *c, struct arena *a, struct deploy *ret)
{
	_cleanup_err_ struct err err = ERR_INIT;
	size_t len;
	const char *text = httpd_body(c->rq, &len);
	int r = 0;

	if (!system_namespace_ok(c))
		r = err_set(&err, -EINVAL, "namespace: there is only '" FUNCTION_NAMESPACE "'");
	if (r == 0)
		r = deploy_parse(text, len, a, ret, &err);
	httpd_wipe_body(c->rq); /* the registry's password */
	if (r < 0)
		httpd_reply_text(c->rq, 400, "Deployment error: %s\n", err_msg(&err));
	return r == 0;
}

/* The service for @d, in place of @old (NULL: a new one), to Docker. */
static int put(struct call *c, const struct deploy *d, const json_t *old, struct err *err)
{
	_cleanup_json_ json_t *secrets = NULL, *spec = NULL;
	_cleanup_(buf_wipe) struct buf auth = BUF_INIT;
	struct image_id image;
	struct deploy_place p = {.network = c->c->network, .somaxconn = c->c->backlog};
	int r;

	r = secret_store_resolve(c->docker, &d->secrets, &secrets, err);
	if (r == 0)
		r = image_local_id(c->docker, d, &image, err);
	if (r < 0)
		return r;
	p.secrets = secrets;
	p.image_id = image.text[0] ? image.text : NULL;
	spec = deploy_spec(d, &p, old);
	deploy_registry_auth(d, &auth);
	if (old)
		return service_update(c->docker, old, spec, auth.len ? auth.data : NULL, err);
	return service_create(c->docker, spec, auth.len ? auth.data : NULL, err);
}

static void reply_deploy_error(struct call *c, int r, const struct err *err)
{
	if (r == -EINVAL || r == -ENOENT)
		httpd_reply_text(c->rq, 400, "Deployment error: %s\n", err_msg(err));
	else
		system_reply_error(c, err);
}

void system_deploy(struct call *c)
{
	_cleanup_(arena_wipe) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *old = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	struct deploy d;
	int r;

	if (!read_deploy(c, &a, &d))
		return;
	r = service_find(c->docker, c->c->network, d.name, &old, &err);
	if (r == 0 && old)
		r = err_set(&err, -EINVAL, "service '%s' already exists", d.name);
	if (r == 0)
		r = put(c, &d, NULL, &err);
	if (r < 0) {
		reply_deploy_error(c, r, &err);
		return;
	}
	log_info("deployed '%s'", d.name);
	system_reply_accepted(c, 202);
}

/* 0 with *ret_found false: there is no such function. */
static int update_once(struct call *c, const struct deploy *d, bool *ret_found, struct err *err)
{
	_cleanup_json_ json_t *old = NULL;
	int r = service_find(c->docker, c->c->network, d->name, &old, err);

	*ret_found = old != NULL;
	return r < 0 || !old ? r : put(c, d, old, err);
}

void system_update(struct call *c)
{
	_cleanup_(arena_wipe) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct deploy d;
	bool found = true;
	int r = -EAGAIN;

	if (!read_deploy(c, &a, &d))
		return;
	for (int i = 0; i < SERVICE_TRIES && r == -EAGAIN; i++)
		r = update_once(c, &d, &found, &err);
	if (r == 0 && !found) {
		httpd_reply_text(c->rq, 404, "No such service found: %s.\n", d.name);
		return;
	}
	if (r < 0) {
		reply_deploy_error(c, r, &err);
		return;
	}
	log_info("updated '%s'", d.name);
	secret_store_collect(c->docker);
	system_reply_accepted(c, 202);
}

/* The function's name out of a request to delete it; false when it is none we could have. */
static bool wanted_name(struct call *c, const json_t *rq, char ret[NAME_MAX_LEN + 1])
{
	const char *name = json_str(rq, "functionName");

	return system_namespace_ok(c) && system_body_namespace_ok(rq) &&
	       name_split(name, strlen(name), ret);
}

void system_delete(struct call *c)
{
	_cleanup_json_ json_t *rq = NULL, *service = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	char name[NAME_MAX_LEN + 1] = "";
	const char *asked;
	int r = 0;

	if (!system_body(c, &rq) || !(asked = json_str(rq, "functionName")) || !*asked) {
		httpd_reply_text(c->rq, 400, "functionName is missing\n");
		return;
	}
	if (wanted_name(c, rq, name))
		r = service_find(c->docker, c->c->network, name, &service, &err);
	if (r == 0 && !service) {
		httpd_reply_text(c->rq, 404, "No such service found: %s.\n", name);
		return;
	}
	if (r == 0)
		r = service_remove(c->docker, service, &err);
	if (r < 0) {
		system_reply_error(c, &err);
		return;
	}
	log_info("removed '%s'", name);
	secret_store_collect(c->docker);
	system_reply_accepted(c, 202);
}
