/* One call of a function, from its request line to the log. */
#pragma once

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "faas/nginx/zone.h"

struct call {
	ngx_http_request_t *request;
	struct zone *zone;
	struct function *function; /* counted in flight */
	struct task *task;         /* counted in flight; NULL: none right now */
	uint64_t since;            /* count_clock() */
	unsigned waited : 1;       /* the daemon was asked to wake the function ... */
	unsigned away : 1;         /* ... and has not sent the call back */
	unsigned no_task : 1;      /* no task was left to try */
};

/* main.c: settings of this module. */
struct main_conf {
	ngx_shm_zone_t *shm; /* its data is the struct zone; NULL: no svarm_zone */
};

struct loc_conf {
	ngx_flag_t call; /* svarm_call */
};

extern ngx_module_t ngx_http_svarm_module;

struct zone *svarm_zone(ngx_http_request_t *r);
/* The call that @r is; NULL: none.  Outlives internal redirects. */
struct call *call_of(ngx_http_request_t *r);

/* Phase handlers, filter and variables; from main.c's postconfiguration. */
ngx_int_t call_install(ngx_conf_t *cf);
ngx_int_t call_variables(ngx_conf_t *cf);
/* Content handler of the location for calls that reached no task. */
ngx_int_t call_failed(ngx_http_request_t *r);

/* balance.c */
char *balance_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* control.c: content handler of the daemon's own door. */
ngx_int_t control_handler(ngx_http_request_t *r);

/* target.c: what a request line names. */
struct target {
	ngx_str_t name; /* empty: no function's name */
	ngx_str_t path; /* with its leading '/'; empty: none was given */
	ngx_str_t args; /* with its leading '?'; empty: none */
};

/* Cut @uri ("/function/NAME[.NAMESPACE][/PATH][?ARGS]", as sent); parts are borrowed from it. */
void target_cut(const ngx_str_t *uri, struct target *ret);
