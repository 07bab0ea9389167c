/*
 * The daemon's own door, on a socket that nobody else can open: PUT /table, GET /table,
 * GET /counters.
 */
#include "faas/nginx/call.h"
#include "faas/nginx/count.h"
#include "faas/nginx/reply.h"

static void on_table(ngx_http_request_t *r)
{
	ngx_str_t text = ngx_string("done\n");
	ngx_buf_t *b = NULL;
	const char *problem;

	/* In one piece and in memory: the configuration sees to that. */
	if (r->request_body && r->request_body->bufs && !r->request_body->temp_file)
		b = r->request_body->bufs->buf;
	if (!b || r->request_body->bufs->next) {
		ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
		return;
	}
	problem = zone_write(svarm_zone(r), (const char *)b->pos, (size_t)(b->last - b->pos));
	if (problem)
		text = (ngx_str_t){ngx_strlen(problem), (u_char *)problem};
	ngx_http_finalize_request(
		r, reply_text(r, problem ? NGX_HTTP_BAD_REQUEST : NGX_HTTP_OK, &text));
}

static ngx_int_t put_table(ngx_http_request_t *r)
{
	ngx_int_t rc;

	r->request_body_in_single_buf = 1;
	rc = ngx_http_read_client_request_body(r, on_table);
	return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

static ngx_int_t send_text(ngx_http_request_t *r, ngx_chain_t *text)
{
	ngx_chain_t *last = text;
	off_t n = 0;
	ngx_int_t rc;

	if (!text)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	for (ngx_chain_t *c = text; c; c = c->next) {
		n += ngx_buf_size(c->buf);
		last = c;
	}
	last->buf->last_buf = 1;
	r->headers_out.status = NGX_HTTP_OK;
	r->headers_out.content_length_n = n;
	rc = ngx_http_send_header(r);
	if (rc == NGX_ERROR || rc > NGX_OK || r->header_only)
		return rc;
	return ngx_http_output_filter(r, text);
}

static int asks(const ngx_http_request_t *r, ngx_uint_t method, const char *path)
{
	return r->method == method && r->uri.len == ngx_strlen(path) &&
	       !ngx_strncmp(r->uri.data, path, r->uri.len);
}

ngx_int_t control_handler(ngx_http_request_t *r)
{
	if (asks(r, NGX_HTTP_PUT, "/table"))
		return put_table(r);
	if (ngx_http_discard_request_body(r) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	if (asks(r, NGX_HTTP_GET, "/counters"))
		return send_text(r, count_print(svarm_zone(r), r->pool));
	if (asks(r, NGX_HTTP_GET, "/table"))
		return send_text(r, count_print_table(svarm_zone(r), r->pool));
	return NGX_HTTP_NOT_FOUND;
}
