/* Routes of the gateway's own HTTP interface: see api.h. */
#include "faas/gateway/api.h"

#include <pthread.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/common/net.h"
#include "faas/gateway/auth.h"
#include "faas/gateway/deploy.h"
#include "faas/gateway/http_metrics.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/wake.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

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

/* A function without a ready task. */
static void asleep(struct call *c)
{
	wake_call(c->parts->wake, c->rq, c->rest);
}

static const struct route routes[] = {
	{"POST", "/async-function/", .prefix = true, .open = true, .run = async_accept},
	{NULL, "/function/", .prefix = true, .open = true, .run = asleep},
	{"GET", "/healthz", .open = true, .run = health},
	{"GET", "/", .open = true, .run = ui_redirect},
	{"GET", "/ui/", .prefix = true, .run = ui_page},
	{"GET", "/metrics", .open = true, .docker = true, .run = metrics_page},
	{"POST", "/system/alert", .docker = true, .run = alert_receive},
	{"GET", "/system/info", .run = system_info},
	{"GET", "/system/namespaces", .run = system_namespaces},
	{NULL, "/system/namespace/", .prefix = true, .run = system_namespace},
	{NULL, "/system/async-report", .run = system_async_report},
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

static bool closed(const char *path)
{
	return !strncmp(path, "/system/", 8) || !strncmp(path, "/ui/", 4);
}

/* Whoever may not know is not told what exists below /system/ and /ui/. */
static bool needs_password(const struct route *r, const struct httpd_request *rq)
{
	return (!r || !r->open) && closed(httpd_path(rq));
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

	if (needs_password(r, rq))
		metric_add(METRIC_SYSTEM_CALLS);
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

/* The password is asked for before a byte of the body is taken: who is answered here never gets to
 * on_request(). */
static size_t on_headers(void *arg, const struct httpd_request *rq)
{
	struct api *a = arg;
	bool known;

	if (!strncmp(httpd_path(rq), "/async-function/", 16))
		return async_admit(a->parts.c, (struct httpd_request *)rq);
	if (needs_password(find_route(rq, &known), rq) &&
		!authorized(a, (struct httpd_request *)rq))
		return 0;
	return DEPLOY_MAX_BYTES;
}

static void on_finished(void *arg, struct httpd_request *rq)
{
	bool known;
	/* No method: what came was no request. */
	const struct route *r = httpd_method(rq) ? find_route(rq, &known) : NULL;

	/* Calls of functions have counters of their own. */
	if (!r || r->run != asleep)
		http_metrics_count(rq, r ? r->path : "other");
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
		.max_connections = (unsigned)parts->c->wake_queue_all + API_OTHER_CONNECTIONS,
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
