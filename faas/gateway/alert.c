/*
 * Alerts of a Prometheus as OpenFaaS has it set up: they scale as upstream's gateway did, for who
 * has rules of his own.  The autoscaler (scaler.h) needs none of this, and respects what an alert
 * has set as it does what an operator sets.
 */
#include "faas/gateway/alert.h"

#include "faas/common/docker.h"
#include "faas/common/log.h"
#include "faas/gateway/api.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/replicas.h"
#include "faas/gateway/scale_rule.h"
#include "lib/base/xalloc.h"

enum { TRIES = 4, SETTLE_MS = 2000 };

static bool parse_one(const json_t *j, struct alert *ret)
{
	const char *status = json_str(j, "status");
	const char *function = json_str(json_obj(j, "labels"), "function_name");

	if (!status || !function || (strcmp(status, "firing") && strcmp(status, "resolved")))
		return false;
	ret->firing = !strcmp(status, "firing");
	return name_split(function, strlen(function), ret->function);
}

int alert_parse(
	const char *text, size_t len, struct alert ret[ALERT_MAX], size_t *ret_n, struct err *err)
{
	_cleanup_json_ json_t *body = NULL;
	const json_t *alerts;
	int r;

	r = json_parse(text, len, ALERT_MAX_BYTES, &body, err);
	if (r < 0)
		return err_set(err, -EBADMSG, "not JSON, or too much of it");
	alerts = json_arr(body, "alerts");
	if (!alerts || json_array_size(alerts) > ALERT_MAX)
		return err_set(err, -EBADMSG, "'alerts' is not a list of at most %d", ALERT_MAX);
	for (size_t i = 0; i < json_array_size(alerts); i++)
		if (!parse_one(json_array_get(alerts, i), &ret[i]))
			return err_set(err, -EBADMSG,
				"alerts[%zu] lacks a status or the name of a function", i);
	*ret_n = json_array_size(alerts);
	return 0;
}

unsigned alert_replicas(const struct settings *s, unsigned replicas, bool firing)
{
	if (!replicas)
		return 0;
	if (!firing)
		return s->min;
	if (!s->factor || replicas >= s->max)
		return replicas;
	return MIN_OF(s->max, replicas + scale_step(s));
}

/* Against the number that was last seen; another look, and another try, when it was outdated. */
static int carry_out(struct call *c, const struct alert *a, struct err *err)
{
	struct replicas_change change;
	bool done = false;
	int r = 0;

	for (int i = 0; i < TRIES && r == 0 && !done; i++) {
		_cleanup_(model_unrefp) struct model *m = watch_model(c->watch);
		const struct function *f = model_find(m, a->function);

		if (!f) {
			log_info("an alert names '%s', which is no function", a->function);
			return 0;
		}
		change = (struct replicas_change){.service_id = f->service_id,
			.expect = (int)f->replicas,
			.want = alert_replicas(&f->settings, f->replicas, a->firing)};
		if (change.want == f->replicas)
			return 0;
		r = replicas_set(c->docker, &change, &done, err);
		watch_settle(c->watch, SETTLE_MS);
	}
	if (done)
		log_info("scaled '%s' to %u: the alert %s", a->function, change.want,
			a->firing ? "fires" : "is resolved");
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

void alert_receive(struct call *c)
{
	_cleanup_free_ struct alert *alerts = xcalloc(ALERT_MAX, sizeof(*alerts));
	_cleanup_err_ struct err err = ERR_INIT;
	const char *text;
	size_t len, n = 0;
	int first = 0;

	text = httpd_body(c->rq, &len);
	if (alert_parse(text, len, alerts, &n, &err) < 0) {
		httpd_reply_text(c->rq, 400, "Unable to parse alert, bad format.\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		_cleanup_err_ struct err one = ERR_INIT;
		int r = carry_out(c, &alerts[i], &one);

		metric_add(METRIC_ALERTS);
		if (r < 0)
			log_warn("alert for '%s': %s", alerts[i].function, err_msg(&one));
		if (r < 0 && first == 0)
			first = err_move(&err, &one);
	}
	if (first < 0)
		httpd_reply_text(c->rq, 500, "%s\n", err_msg(&err));
	else
		httpd_reply(c->rq, 200, NULL, NULL, 0);
}
