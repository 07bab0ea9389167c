/*
 * To which task a call goes: the one with the fewest calls in flight, as all worker processes see
 * it; of many tasks, the better of two at random.  Tasks that just failed are left out while there
 * are others.  Whether a call may be sent again is nginx' own decision; here it only never gets the
 * same task twice, unless what failed was an idle connection that the task had closed.
 */
#include "faas/nginx/call.h"

enum {
	LOOK_AT_ALL = 8, /* so many tasks are all compared */
	MAX_TRIED = 8,
	NAME_LEN = sizeof("255.255.255.255:65535"),
};

struct balance {
	struct call *call;
	ngx_str_t name; /* of the task tried last, for the log */
	u_char text[NAME_LEN];
	ngx_uint_t tried_n;
	struct task *tried[MAX_TRIED]; /* compared only: may be gone */
};

static int was_tried(const struct balance *b, const struct task *t)
{
	for (ngx_uint_t i = 0; i < b->tried_n; i++)
		if (b->tried[i] == t)
			return 1;
	return 0;
}

static int is_failing(const struct task *t)
{
	return t->fails >= ZONE_MAX_FAILS && ngx_current_msec - t->failed_at < ZONE_FAIL_MS;
}

/* The one with less to do of @n tasks from @start on; NULL: each was tried, or @healthy and each
 * fails. */
static struct task *least(const struct balance *b, const struct tasks *tasks, ngx_uint_t start,
	ngx_uint_t n, int healthy)
{
	struct task *best = NULL;
	ngx_uint_t fewest = 0;

	for (ngx_uint_t i = 0; i < n; i++) {
		struct task *t = tasks->v[(start + i) % tasks->n];
		ngx_uint_t inflight;

		if (was_tried(b, t) || (healthy && is_failing(t)))
			continue;
		inflight = zone_inflight(b->call->zone, t->inflight);
		if (!best || inflight < fewest) {
			best = t;
			fewest = inflight;
		}
	}
	return best;
}

/* With the lock held. */
static struct task *choose(const struct balance *b)
{
	const struct tasks *tasks = b->call->function->tasks;
	struct task *x, *y = NULL;
	ngx_uint_t n = tasks ? tasks->n : 0;

	if (!n)
		return NULL;
	if (n > LOOK_AT_ALL) {
		x = least(b, tasks, (ngx_uint_t)ngx_random() % n, 1, 1);
		y = least(b, tasks, (ngx_uint_t)ngx_random() % n, 1, 1);
		if (x && y)
			return zone_inflight(b->call->zone, y->inflight) <
					       zone_inflight(b->call->zone, x->inflight)
				       ? y
				       : x;
	}
	x = least(b, tasks, (ngx_uint_t)ngx_random() % n, n, 1);
	return x ? x : least(b, tasks, 0, n, 0);
}

static ngx_int_t get_peer(ngx_peer_connection_t *pc, void *data)
{
	struct balance *b = data;
	struct call *call = b->call;

	zone_lock(call->zone);
	call->task = choose(b);
	if (call->task)
		(void)ngx_atomic_fetch_add(&call->task->inflight[zone_slot], 1);
	zone_unlock(call->zone);
	if (!call->task) {
		call->no_task = !b->tried_n; /* then it was not sent anywhere yet */
		return NGX_BUSY;
	}
	b->name.data = b->text;
	b->name.len = ngx_sock_ntop((struct sockaddr *)&call->task->address,
		sizeof(call->task->address), b->text, sizeof(b->text), 1);
	pc->sockaddr = (struct sockaddr *)&call->task->address;
	pc->socklen = sizeof(call->task->address);
	pc->name = &b->name;
	pc->cached = 0;
	pc->connection = NULL;
	return NGX_OK;
}

static void note_failure(struct task *t)
{
	if (ngx_current_msec - t->failed_at >= ZONE_FAIL_MS)
		t->fails = 0;
	t->failed_at = ngx_current_msec;
	(void)ngx_atomic_fetch_add(&t->fails, 1);
}

static void free_peer(ngx_peer_connection_t *pc, void *data, ngx_uint_t state)
{
	struct balance *b = data;
	struct task *t = b->call->task;

	if (!t)
		return;
	if (!(state & NGX_PEER_FAILED)) {
		if (t->fails)
			t->fails = 0;
	} else if (!pc->cached) {
		note_failure(t);
		if (b->tried_n < MAX_TRIED)
			b->tried[b->tried_n++] = t;
	}
	b->call->task = NULL;
	zone_drop(t);
	if (pc->tries)
		pc->tries--;
}

/* The function's own time limit, in a copy of the location's settings.  When it is over, so is the
 * time for another task: a call that ran into it is not run again, whatever its verb. */
static ngx_int_t set_timeout(ngx_http_request_t *r, ngx_msec_t timeout)
{
	ngx_http_upstream_conf_t *conf = ngx_palloc(r->pool, sizeof(*conf));

	if (!conf)
		return NGX_ERROR;
	*conf = *r->upstream->conf;
	conf->read_timeout = timeout;
	conf->next_upstream_timeout = ngx_min(conf->next_upstream_timeout, timeout);
	r->upstream->conf = conf;
	return NGX_OK;
}

static ngx_int_t init_peer(ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *us)
{
	ngx_http_upstream_t *u = r->upstream;
	struct call *call = call_of(r);
	struct balance *b = ngx_pcalloc(r->pool, sizeof(*b));

	if (!call || !call->function || !b)
		return NGX_ERROR;
	if (call->function->timeout_ms && set_timeout(r, call->function->timeout_ms) != NGX_OK)
		return NGX_ERROR;
	b->call = call;
	u->peer.data = b;
	u->peer.get = get_peer;
	u->peer.free = free_peer;
	u->peer.tries = ngx_max(call->function->ready, 1);
	return NGX_OK;
}

static ngx_int_t init_upstream(ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *us)
{
	us->peer.init = init_peer;
	return NGX_OK;
}

/* nginx wants an upstream to have a server: here is one that nothing ever looks at. */
char *balance_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
	ngx_http_upstream_srv_conf_t *us = ngx_http_conf_get_module_srv_conf(
		cf, ngx_http_upstream_module);
	ngx_http_upstream_server_t *server = ngx_array_push(us->servers);

	if (!server)
		return NGX_CONF_ERROR;
	ngx_memzero(server, sizeof(*server));
	us->peer.init_upstream = init_upstream;
	us->flags = NGX_HTTP_UPSTREAM_CREATE;
	return NGX_CONF_OK;
}
