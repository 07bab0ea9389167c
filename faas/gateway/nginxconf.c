/*
 * nginx.conf of the gateway: see nginxconf.h.  Function calls never pass through our own processes:
 * the module (faas/nginx/) finds the function, picks a task and counts; nginx' own proxy does the
 * rest, over connections that are kept alive (HTTP/1.1 and an empty Connection header: without
 * both, keepalive does nothing).
 *
 * A call that finds its function without a task goes to @asleep: its body is read and kept, the
 * daemon is asked, and answers "X-Accel-Redirect: @awake" once a task is ready.
 */
#include "faas/gateway/nginxconf.h"

#include "faas/common/keys.h"

static const long NEXT_TASK_MS = 10000; /* for so long another task is tried */

static void seconds(struct buf *out, const char *name, long ms)
{
	buf_addf(out, "%s %ldms;\n", name, ms);
}

static void write_main(const struct config *c, const struct nginx_env *env, struct buf *out)
{
	buf_adds(out, "# Written by svarm-gateway at its start; changes are lost.\n"
		      "daemon off;\n");
	buf_addf(out, "load_module %s;\n", c->nginx_module);
	if (env->user)
		buf_addf(out, "user %s;\n", env->user);
	buf_addf(out, "worker_processes %ld;\n", c->worker_processes);
	buf_addf(out, "worker_rlimit_nofile %lu;\n", env->nofile);
	seconds(out, "worker_shutdown_timeout", c->read_timeout_ms);
	buf_addf(out,
		"error_log stderr error;\n"
		"pid %s/nginx.pid;\n"
		"events {\n"
		"worker_connections %ld;\n"
		"}\n"
		"http {\n"
		"svarm_zone 64m %s/" PLANE_TABLE ";\n",
		c->run_dir, c->worker_connections, c->run_dir);
}

static void write_client_side(const struct config *c, struct buf *out)
{
	static const char *const kinds[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};

	if (c->access_log)
		buf_adds(out, "log_format svarm '$time_iso8601 $remote_addr \"$request\" $status "
			      "$body_bytes_sent $request_time $upstream_addr $svarm_call_id';\n"
			      "access_log /dev/stdout svarm;\n");
	else
		buf_adds(out, "access_log off;\n");
	buf_adds(out, "default_type text/plain;\n"
		      "server_tokens off;\n"
		      "merge_slashes off;\n"
		      "underscores_in_headers on;\n"
		      "reset_timedout_connection on;\n"
		      "keepalive_timeout 75s;\n"
		      "keepalive_requests 100000;\n"
		      "large_client_header_buffers 8 16k;\n"
		      "client_body_buffer_size 64k;\n");
	buf_addf(out, "client_max_body_size %s;\n", c->max_body_size);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		buf_addf(out, "%s_temp_path %s/%s;\n", kinds[i], c->tmp_dir, kinds[i]);
}

static void write_proxy_side(const struct config *c, struct buf *out)
{
	buf_adds(out, "proxy_http_version 1.1;\n"
		      "proxy_redirect off;\n"
		      "proxy_buffering off;\n"
		      "proxy_buffer_size 16k;\n"
		      "proxy_buffers 4 16k;\n"
		      "proxy_max_temp_file_size 0;\n"
		      /* Another task is tried when connecting fails; once a request was sent, only
		       * an idempotent one is (nginx' own rule), and only soon: a call that ran
		       * into the read timeout is not run again. */
		      "proxy_next_upstream error timeout;\n"
		      "proxy_next_upstream_tries 3;\n");
	seconds(out, "proxy_next_upstream_timeout", MIN_OF(c->read_timeout_ms, NEXT_TASK_MS));
	seconds(out, "proxy_connect_timeout", c->connect_timeout_ms);
	seconds(out, "proxy_send_timeout", c->read_timeout_ms);
	seconds(out, "proxy_read_timeout", c->read_timeout_ms);
	buf_adds(out, "proxy_set_header Connection $svarm_connection;\n"
		      "proxy_set_header Upgrade $http_upgrade;\n"
		      "proxy_set_header Host $host;\n"
		      "proxy_set_header X-Call-Id $svarm_call_id;\n"
		      "proxy_set_header X-Start-Time $svarm_start_time;\n"
		      "proxy_set_header X-Real-IP $svarm_real_ip;\n"
		      "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
		      "proxy_set_header X-Forwarded-Host $svarm_forwarded_host;\n"
		      "proxy_set_header X-Forwarded-Proto $svarm_forwarded_proto;\n"
		      /* for the nginx in front of us; other X-Accel- headers stop here */
		      "proxy_pass_header X-Accel-Buffering;\n"
		      "proxy_hide_header X-Call-Id;\n"
		      "proxy_hide_header X-Start-Time;\n"
		      "add_header X-Call-Id $svarm_call_id always;\n"
		      "add_header X-Start-Time $svarm_start_time always;\n");
}

