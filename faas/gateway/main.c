/*
 * svarm-gateway: the first process of the gateway's container.  It keeps nginx, which carries all
 * function calls, configured and alive, and serves the control plane behind it.
 *
 *     svarm-gateway                 run
 *     svarm-gateway probe NAME …    one check, one JSON object, exit 0 or 1
 *     svarm-gateway queue NAME …    what waits and what was given up: see letters.h
 *
 * Exit status: 0 stopped by a signal, 1 nginx cannot be kept alive, 2 usage or settings.
 */
#include <signal.h>
#include <sys/wait.h>

#include "faas/common/log.h"
#include "faas/common/env.h"
#include "faas/common/limits.h"
#include "faas/common/peer.h"
#include "faas/gateway/api.h"
#include "faas/gateway/backlog.h"
#include "faas/gateway/letters.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/plane.h"
#include "faas/gateway/probes.h"
#include "faas/gateway/scaler.h"
#include "faas/gateway/usage.h"
#include "faas/gateway/wake.h"
#include "lib/base/clock.h"
#include "lib/ext/heap.h"
#include "lib/ext/http.h"
#include "lib/ext/json.h"

enum {
	FIRST_LOOK_MS = 5000,
	MAX_DEATHS = 5,
	/* Of this process, besides callers that wait: nginx' other connections (api.h), probes of
	 * tasks, readers of logs, and what is always open. */
	OWN_FILES = API_OTHER_CONNECTIONS + 1024,
};

static const usec_t DEATHS_WITHIN = 60 * USEC_PER_SEC;
static const usec_t DRAIN = 1500 * USEC_PER_MSEC; /* for clients to leave their connections */
static const usec_t DEAF = 100 * USEC_PER_MSEC;   /* for handshakes under way to end */
static const usec_t DEAF_MOST = 2 * USEC_PER_SEC; /* to accept the last new ones */

struct gateway {
	struct config c;
	struct nginx *nginx;
	struct parts parts;
	struct api *api;
	usec_t deaths[MAX_DEATHS]; /* of nginx, a ring */
	unsigned deaths_n;
	bool stopping, hard;
	usec_t quit_at; /* when nginx is told to stop; 0: it was */
	usec_t deaf_by; /* by then the last new connections are accepted; 0: it still listens */
	usec_t stop_by;
};

static void block_signals(sigset_t *set)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* nginx' configuration: written once, from settings that do not change. */
static int configure(struct gateway *g, struct err *err)
{
	_cleanup_buf_ struct buf conf = BUF_INIT;
	int r;

	r = nginx_new(&g->c, &g->nginx, err);
	if (r == 0)
		r = plane_new(&g->c, &g->parts.plane, err);
	if (r < 0)
		return r;
	nginx_conf(&g->c, nginx_env(g->nginx), &conf);
	return nginx_apply(g->nginx, &conf, err);
}

static int start_nginx(struct gateway *g, struct err *err)
{
	/* Better a moment later than calls refused for functions that exist. */
	if (!watch_known(g->parts.watch, FIRST_LOOK_MS))
		log_warn("starting without knowing the functions");
	metric_add(METRIC_NGINX_STARTS);
	return nginx_start(g->nginx, err);
}

static int start_scaling(struct gateway *g, struct err *err)
{
	struct parts *p = &g->parts;
	int r;

	p->usage = usage_new();
	p->backlog = backlog_new();
	r = wake_start(&g->c, p->watch, &p->wake, err);
	return r == 0 ? scaler_start(p, &p->scaler, err) : r;
}

static int start(struct gateway *g, struct err *err)
{
	struct parts *p = &g->parts;
	int r;

	p->c = &g->c;
	r = configure(g, err);
	if (r == 0)
		r = watch_start(&g->c, g->nginx, p->plane, &p->watch, err);
	if (r == 0)
		r = queue_start(&g->c.redis, buf_str(&g->c.redis_password), &p->queue, err);
	if (r == 0)
		r = start_scaling(g, err);
	if (r == 0)
		r = api_start(p, &g->api, err);
	if (r == 0 && g->c.peer_port)
		r = peer_listen((int)g->c.peer_port, err);
	if (r == 0)
		r = start_nginx(g, err);
	if (r == 0)
		watch_kick(p->watch);
	return r;
}

