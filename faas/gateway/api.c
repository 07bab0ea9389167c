/* Routes of the gateway's own HTTP interface: see api.h. */
#include "faas/gateway/api.h"

#include <pthread.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/common/net.h"
#include "faas/gateway/auth.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/metrics.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

enum {
	EVENT_THREADS = 2,
	DOCKER_THREADS = 4,
	MAX_JOBS = 256,
	IDLE_SECONDS = 90, /* longer than nginx keeps an idle connection */
};

struct route {
	const char *method; /* NULL: any */
	const char *path;
	bool prefix; /* the path goes on */
	bool open;   /* no authentication */
	bool docker; /* runs on a thread for Docker */
	void (*run)(struct call *c);
};

struct job {
	struct job *next;
	const struct route *route;
	struct call call;
};

struct api {
	struct parts parts;
	struct httpd *httpd;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *head, **tail;
	size_t jobs_n;
};

static void health(struct call *c)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct watch_health w;
	char queue_problem[160] = "";
	bool redis_ok = queue_healthy(c->queue, queue_problem, sizeof(queue_problem));
	bool ok;

	watch_health(c->watch, &w);
	ok = w.docker_ok && w.nginx_ok && redis_ok;
	buf_addf(&out, "{\"status\":\"%s\",\"docker\":%s,\"nginx\":%s,\"redis\":%s",
		ok ? "ok" : "unhealthy", w.docker_ok ? "true" : "false",
		w.nginx_ok ? "true" : "false", redis_ok ? "true" : "false");
	if (!ok) {
		buf_adds(&out, ",\"error\":");
		quote_json(&out, w.docker_ok && w.nginx_ok ? queue_problem : w.problem);
	}
	buf_adds(&out, "}\n");
	httpd_reply(c->rq, ok ? 200 : 503, "application/json", out.data, out.len);
}

static void gauge(struct buf *out, const char *name, const char *help, unsigned long long value)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, value);
}

/* nginx' stub_status: "Active connections: A\n…\n accepts handled requests\n Reading: …". */
static void nginx_counters(const struct config *c, struct buf *out)
{
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
	gauge(out, "svarm_nginx_connections", "Client connections open in nginx.", active);
	buf_addf(out,
		"# HELP svarm_nginx_requests_total Requests nginx has answered.\n"
		"# TYPE svarm_nginx_requests_total counter\nsvarm_nginx_requests_total %llu\n",
		requests);
}

static void metrics(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = watch_model(c->watch);
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct watch_health w;

	watch_health(c->watch, &w);
	metrics_print(&out);
	gauge(&out, "svarm_docker_up", "1 when Docker answers.", w.docker_ok);
	gauge(&out, "svarm_redis_up", "1 when Redis answers.", queue_healthy(c->queue, NULL, 0));
	gauge(&out, "svarm_functions", "Functions known.", m ? m->functions_n : 0);
	buf_adds(&out, "# HELP gateway_service_count Tasks of a function that run.\n"
		       "# TYPE gateway_service_count gauge\n");
	for (size_t i = 0; m && i < m->functions_n; i++)
		buf_addf(&out, "gateway_service_count{function_name=\"%s\"} %u\n",
			m->functions[i].name, m->functions[i].running);
	nginx_counters(c->c, &out);
	httpd_reply(c->rq, 200, "text/plain; version=0.0.4", out.data, out.len);
}

/* A function that has no running task.  Waking it up will happen here. */
static void asleep(struct call *c)
{
	httpd_add_header(c->rq, "Retry-After", "1");
	httpd_add_header(c->rq, "X-Svarm-Reason", "no-task");
	httpd_reply_text(c->rq, 503, "no instance of this function is running\n");
}

static const struct route routes[] = {
	{"POST", "/async-function/", .prefix = true, .open = true, .run = async_accept},
	{NULL, "/function/", .prefix = true, .open = true, .run = asleep},
	{"GET", "/healthz", .open = true, .run = health},
	{"GET", "/", .open = true, .run = ui_redirect},
	{"GET", "/ui/", .prefix = true, .run = ui_page},
	{"GET", "/metrics", .open = true, .docker = true, .run = metrics},
	{"GET", "/system/info", .run = system_info},
	{"GET", "/system/namespaces", .run = system_namespaces},
	{NULL, "/system/namespace/", .prefix = true, .run = system_namespace},
	{NULL, "/system/telemetry", .run = system_telemetry},
	{"GET", "/system/logs", .run = system_logs},
	{"GET", "/system/secrets", .docker = true, .run = system_secret_list},
	{"POST", "/system/secrets", .docker = true, .run = system_secret_create},
	{"PUT", "/system/secrets", .docker = true, .run = system_secret_update},
	{"DELETE", "/system/secrets", .docker = true, .run = system_secret_delete},
	{"GET", "/system/functions", .docker = true, .run = system_list},
	{"POST", "/system/functions", .docker = true, .run = system_deploy},
	{"PUT", "/system/functions", .docker = true, .run = system_update},
	{"DELETE", "/system/functions", .docker = true, .run = system_delete},
	{"GET", "/system/function/", .prefix = true, .docker = true, .run = system_status},
	{"POST", "/system/scale-function/", .prefix = true, .docker = true, .run = system_scale},
};

