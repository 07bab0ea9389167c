/*
 * The gateway's own HTTP interface, behind nginx on a unix socket: routes, authentication, and the
 * asynchronous calls.  Handlers that need Docker run on a few threads of their own.
 */
#pragma once

#include "faas/gateway/config.h"
#include "faas/gateway/queue.h"
#include "faas/gateway/watch.h"
#include "lib/ext/httpd.h"

/* Connections from nginx, besides those of callers that wait for a function. */
enum { API_OTHER_CONNECTIONS = 4096 };

struct api;
struct docker;
struct plane;
struct wake;
struct scaler;
struct usage;
struct backlog;

/* The parts of the daemon that handlers use; all borrowed for good. */
struct parts {
	const struct config *c;
	struct watch *watch;
	struct queue *queue;
	struct plane *plane;
	struct wake *wake;       /* wakes functions up */
	struct scaler *scaler;   /* decides on their number of tasks */
	struct usage *usage;     /* what their containers use */
	struct backlog *backlog; /* how many asynchronous calls wait */
};

/* Serve on $SVARM_RUN/control.sock.  @parts is copied. */
int api_start(const struct parts *parts, struct api **ret, struct err *err) _must_check_;

/* What a handler works with. */
struct call {
	struct httpd_request *rq;
	const struct parts *parts;
	const struct config *c;
	struct watch *watch;
	struct queue *queue;
	struct api *api;
	struct docker *docker; /* only on the threads for Docker */
	const char *rest;      /* of the path, behind the route's prefix */
};

/* async.c: on an event thread. */
void async_accept(struct call *c);
/* Bytes of body an asynchronous call may bring; answers 503 itself when too much is held already.
 */
size_t async_admit(const struct config *c, struct httpd_request *rq);
/* Give back what async_admit() reserved for @rq. */
void async_release(struct httpd_request *rq);

/* alert.c, metrics_page.c: on a thread for Docker. */
void alert_receive(struct call *c);
void metrics_page(struct call *c);

/* system_*.c: on a thread for Docker. */
void system_list(struct call *c);
void system_deploy(struct call *c);
void system_update(struct call *c);
void system_delete(struct call *c);
void system_status(struct call *c);
void system_scale(struct call *c);
void system_secret_list(struct call *c);
void system_secret_create(struct call *c);
void system_secret_update(struct call *c);
void system_secret_delete(struct call *c);
/* ... and on an event thread. */
void system_logs(struct call *c);
/* The gateway stops: logs that are followed end within a second or so. */
void system_logs_end(void);
void system_info(struct call *c);
void system_namespaces(struct call *c);
void system_namespace(struct call *c);
void system_async_report(struct call *c);
void system_telemetry(struct call *c);
/* ui.c: on an event thread. */
void ui_redirect(struct call *c);
void ui_page(struct call *c);
