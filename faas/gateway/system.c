/* What the handlers of the /system/ routes share: see system.h. */
#include "faas/gateway/system.h"

#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/common/query.h"
#include "faas/gateway/deploy.h"

enum { SETTLE_MS = 2000 };

void system_reply_json(struct call *c, unsigned status, const json_t *j)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	json_print(j, &out);
	buf_addc(&out, '\n');
	httpd_reply(c->rq, status, "application/json", out.data, out.len);
}

void system_reply_error(struct call *c, const struct err *err)
{
	log_warn("%s %s: %s", httpd_method(c->rq), httpd_path(c->rq), err_msg(err));
	httpd_reply_text(c->rq, 500, "%s\n", err_msg(err));
}

void system_reply_accepted(struct call *c, unsigned status)
{
	watch_settle(c->watch, SETTLE_MS);
	httpd_reply(c->rq, status, NULL, NULL, 0);
}

bool system_namespace_ok(const struct call *c)
{
	_cleanup_buf_ struct buf ns = BUF_INIT;

	return !query_get(httpd_query(c->rq), "namespace", &ns) || !ns.len ||
	       !strcmp(ns.data, FUNCTION_NAMESPACE);
}

bool system_body_namespace_ok(const json_t *request)
{
	const char *ns = json_str(request, "namespace");

	return !ns || !*ns || !strcmp(ns, FUNCTION_NAMESPACE);
}

bool system_body(struct call *c, json_t **ret)
{
	_cleanup_json_ json_t *j = NULL;
	size_t len;
	const char *text = httpd_body(c->rq, &len);

	if (json_parse(text, len, DEPLOY_MAX_BYTES, &j, NULL) < 0 || !json_is_object(j))
		return false;
	*ret = TAKE_PTR(j);
	return true;
}
