/*
 * GET /system/functions and /system/function/NAME: the functions as they are.  What they were
 * deployed as is Docker's to tell; how many tasks are ready is the watcher's, how often they were
 * called nginx' in this container, and what they use the nodes'.
 */
#include "faas/common/query.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/plane.h"
#include "faas/gateway/system.h"
#include "faas/gateway/usage.h"

/* One look at everything. */
struct picture {
	json_t *services;
	struct model *asked; /* made from them */
	struct model *ready; /* the watcher's; NULL: it has none yet */
	struct plane_sample sample;
};

static void picture_done(struct picture *p)
{
	json_decref(p->services);
	model_unref(p->asked);
	model_unref(p->ready);
	plane_sample_done(&p->sample);
}

static int picture_take(struct call *c, struct picture *ret, struct err *err)
{
	int r = services_look(c->docker, c->c->network, &ret->services, &ret->asked, err);

	if (r < 0)
		return r;
	ret->ready = watch_model(c->watch);
	/* Without figures a list is still a list. */
	if (plane_sample(c->parts->plane, &ret->sample, NULL) < 0)
		ret->sample = (struct plane_sample){0};
	return 0;
}

/* Calls that ended. */
static json_int_t calls_of(const struct picture *p, const char *name)
{
	const struct plane_function *f = plane_sample_find(&p->sample, name);
	json_int_t n = 0;

	for (size_t i = 0; f && i < f->codes_n; i++)
		n += (json_int_t)f->codes[i].calls;
	return n;
}

static bool usage_wanted(const struct call *c)
{
	_cleanup_buf_ struct buf value = BUF_INIT;

	return query_get(httpd_query(c->rq), "usage", &value) &&
	       (!strcmp(buf_str(&value), "1") || !strcmp(buf_str(&value), "true"));
}

static void add_usage(struct call *c, const struct picture *p, const char *name, json_t *status)
{
	double processors;
	uint64_t bytes;

	if (!usage_wanted(c) || !p->ready ||
		!usage_get(c->parts->usage, p->ready, name, &processors, &bytes))
		return;
	/* Thousandths of a processor and bytes, as upstream has them. */
	json_object_set_new(status, "usage",
		json_pack("{s:f, s:I}", "cpu", processors * 1000, "totalMemoryBytes",
			(json_int_t)bytes));
}

static json_t *status_of(struct call *c, struct picture *p, const struct function *f)
{
	const struct function *ready = model_find(p->ready, f->name);
	json_t *s = deploy_status(
		services_of(p->services, f), ready ? (unsigned)ready->addresses_n : 0);

	json_object_set_new(s, "invocationCount", json_integer(calls_of(p, f->name)));
	add_usage(c, p, f->name, s);
	return s;
}

void system_list(struct call *c)
{
	_cleanup_(picture_done) struct picture p = {0};
	_cleanup_json_ json_t *list = json_array();
	_cleanup_err_ struct err err = ERR_INIT;

	if (system_namespace_ok(c) && picture_take(c, &p, &err) < 0) {
		system_reply_error(c, &err);
		return;
	}
	for (size_t i = 0; p.asked && i < p.asked->functions_n; i++)
		json_array_append_new(list, status_of(c, &p, &p.asked->functions[i]));
	system_reply_json(c, 200, list);
}

void system_status(struct call *c)
{
	_cleanup_(picture_done) struct picture p = {0};
	_cleanup_json_ json_t *status = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const struct function *f = NULL;
	char name[NAME_MAX_LEN + 1];

	if (system_namespace_ok(c) && name_split(c->rest, strlen(c->rest), name)) {
		if (picture_take(c, &p, &err) < 0) {
			system_reply_error(c, &err);
			return;
		}
		f = model_find(p.asked, name);
	}
	if (!f) {
		httpd_reply(c->rq, 404, NULL, NULL, 0);
		return;
	}
	status = status_of(c, &p, f);
	system_reply_json(c, 200, status);
}
