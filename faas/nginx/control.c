/*
 * The daemon's own door, on a socket that nobody else can open: PUT /table, GET /table,
 * GET /counters, PUT /drain, PUT /deaf.
 */
#include "faas/nginx/call.h"
#include "faas/nginx/count.h"
#include "faas/nginx/deaf.h"
#include "faas/nginx/reply.h"

/* The request's body in one piece; NULL: out of memory, or the configuration let it go to a file.
 */
static u_char *join_body(ngx_http_request_t *r, size_t *ret_len)
{
	ngx_chain_t *bufs = r->request_body ? r->request_body->bufs : NULL;
	u_char *text, *p;
	size_t len = 0;

	for (ngx_chain_t *c = bufs; c; c = c->next) {
		if (!ngx_buf_in_memory(c->buf) && !ngx_buf_special(c->buf))
			return NULL;
		len += (size_t)(c->buf->last - c->buf->pos);
	}
	p = text = ngx_pnalloc(r->pool, len + 1);
	for (ngx_chain_t *c = bufs; text && c; c = c->next)
		if (c->buf->last > c->buf->pos)
			p = ngx_cpymem(p, c->buf->pos, (size_t)(c->buf->last - c->buf->pos));
	*ret_len = len;
	return text;
}

static void on_table(ngx_http_request_t *r)
{
	ngx_str_t answer = ngx_string("done\n");
	const char *problem;
	size_t len;
	u_char *text = join_body(r, &len);

	if (!text) {
		ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
		return;
	}
	problem = zone_write(svarm_zone(r), (const char *)text, len);
	if (problem)
		answer = (ngx_str_t){ngx_strlen(problem), (u_char *)problem};
	ngx_http_finalize_request(
		r, reply_text(r, problem ? NGX_HTTP_BAD_REQUEST : NGX_HTTP_OK, &answer));
}

static ngx_int_t put_table(ngx_http_request_t *r)
{
	ngx_int_t rc;

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

/* From now on every answer closes its connection: nobody sends a call on one that nginx is about to
 * close.  Until nginx ends. */
static ngx_int_t drain(ngx_http_request_t *r)
{
	ngx_str_t answer = ngx_string("done\n");

	svarm_zone(r)->shared->draining = 1;
	return reply_text(r, NGX_HTTP_OK, &answer);
}

/* Nobody gets a new connection any more; the answer is how many have not been accepted yet. */
static ngx_int_t deafen(ngx_http_request_t *r)
{
	ngx_str_t answer = {0, ngx_pnalloc(r->pool, NGX_INT_T_LEN + 1)};
	ngx_uint_t waiting;

	if (!answer.data || deaf_listen(r->connection->log, &waiting) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	answer.len = (size_t)(ngx_sprintf(answer.data, "%ui\n", waiting) - answer.data);
	return reply_text(r, NGX_HTTP_OK, &answer);
}

ngx_int_t control_handler(ngx_http_request_t *r)
{
	if (asks(r, NGX_HTTP_PUT, "/table"))
		return put_table(r);
	if (ngx_http_discard_request_body(r) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	if (asks(r, NGX_HTTP_PUT, "/drain"))
		return drain(r);
	if (asks(r, NGX_HTTP_PUT, "/deaf"))
		return deafen(r);
	if (asks(r, NGX_HTTP_GET, "/counters"))
		return send_text(r, count_print(svarm_zone(r), r->pool));
	if (asks(r, NGX_HTTP_GET, "/table"))
		return send_text(r, count_print_table(svarm_zone(r), r->pool));
	return NGX_HTTP_NOT_FOUND;
}
