/* GET /metrics: everything that is counted, on one page. */
#include "faas/gateway/api.h"
#include "faas/gateway/backlog.h"
#include "faas/gateway/http_metrics.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/metrics_functions.h"
#include "faas/gateway/metrics_text.h"
#include "faas/gateway/scaler.h"
#include "faas/gateway/wake.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

static void gauge(struct buf *out, const char *name, const char *help, double value)
{
	const struct metric_family f = {name, "gauge", help};

	metric_family(out, &f);
	metric_sample(out, name, NULL, value);
}

/* nginx' stub_status: "Active connections: A\n…\n accepts handled requests\n Reading: …". */
static void nginx_counters(const struct config *c, struct buf *out)
{
	static const struct metric_family total = {
		"svarm_nginx_requests_total", "counter", "Requests nginx has answered."};
	_cleanup_(http_client_freep) struct http_client *http = http_client_new();
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_free_ char *sock = xasprintf("%s/status.sock", c->run_dir);
	struct http_request rq = {.url = "http://nginx/", .unix_socket = sock, .timeout_ms = 1000};
	unsigned long long active, accepts, handled, requests;

	if (http_call(http, &rq, &rs, NULL) < 0 ||
		sscanf(buf_str(&rs.body),
			"Active connections: %llu server accepts handled requests %llu %llu %llu",
			&active, &accepts, &handled, &requests) != 4)
		return;
	gauge(out, "svarm_nginx_connections", "Client connections open in nginx.", (double)active);
	metric_family(out, &total);
	metric_sample(out, total.name, NULL, (double)requests);
}

static void own_state(struct call *c, const struct model *m, struct buf *out)
{
	const struct parts *p = c->parts;
	struct watch_health w;

	watch_health(c->watch, &w);
	gauge(out, "svarm_docker_up", "1 when Docker answers.", w.docker_ok);
	gauge(out, "svarm_redis_up", "1 when Redis answers.", queue_healthy(c->queue, NULL, 0));
	gauge(out, "svarm_functions", "Functions known.", m ? (double)m->functions_n : 0);
	gauge(out, "svarm_wake_waiting", "Calls that wait for a function to start.",
		(double)wake_waiting(p->wake));
	gauge(out, "svarm_scaler_decides", "1 on the gateway that decides on scaling.",
		scaler_decides(p->scaler));
}

void metrics_page(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = watch_model(c->watch);
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct plane_sample sample = {0};
	bool sampled = plane_sample(c->parts->plane, &sample, NULL) == 0;

	metrics_functions(sampled ? &sample : NULL, m, &out);
	if (sampled)
		plane_sample_done(&sample);
	http_metrics_print(&out);
	metrics_print(&out);
	own_state(c, m, &out);
	backlog_print(c->parts->backlog, &out);
	nginx_counters(c->c, &out);
	httpd_reply(c->rq, 200, "text/plain; version=0.0.4", out.data, out.len);
}
