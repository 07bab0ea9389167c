/* What a setting changes, measured on the stage: see trial.h. */
#include "probe/tool/trial.h"

#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "probe/load/load.h"

enum {
	CALLERS = 64,
	UPLOADERS = 8,
	UPLOAD_BYTES = 20 * 1024 * 1024,
	DOWNLOADERS = 16,
	BURST = 3000,
	STALL_MSEC = 300,
	CHURN_FIRST = 10000,
	CHURN_PORTS = 4096,
	CHURN_FILL = CHURN_PORTS / 10 * 9,
	CHURN_MEASURED = CHURN_PORTS / 20,
};
static const usec_t timeout = 20 * USEC_PER_SEC;

/* ---- a load on the front ---- */

struct call {
	const char *path;
	unsigned connections;
	double seconds; /* 0: each connection makes one call */
	size_t upload;  /* bytes */
};

static int call_front(const struct call *c, struct load_result *ret, struct err *err)
{
	_cleanup_free_ char *url = xasprintf("http://127.0.0.1:%d%s", STAGE_FRONT, c->path);
	_cleanup_free_ char *body = c->upload ? xcalloc(1, c->upload) : NULL;
	const struct target_request rq = {
		.body = body, .body_len = c->upload, .fresh = c->seconds <= 0};
	struct target target = {0};
	const struct load_options o = {
		.target = &target,
		.connections = c->connections,
		.threads = 1,
		.duration = (usec_t)(c->seconds * 1e6),
		.count = c->seconds > 0 ? 0 : c->connections,
		.timeout = timeout,
		.fresh = rq.fresh,
	};
	int r = target_make(url, &rq, &target, err);

	if (r == 0)
		r = load_run(&o, ret, err);
	target_done(&target);
	if (r == 0 && load_answers(ret) == 0)
		r = err_set(err, -EIO, "no call of the stage was answered");
	return r;
}

static void free_result(struct load_result **r)
{
	if (*r)
		load_result_done(*r);
	free(*r);
}

/* Calls a second; *@ret_opened: connections that the front opened to the back, for each call. */
static int measure_rate(const struct call *c, double *ret, double *ret_opened, struct err *err)
{
	_cleanup_(free_result) struct load_result *result = xcalloc(1, sizeof(*result));
	long long before = stage_counter("Tcp", "ActiveOpens"), after;
	int r = call_front(c, result, err);

	if (r < 0)
		return r;
	after = stage_counter("Tcp", "ActiveOpens");
	*ret = load_rps(result);
	if (ret_opened)
		*ret_opened = (double)(after - before - (long long)result->connects) /
			      (double)load_answers(result);
	return 0;
}

static int keepalive(struct stage *s, const struct wanted *w, bool tuned, double *ret,
	double *ret_note, struct err *err)
{
	const struct front f = {.keepalive = tuned ? w->keepalive : 0};
	const struct call c = {"/hi", CALLERS, w->seconds, 0};
	int r = stage_front(s, &f, err);

	return r < 0 ? r : measure_rate(&c, ret, ret_note, err);
}

static int uploads(struct stage *s, const struct wanted *w, bool tuned, double *ret,
	double *ret_note, struct err *err)
{
	const struct front f = {
		.keepalive = w->keepalive, .body_buffer = tuned ? w->body_buffer : 0};
	const struct call c = {"/up", UPLOADERS, w->seconds, UPLOAD_BYTES};
	int r = stage_front(s, &f, err);

	return r < 0 ? r : measure_rate(&c, ret, NULL, err);
}

static int downloads(struct stage *s, const struct wanted *w, bool tuned, double *ret,
	double *ret_note, struct err *err)
{
	const struct front f = {.keepalive = w->keepalive, .proxy_buffers = tuned};
	const struct call c = {"/down", DOWNLOADERS, w->seconds, 0};
	int r = stage_front(s, &f, err);

	return r < 0 ? r : measure_rate(&c, ret, NULL, err);
}

/* ---- a burst while nginx is busy ---- */

struct burst {
	struct load_result *result;
	struct err err;
	int r;
};

static void *burst_main(void *arg)
{
	const struct call c = {"/hi", BURST, 0, 0};
	struct burst *b = arg;

	b->r = call_front(&c, b->result, &b->err);
	return NULL;
}