/* nginx died: start it again, unless it does so all the time. */
static int nginx_died(struct gateway *g, int status, struct err *err)
{
	usec_t now = clock_now(), *oldest = &g->deaths[g->deaths_n % MAX_DEATHS];
	bool too_often = g->deaths_n >= MAX_DEATHS && now - *oldest < DEATHS_WITHIN;
	int r;

	*oldest = now;
	g->deaths_n++;
	if (too_often)
		return err_set(err, -EIO, "nginx died %d times within a minute", MAX_DEATHS + 1);
	log_error("nginx ended (%s %d), starting it again",
		WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	clock_sleep(USEC_PER_SEC / 10);
	metric_add(METRIC_NGINX_STARTS);
	r = nginx_start(g->nginx, err);
	watch_kick(g->parts.watch);
	return r;
}

/* A second signal does not wait for clients. */
static void begin_stop(struct gateway *g)
{
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t now = clock_now();
	bool drained = false;

	if (g->stopping) {
		g->quit_at = now;
		return;
	}
	log_info("stopping: finishing what is under way");
	g->stopping = true;
	system_logs_end();
	if (nginx_running(g->nginx)) {
		drained = plane_drain(g->parts.plane, &err) == 0;
		if (!drained)
			log_warn("stopping: calls on connections that clients keep may be lost: %s",
				err_msg(&err));
	}
	g->quit_at = drained ? now + DRAIN : now;
	g->stop_by = now + (usec_t)g->c.stop_timeout_ms * USEC_PER_MSEC;
}

/* nginx takes no new connections, and is told to stop once it has accepted those that were made:
 * the others would be reset. */
static void quit_nginx(struct gateway *g)
{
	_cleanup_err_ struct err err = ERR_INIT;
	bool first = g->deaf_by == 0;
	usec_t now = clock_now();
	unsigned waiting = 0;

	if (first)
		g->deaf_by = now + DEAF_MOST;
	if (plane_deafen(g->parts.plane, &waiting, &err) < 0) {
		log_warn("stopping: new connections may be reset: %s", err_msg(&err));
	} else if (first || (waiting > 0 && now < g->deaf_by)) {
		g->quit_at = now + DEAF;
		return;
	}
	nginx_stop(g->nginx, false);
	g->quit_at = 0;
}

/* Time is up: nginx is to go at once, and is left behind if it does not.  True when it was told so
 * before. */
static bool hard_stop(struct gateway *g)
{
	if (g->hard)
		return true;
	log_warn("stopping: time is up");
	g->hard = true;
	g->stop_by = clock_now() + 3 * USEC_PER_SEC;
	nginx_stop(g->nginx, true);
	return false;
}

static int run(struct gateway *g, const sigset_t *set, struct err *err)
{
	const struct timespec second = {1, 0}, soon = {0, 50000000};
	int r = 0, sig, status;

	while (r == 0) {
		sig = sigtimedwait(set, NULL, g->quit_at ? &soon : &second);
		if (sig == SIGTERM || sig == SIGINT)
			begin_stop(g);
		if (sig == SIGHUP)
			watch_kick(g->parts.watch);
		if (nginx_reap(g->nginx, &status) && !g->stopping)
			r = nginx_died(g, status, err);
		if (g->quit_at && clock_now() >= g->quit_at)
			quit_nginx(g);
		if (g->stopping && !nginx_running(g->nginx))
			return 0;
		if (g->stopping && clock_now() > g->stop_by && hard_stop(g))
			return 0;
	}
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_err_ struct err err = ERR_INIT;
	static struct gateway g;
	sigset_t set;
	int r;

	heap_tune();
	http_global_init();
	json_wipe_freed();
	if (argc >= 2 && !strcmp(argv[1], "probe"))
		return probe_main(gateway_probes, argc - 2, argv + 2);
	if (argc >= 2 && !strcmp(argv[1], "queue"))
		return letters_main(argc - 2, argv + 2);
	if (argc != 1) {
		fprintf(stderr, "usage: svarm-gateway [probe NAME ... | queue NAME ...]\n");
		return 2;
	}
	if (!strcmp(env_str("SVARM_DEBUG", "0"), "1"))
		log_set_level(LOG_DEBUG);
	block_signals(&set);
	r = gateway_config_load(&g.c, &err);
	if (r < 0) {
		log_error("%s", err_msg(&err));
		return 2;
	}
	log_info("svarm-gateway " SVARM_VERSION);
	limits_open_files((unsigned long)g.c.wake_queue_all + OWN_FILES, "the gateway");
	r = start(&g, &err);
	if (r == 0)
		r = run(&g, &set, &err);
	if (r < 0)
		log_error("%s", err_msg(&err));
	if (r < 0 && g.nginx)
		nginx_stop(g.nginx, true);
	return r < 0 ? 1 : 0;
}
