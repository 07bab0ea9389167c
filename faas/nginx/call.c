/*
 * A call's way: counted as it comes in, then to a task of its function, or to the daemon, which
 * wakes the function and sends the call back; counted again when it has ended, however it did.
 */
#include "faas/nginx/call.h"

#include "faas/nginx/count.h"
#include "faas/nginx/reply.h"

static ngx_str_t asleep = ngx_string("@asleep");

static void forget(void *data)
{
	struct call *call = data;

	if (call->task)
		zone_drop(call->task);
	if (call->function)
		zone_drop(call->function);
	call->task = NULL;
	call->function = NULL;
}

struct zone *svarm_zone(ngx_http_request_t *r)
{
	struct main_conf *conf = ngx_http_get_module_main_conf(r, ngx_http_svarm_module);

	return conf->shm->data;
}

/* Internal redirects clear the modules' contexts; the cleanup stays. */
struct call *call_of(ngx_http_request_t *r)
{
	struct call *call = ngx_http_get_module_ctx(r, ngx_http_svarm_module);

	if (call || !(r->internal || r->filter_finalize))
		return call;
	for (ngx_pool_cleanup_t *c = r->pool->cleanup; c; c = c->next) {
		if (c->handler != forget)
			continue;
		ngx_http_set_ctx(r, c->data, ngx_http_svarm_module);
		return c->data;
	}
	return NULL;
}

/* NULL: out of memory. */
static struct call *begin(ngx_http_request_t *r, struct function *f)
{
	ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(r->pool, sizeof(struct call));
	struct call *call;

	if (!cleanup)
		return NULL;
	call = cleanup->data;
	ngx_memzero(call, sizeof(*call));
	call->request = r;
	call->zone = svarm_zone(r);
	call->function = f;
	call->since = count_clock();
	cleanup->handler = forget;
	ngx_http_set_ctx(r, call, ngx_http_svarm_module);
	count_start(f);
	return call;
}

static ngx_int_t not_found(ngx_http_request_t *r, const ngx_str_t *name)
{
	static const char text[] = "error finding function %V.openfaas-fn: server returned non-200 "
				   "status code (404) for function, %V\n";
	ngx_str_t body;

	body.data = ngx_pnalloc(r->pool, sizeof(text) + 2 * name->len);
	if (!body.data)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	body.len = (size_t)(ngx_sprintf(body.data, text, name, name) - body.data);
	if (reply_header(r, "X-Svarm-Reason", "no-function") != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	return reply_text(r, NGX_HTTP_NOT_FOUND, &body);
}

static ngx_int_t try_later(ngx_http_request_t *r, const char *reason)
{
	static ngx_str_t body = ngx_string("no instance of this function is running\n");

	if (reply_header(r, "Retry-After", "1") != NGX_OK ||
		reply_header(r, "X-Svarm-Reason", reason) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	return reply_text(r, NGX_HTTP_SERVICE_UNAVAILABLE, &body);
}

/* To the daemon, once: what it wakes up comes back by way of another location. */
static ngx_int_t wake(struct call *call)
{
	ngx_http_request_t *r = call->request;

	if (call->waited)
		return try_later(r, "no-task");
	call->waited = 1;
	call->away = 1;
	return ngx_http_named_location(r, &asleep);
}

static ngx_int_t on_new_call(ngx_http_request_t *r, struct call **ret)
{
	struct zone *z = svarm_zone(r);
	struct function *f = NULL;
	struct target target;

	target_cut(&r->unparsed_uri, &target);
	if (!z->shared->functions)
		return try_later(r, "starting");
	if (target.name.len)
		f = zone_take(z, target.name.data, target.name.len);
	if (!f)
		return not_found(r, &target.name);
	*ret = begin(r, f);
	if (*ret)
		return NGX_OK;
	zone_drop(f);
	return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

/* A phase handler must have ended the request itself when it answered it. */
static ngx_int_t ended(ngx_http_request_t *r, ngx_int_t rc)
{
	ngx_http_finalize_request(r, rc);
	return NGX_DONE;
}

static ngx_int_t on_call(ngx_http_request_t *r)
{
	struct loc_conf *conf = ngx_http_get_module_loc_conf(r, ngx_http_svarm_module);
	struct call *call;

	if (!conf->call || r != r->main)
		return NGX_DECLINED;
	call = call_of(r);
	if (!call) {
		ngx_int_t rc = on_new_call(r, &call);

		if (!call)
			return ended(r, rc);
	} else {
		call->away = 0;
		ngx_http_clean_header(r); /* what the daemon's answer left */
	}
	if (call->function->ready)
		return NGX_DECLINED;
	return ended(r, wake(call));
}

ngx_int_t call_failed(ngx_http_request_t *r)
{
	struct call *call = call_of(r);
	static ngx_str_t nothing = ngx_null_string;

	r->err_status = 0;
	r->error_page = 0;
	/* The rest of a body that is still coming in is not waited for, which ends the connection:
	 * the answer must say so, or the client's next call would meet a closed door. */
	if (r->reading_body)
		r->keepalive = 0;
	if (call && call->away) /* the daemon did not answer */
		return try_later(r, "no-task");
	if (call && call->no_task) {
		call->no_task = 0;
		/* Nobody reads the rest any more: a task would get what was there so far under the
		 * length of all of it, and take the next call on that connection for the rest. */
		return r->reading_body ? try_later(r, "no-task") : wake(call);
	}
	return reply_text(r, NGX_HTTP_BAD_GATEWAY, &nothing);
}

static ngx_uint_t status_of(const ngx_http_request_t *r)
{
	if (r->err_status)
		return r->err_status;
	return r->headers_out.status;
}

static ngx_int_t on_log(ngx_http_request_t *r)
{
	struct call *call = call_of(r);

	if (!call || !call->function)
		return NGX_OK;
	count_end(call->zone, call->function, status_of(r), count_clock() - call->since);
	forget(call);
	return NGX_OK;
}

static ngx_int_t add_handler(
	ngx_http_core_main_conf_t *core, ngx_uint_t phase, ngx_http_handler_pt handler)
{
	ngx_http_handler_pt *h = ngx_array_push(&core->phases[phase].handlers);

	if (!h)
		return NGX_ERROR;
	*h = handler;
	return NGX_OK;
}

ngx_int_t call_install(ngx_conf_t *cf)
{
	ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(
		cf, ngx_http_core_module);

	if (add_handler(core, NGX_HTTP_PREACCESS_PHASE, on_call) != NGX_OK ||
		add_handler(core, NGX_HTTP_LOG_PHASE, on_log) != NGX_OK)
		return NGX_ERROR;
	reply_install_filter();
	return NGX_OK;
}