static int burst_on(struct stage *s, double *ret, double *ret_overflows, struct err *err)
{
	_cleanup_(free_result) struct load_result *result = xcalloc(1, sizeof(*result));
	struct burst b = {.result = result};
	long long before = stage_counter("TcpExt", "ListenOverflows");
	pthread_t thread;
	int r;

	r = -pthread_create(&thread, NULL, burst_main, &b);
	if (r < 0)
		return err_errno(err, r, "starting the burst");
	r = stage_stall_front(s, STALL_MSEC, err);
	pthread_join(thread, NULL);
	if (r >= 0 && b.r < 0)
		r = err_move(err, &b.err);
	err_done(&b.err);
	if (r < 0)
		return r;
	*ret = (double)hist_at(&result->latency, 0.99) / 1e6;
	*ret_overflows = (double)(stage_counter("TcpExt", "ListenOverflows") - before);
	return 0;
}

static int backlog(struct stage *s, const struct wanted *w, bool tuned, double *ret,
	double *ret_note, struct err *err)
{
	const struct front f = {.keepalive = w->keepalive, .backlog = tuned ? w->backlog : 0};
	_cleanup_buf_ struct buf old = BUF_INIT;
	_cleanup_err_ struct err ignored = ERR_INIT;
	int r, back;

	r = stage_get("core/somaxconn", &old, err);
	if (r == 0 && tuned)
		r = stage_set("core/somaxconn", w->somaxconn, err);
	if (r == 0)
		r = stage_front(s, &f, err);
	if (r == 0)
		r = burst_on(s, ret, ret_note, err);
	back = stage_set("core/somaxconn", buf_str(&old), &ignored);
	return r < 0 || back == 0 ? r : err_move(err, &ignored);
}

/* ---- connections that are made and dropped ---- */

/* One call of the back's address 127.0.1.@host, closed by us, as clients of Redis do. */
static bool churn_once(unsigned host)
{
	static const char question[] = "GET /hi HTTP/1.1\r\nHost: stage\r\n\r\n";
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(STAGE_BACK),
		.sin_addr.s_addr = htonl(0x7f000100 + host)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[512];
	bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
		  send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0 &&
		  recv(fd, answer, sizeof(answer), 0) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static double thread_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* With most ports waiting: processor time of one more.  A port is used again a second after its
 * last use at the earliest (tcp(7), tcp_tw_reuse), hence the pause. */
static void churn(double *ret, double *ret_failed)
{
	static unsigned turn; /* another address each time, to which no port waits yet */
	unsigned host = 1 + turn++ % 250;
	double begun;
	int failed = 0;

	for (int i = 0; i < CHURN_FILL; i++)
		(void)churn_once(host);
	clock_sleep(1200 * USEC_PER_MSEC);
	begun = thread_cpu();
	for (int i = 0; i < CHURN_MEASURED; i++)
		failed += !churn_once(host);
	*ret = (thread_cpu() - begun) * 1e6 / CHURN_MEASURED;
	*ret_failed = failed;
}

static int tw_reuse(struct stage *s, const struct wanted *w, bool tuned, double *ret,
	double *ret_note, struct err *err)
{
	_cleanup_free_ char *range = xasprintf("%d %d", CHURN_FIRST, CHURN_FIRST + CHURN_PORTS - 1);
	int r;

	/* The kernel's own default, 2, reuses on the loopback only, which this is. */
	r = stage_set("ipv4/tcp_tw_reuse", tuned ? w->tw_reuse : "0", err);
	if (r == 0)
		r = stage_set("ipv4/ip_local_port_range", range, err);
	if (r < 0)
		return r;
	churn(ret, ret_note);
	return stage_set("ipv4/ip_local_port_range", "1024 65000", err);
}

const struct trial trials[] = {
	{"upstream_keepalive", "calls a second through nginx, 64 at a time", "1/s", true, keepalive,
		"connections that nginx opens for a call"},
	{"body_buffer", "20 MB uploads a second, 8 at a time", "1/s", true, uploads, NULL},
	{"proxy_buffers", "10 MB answers a second, 16 at a time", "1/s", true, downloads, NULL},
	{"backlog", "p99 of 3000 calls that come at once while nginx is busy for 300 ms", "ms",
		false, backlog, "connections that found the queue full"},
	{"tcp_tw_reuse", "processor time of a new connection when most ports wait", "us", false,
		tw_reuse, "connections that could not be made"},
};
const size_t n_trials = ARRAY_SIZE(trials);