static bool path_matches(const struct route *r, const char *path)
{
	return r->prefix ? !strncmp(path, r->path, strlen(r->path)) : !strcmp(path, r->path);
}

/* The route for a request; *@ret_known tells whether the path exists for other verbs. */
static const struct route *find_route(const struct httpd_request *rq, bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!path_matches(&routes[i], httpd_path(rq)))
			continue;
		*ret_known = true;
		if (!routes[i].method || !strcmp(routes[i].method, httpd_method(rq)))
			return &routes[i];
	}
	return NULL;
}

static bool authorized(struct api *a, struct httpd_request *rq)
{
	if (auth_matches(
		    httpd_header(rq, "Authorization"), &a->parts.c->user, &a->parts.c->password))
		return true;
	metric_add(METRIC_UNAUTHORIZED);
	httpd_add_header(rq, "WWW-Authenticate", "Basic realm=\"Restricted\"");
	httpd_reply_text(rq, 401, "invalid credentials\n");
	return false;
}

static void add_job(struct api *a, const struct route *route, const struct call *call)
{
	struct job *j = NULL;

	httpd_defer(call->rq);
	pthread_mutex_lock(&a->lock);
	if (a->jobs_n < MAX_JOBS) {
		j = xcalloc(1, sizeof(*j));
		j->route = route;
		j->call = *call;
		*a->tail = j;
		a->tail = &j->next;
		a->jobs_n++;
		pthread_cond_signal(&a->wake);
	}
	pthread_mutex_unlock(&a->lock);
	if (j)
		return;
	httpd_add_header(call->rq, "Retry-After", "1");
	httpd_reply_text(call->rq, 503, "too many calls are waiting\n");
	httpd_resume(call->rq);
}

static void *docker_thread(void *arg)
{
	struct api *a = arg;
	struct docker *d = NULL;
	struct job *j;

	if (docker_new(a->parts.c->docker_host, &d, NULL) < 0)
		abort(); /* checked at the start */
	for (;;) {
		pthread_mutex_lock(&a->lock);
		while (!a->head)
			pthread_cond_wait(&a->wake, &a->lock);
		j = a->head;
		a->head = j->next;
		if (!a->head)
			a->tail = &a->head;
		a->jobs_n--;
		pthread_mutex_unlock(&a->lock);
		j->call.docker = d;
		j->route->run(&j->call);
		httpd_resume(j->call.rq);
		free(j);
	}
	return NULL;
}

static bool closed(const char *path)
{
	return !strncmp(path, "/system/", 8) || !strncmp(path, "/ui/", 4);
}

static void on_request(void *arg, struct httpd_request *rq)
{
	struct api *a = arg;
	bool known;
	const struct route *r = find_route(rq, &known);
	struct call call = {.rq = rq,
		.parts = &a->parts,
		.c = a->parts.c,
		.watch = a->parts.watch,
		.queue = a->parts.queue,
		.api = a};

	/* Whoever may not know is not told what exists below /system/ and /ui/. */
	if ((!r || !r->open) && closed(httpd_path(rq))) {
		if (!authorized(a, rq))
			return;
		metric_add(METRIC_SYSTEM_CALLS);
	}
	if (!r) {
		httpd_reply_text(
			rq, known ? 405 : 404, known ? "method not allowed\n" : "not found\n");
		return;
	}
	call.rest = httpd_path(rq) + (r->prefix ? strlen(r->path) : 0);
	if (r->docker)
		add_job(a, r, &call);
	else
		r->run(&call);
}

static size_t on_headers(void *arg, const struct httpd_request *rq)
{
	struct api *a = arg;

	if (!strncmp(httpd_path(rq), "/async-function/", 16))
		return async_admit(a->parts.c, (struct httpd_request *)rq);
	return DEPLOY_MAX_BYTES;
}

static void on_finished(void *arg, struct httpd_request *rq)
{
	async_release(rq);
}

static int start_threads(struct api *a, struct err *err)
{
	struct docker *d = NULL;
	pthread_t t;
	int r;

	r = docker_new(a->parts.c->docker_host, &d, err);
	docker_free(d);
	for (int i = 0; i < DOCKER_THREADS && r == 0; i++) {
		r = -pthread_create(&t, NULL, docker_thread, a);
		if (r < 0)
			return err_errno(err, r, "unable to start a thread");
		pthread_detach(t);
	}
	return r;
}

int api_start(const struct parts *parts, struct api **ret, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/control.sock", parts->c->run_dir);
	struct api *a = xcalloc(1, sizeof(*a));
	struct httpd_options o = {.threads = EVENT_THREADS,
		.idle_timeout_s = IDLE_SECONDS,
		.max_body = on_headers,
		.handle = on_request,
		.finished = on_finished,
		.arg = a};
	int r;

	a->parts = *parts;
	a->tail = &a->head;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->wake, NULL);
	r = start_threads(a, err);
	if (r == 0)
		r = net_listen_unix(path, 1024, &o.listen_fd, err);
	if (r == 0)
		r = httpd_start(&o, &a->httpd, err);
	if (r == 0)
		*ret = a;
	return r;
}
