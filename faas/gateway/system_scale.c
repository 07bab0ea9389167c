/* POST /system/scale-function/NAME: so many tasks from now on. */
#include "faas/common/log.h"
#include "faas/gateway/system.h"

/* Answers itself when the request cannot be served. */
static bool read_request(struct call *c, char name[NAME_MAX_LEN + 1], unsigned *ret_n)
{
	_cleanup_json_ json_t *rq = NULL;
	json_int_t n;

	if (!system_body(c, &rq) || (n = json_int(rq, "replicas", -1)) < 0) {
		httpd_reply_text(c->rq, 400, "Cannot parse request. Please pass valid JSON.\n");
		return false;
	}
	if (n > SCALE_MAX_TASKS) {
		httpd_reply_text(c->rq, 400, "replicas: more than %d\n", SCALE_MAX_TASKS);
		return false;
	}
	if (!name_split(c->rest, strlen(c->rest), name) || !system_namespace_ok(c) ||
		!system_body_namespace_ok(rq)) {
		httpd_reply_text(c->rq, 404, "No such service found.\n");
		return false;
	}
	*ret_n = (unsigned)n;
	return true;
}

void system_scale(struct call *c)
{
	_cleanup_err_ struct err err = ERR_INIT;
	char name[NAME_MAX_LEN + 1];
	unsigned n;
	int r;

	if (!read_request(c, name, &n))
		return;
	r = service_scale(c->docker, c->c->network, name, n, &err);
	if (r == -ENOENT || r == -EINVAL) {
		httpd_reply_text(c->rq, r == -ENOENT ? 404 : 400, "%s\n", err_msg(&err));
		return;
	}
	if (r < 0) {
		system_reply_error(c, &err);
		return;
	}
	log_info("scaled '%s' to %u", name, n);
	system_reply_accepted(c, 202);
}