static void write_maps(struct buf *out)
{
	buf_adds(out,
		/* an upgrade (WebSocket) passes */
		"map $http_upgrade $svarm_connection {\n"
		"default upgrade;\n"
		"\"\" \"\";\n"
		"}\n"
		"map $http_x_real_ip $svarm_real_ip {\n"
		"default $http_x_real_ip;\n"
		"\"\" $remote_addr;\n"
		"}\n"
		"map $http_x_forwarded_host $svarm_forwarded_host {\n"
		"default $http_x_forwarded_host;\n"
		"\"\" $http_host;\n"
		"}\n"
		"map $http_x_forwarded_proto $svarm_forwarded_proto {\n"
		"default $http_x_forwarded_proto;\n"
		"\"\" $scheme;\n"
		"}\n");
}

static void write_upstream(const struct config *c, struct buf *out)
{
	buf_addf(out,
		"upstream svarm_functions {\n"
		"svarm_tasks;\n"
		"keepalive %ld;\n"
		"keepalive_requests 100000;\n"
		"keepalive_timeout %ldms;\n"
		"}\n",
		c->keepalive, c->upstream_idle_ms);
}

static void write_function_calls(struct buf *out)
{
	/* To a task.  A function's answer cannot steer nginx, nor pass for the gateway's own. */
	static const char proxy[] =
		"error_page 502 504 = @failed;\n"
		"proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate "
		"X-Accel-Buffering X-Accel-Charset;\n"
		"proxy_hide_header X-Call-Id;\n"
		"proxy_hide_header X-Start-Time;\n"
		"proxy_hide_header X-Svarm-Reason;\n"
		"proxy_pass http://svarm_functions$svarm_uri;\n"
		"}\n";

	/* A body streams: it is sent on as it comes in, and not to a second task.  (What came in
	 * together with the headers is kept, and can be.) */
	buf_addf(
		out, "location /function/ {\nsvarm_call;\nproxy_request_buffering off;\n%s", proxy);
	buf_addf(out, "location @awake {\nsvarm_call;\n%s", proxy);
	/* Who is asleep is decided without the body: it stays here. */
	buf_adds(out, "location @asleep {\n"
		      "error_page 502 504 = @failed;\n"
		      "proxy_pass_request_body off;\n"
		      "proxy_set_header Content-Length \"\";\n"
		      "proxy_set_header Connection \"\";\n"
		      "proxy_set_header Host $host;\n"
		      "proxy_set_header X-Call-Id $svarm_call_id;\n"
		      "proxy_set_header X-Start-Time $svarm_start_time;\n"
		      "proxy_pass http://svarm_control;\n"
		      "}\n"
		      "location @failed {\n"
		      "svarm_failed;\n"
		      "}\n");
}

/* @rule is "= /path" or "/prefix/"; @more further lines or "". */
static void write_control(struct buf *out, const char *rule, const char *more)
{
	buf_addf(out, "location %s {\n%sproxy_pass http://svarm_control;\n}\n", rule, more);
}

static void write_not_found(struct buf *out, const char *rule)
{
	buf_addf(out, "location %s {\nreturn 404 \"not found\\n\";\n}\n", rule);
}

static void write_server(const struct config *c, struct buf *out)
{
	buf_addf(out,
		"upstream svarm_control {\n"
		"server unix:%s/control.sock;\n"
		"keepalive 64;\n"
		"keepalive_requests 100000;\n"
		"}\n"
		"server {\n"
		"listen %ld backlog=%ld;\n",
		c->run_dir, c->port, c->backlog);
	write_function_calls(out);
	write_control(out, "/async-function/", "client_max_body_size 10m;\n");
	write_control(out, "/system/", "client_max_body_size 1m;\n");
	/* Followed for as long as somebody reads. */
	write_control(out, "= /system/logs", "proxy_read_timeout 1h;\n");
	write_control(out, "/ui/", "");
	write_control(out, "= /", "");
	write_control(out, "= /healthz", "");
	/* Without these nginx would redirect to the same with a slash. */
	write_not_found(out, "= /function");
	write_not_found(out, "= /async-function");
	write_not_found(out, "= /system");
	write_not_found(out, "= /ui");
	write_not_found(out, "/");
	buf_adds(out, "}\n");
}

static void write_metrics_server(const struct config *c, struct buf *out)
{
	buf_addf(out, "server {\nlisten %ld;\n", c->metrics_port);
	write_control(out, "= /metrics", "");
	buf_adds(out, "location = /healthz {\nreturn 200 \"OK\\n\";\n}\n");
	write_not_found(out, "/");
	buf_addf(out,
		"}\n"
		"server {\n"
		"listen unix:%s/status.sock;\n"
		"location / {\n"
		"stub_status;\n"
		"}\n"
		"}\n",
		c->run_dir);
}

/* The table must lie in memory. */
static void write_plane_server(const struct config *c, struct buf *out)
{
	buf_addf(out,
		"server {\n"
		"listen unix:%s/" PLANE_SOCKET ";\n"
		"client_max_body_size 4m;\n"
		"client_body_buffer_size 4m;\n"
		"access_log off;\n"
		"location / {\n"
		"svarm_control;\n"
		"}\n"
		"}\n",
		c->run_dir);
}

void nginx_conf(const struct config *c, const struct nginx_env *env, struct buf *out)
{
	write_main(c, env, out);
	write_client_side(c, out);
	write_proxy_side(c, out);
	write_maps(out);
	write_upstream(c, out);
	write_server(c, out);
	write_metrics_server(c, out);
	write_plane_server(c, out);
	buf_adds(out, "}\n");
}
