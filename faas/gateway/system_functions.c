/* GET /system/functions and /system/function/NAME: the functions as they are. */
#include "faas/gateway/deploy.h"
#include "faas/gateway/system.h"

static json_t *status_of(json_t *services, const struct function *f)
{
	return deploy_status(services_of(services, f), f->running);
}

void system_list(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *services = NULL, *list = json_array();
	_cleanup_err_ struct err err = ERR_INIT;

	if (!system_namespace_ok(c)) {
		system_reply_json(c, 200, list);
		return;
	}
	if (services_look(c->docker, c->c->network, &services, &m, &err) < 0) {
		system_reply_error(c, &err);
		return;
	}
	for (size_t i = 0; i < m->functions_n; i++)
		json_array_append_new(list, status_of(services, &m->functions[i]));
	system_reply_json(c, 200, list);
}

void system_status(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = NULL;
	_cleanup_json_ json_t *services = NULL, *status = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const struct function *f = NULL;
	char name[NAME_MAX_LEN + 1];

	if (!system_namespace_ok(c) || !name_split(c->rest, strlen(c->rest), name)) {
		httpd_reply(c->rq, 404, NULL, NULL, 0);
		return;
	}
	if (services_look(c->docker, c->c->network, &services, &m, &err) < 0) {
		system_reply_error(c, &err);
		return;
	}
	f = model_find(m, name);
	if (!f) {
		httpd_reply(c->rq, 404, NULL, NULL, 0);
		return;
	}
	status = status_of(services, f);
	system_reply_json(c, 200, status);
}
