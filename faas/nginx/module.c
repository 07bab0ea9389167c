/*
 * nginx' module that carries svarm's functions.  Its directives:
 *
 *     svarm_zone SIZE [FILE];   http: the shared memory; the table it begins with
 *     svarm_call;               location: calls of functions come in here
 *     svarm_failed;             location: where calls end that reached no task
 *     svarm_tasks;              upstream: the tasks of the call's function
 *     svarm_control;            location: the daemon's own door
 *
 * A call that finds its function without a task goes to the location @asleep.
 */
#include "faas/nginx/call.h"

static void *create_main_conf(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct main_conf));
}

static void *create_loc_conf(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct loc_conf)); /* not inherited */
}

static char *set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
	static ngx_str_t name = ngx_string("svarm");
	struct main_conf *main = conf;
	ngx_str_t *args = cf->args->elts;
	ssize_t size = ngx_parse_size(&args[1]);
	ngx_core_conf_t *core = (ngx_core_conf_t *)ngx_get_conf(
		cf->cycle->conf_ctx, ngx_core_module);
	ngx_uint_t workers = core->worker_processes > 0 ? (ngx_uint_t)core->worker_processes : 1;
	struct zone *z = ngx_pcalloc(cf->pool, sizeof(*z));

	if (main->shm)
		return (char *)"is duplicate";
	if (size < (ssize_t)(64 * ngx_pagesize))
		return (char *)"is too small";
	main->shm = ngx_shared_memory_add(cf, &name, (size_t)size, &ngx_http_svarm_module);
	if (!z || !main->shm)
		return NGX_CONF_ERROR;
	/* For the workers now, and for those of before a reload whose calls still run. */
	z->slots_n = 2 * workers + 2;
	if (cf->args->nelts > 2)
		z->file = args[2];
	main->shm->data = z;
	main->shm->init = zone_init;
	return NGX_CONF_OK;
}

static char *need_zone(ngx_conf_t *cf)
{
	struct main_conf *main = ngx_http_conf_get_module_main_conf(cf, ngx_http_svarm_module);

	return main->shm ? NGX_CONF_OK : (char *)"needs svarm_zone before it";
}

static char *set_call(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
	struct loc_conf *loc = conf;

	loc->call = 1;
	return need_zone(cf);
}

static char *set_handler(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
	ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(
		cf, ngx_http_core_module);

	core->handler = (ngx_http_handler_pt)cmd->post;
	return need_zone(cf);
}

static struct zone *zone_of(ngx_cycle_t *cycle)
{
	struct main_conf *main = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_svarm_module);

	return main && main->shm ? main->shm->data : NULL;
}

static ngx_int_t init_process(ngx_cycle_t *cycle)
{
	struct zone *z = zone_of(cycle);

	if (z && (ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE))
		zone_enter(z);
	return NGX_OK;
}

static void exit_process(ngx_cycle_t *cycle)
{
	struct zone *z = zone_of(cycle);

	if (z && (ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE))
		zone_leave(z);
}

static ngx_command_t commands[] = {
	{ngx_string("svarm_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12, set_zone,
		NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
	{ngx_string("svarm_call"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_call,
		NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
	{ngx_string("svarm_failed"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_handler,
		NGX_HTTP_LOC_CONF_OFFSET, 0, (void *)call_failed},
	{ngx_string("svarm_control"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_handler,
		NGX_HTTP_LOC_CONF_OFFSET, 0, (void *)control_handler},
	{ngx_string("svarm_tasks"), NGX_HTTP_UPS_CONF | NGX_CONF_NOARGS, balance_directive, 0, 0,
		NULL},
	ngx_null_command,
};

static ngx_http_module_t context = {
	.preconfiguration = call_variables,
	.postconfiguration = call_install,
	.create_main_conf = create_main_conf,
	.create_loc_conf = create_loc_conf,
};

ngx_module_t ngx_http_svarm_module = {
	NGX_MODULE_V1,
	.ctx = &context,
	.commands = commands,
	.type = NGX_HTTP_MODULE,
	.init_process = init_process,
	.exit_process = exit_process,
};

/* What nginx looks for in a module's file; nothing else of it is visible. */
#define EXPORTED __attribute__((visibility("default")))

extern EXPORTED ngx_module_t *ngx_modules[];
extern EXPORTED char *ngx_module_names[];
extern EXPORTED char *ngx_module_order[];

ngx_module_t *ngx_modules[] = {&ngx_http_svarm_module, NULL};
char *ngx_module_names[] = {(char *)"ngx_http_svarm_module", NULL};
char *ngx_module_order[] = {NULL};
