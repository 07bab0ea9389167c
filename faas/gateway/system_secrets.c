/* /system/secrets: the secrets that functions may use.  Values go in and never come out. */
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/secret_store.h"
#include "faas/gateway/system.h"

void system_secret_list(struct call *c)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *list = json_array();
	_cleanup_err_ struct err err = ERR_INIT;
	struct secret_list l = {0};

	if (system_namespace_ok(c) && secret_store_list(c->docker, &a, &l, &err) < 0) {
		system_reply_error(c, &err);
		return;
	}
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].ours && (i == 0 || strcmp(l.v[i].name, l.v[i - 1].name)))
			json_array_append_new(list, json_pack("{s:s, s:s}", "name", l.v[i].name,
							    "namespace", FUNCTION_NAMESPACE));
	system_reply_json(c, 200, list);
}

/* Read the request and forget its text; answers 400 itself. */
static bool read_secret(struct call *c, bool want_value, struct secret_request *ret)
{
	_cleanup_err_ struct err err = ERR_INIT;
	size_t len;
	const char *text = httpd_body(c->rq, &len);
	int r = 0;

	if (!system_namespace_ok(c))
		r = err_set(&err, -EINVAL, "namespace: there is only '" FUNCTION_NAMESPACE "'");
	if (r == 0)
		r = secret_request_parse(text, len, want_value, ret, &err);
	httpd_wipe_body(c->rq);
	if (r < 0)
		httpd_reply_text(c->rq, 400, "secret: %s\n", err_msg(&err));
	return r == 0;
}

static void reply(struct call *c, unsigned status, int r, const struct err *err)
{
	if (r == 0)
		httpd_reply(c->rq, status, NULL, NULL, 0);
	else if (r == -ENOENT)
		httpd_reply_text(c->rq, 404, "%s\n", err_msg(err));
	else if (r == -EEXIST || r == -EBUSY)
		httpd_reply_text(c->rq, 409, "%s\n", err_msg(err));
	else if (r == -EINVAL)
		httpd_reply_text(c->rq, 400, "%s\n", err_msg(err));
	else
		system_reply_error(c, err);
}

void system_secret_create(struct call *c)
{
	_cleanup_(secret_request_done) struct secret_request rq = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	if (!read_secret(c, true, &rq))
		return;
	r = secret_store_create(c->docker, &rq, &err);
	if (r == 0)
		log_info("created secret '%s'", rq.name);
	reply(c, 201, r, &err);
}

void system_secret_update(struct call *c)
{
	_cleanup_(secret_request_done) struct secret_request rq = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	if (!read_secret(c, true, &rq))
		return;
	r = secret_store_update(c->docker, &rq, &err);
	if (r == 0) {
		log_info("updated secret '%s'", rq.name);
		secret_store_collect(c->docker);
	}
	reply(c, 200, r, &err);
}

void system_secret_delete(struct call *c)
{
	_cleanup_(secret_request_done) struct secret_request rq = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	if (!read_secret(c, false, &rq))
		return;
	r = secret_store_remove(c->docker, rq.name, &err);
	if (r == 0)
		log_info("removed secret '%s'", rq.name);
	reply(c, 200, r, &err);
}
