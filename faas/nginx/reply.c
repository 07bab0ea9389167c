/*
 * Answers: see reply.h.  A stream of events or lines is marked for the nginx in front of us, which
 * would hold them back until a buffer is full; the duration is added when the function says none.
 */
#include "faas/nginx/reply.h"

#include "faas/nginx/count.h"

static ngx_http_output_header_filter_pt next_header_filter;

ngx_int_t reply_text(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t *text)
{
	ngx_http_complex_value_t value;
	ngx_str_t type = ngx_string("text/plain");

	ngx_memzero(&value, sizeof(value));
	value.value = *text;
	return ngx_http_send_response(r, status, &type, &value);
}

ngx_int_t reply_header(ngx_http_request_t *r, const char *name, const char *value)
{
	ngx_table_elt_t *h = ngx_list_push(&r->headers_out.headers);

	if (!h)
		return NGX_ERROR;
	ngx_memzero(h, sizeof(*h));
	h->hash = 1;
	h->key = (ngx_str_t){ngx_strlen(name), (u_char *)name};
	h->value = (ngx_str_t){ngx_strlen(value), (u_char *)value};
	return NGX_OK;
}

static int has_header(const ngx_http_request_t *r, const char *name, size_t len)
{
	const ngx_list_part_t *part = &r->headers_out.headers.part;

	for (; part; part = part->next) {
		const ngx_table_elt_t *h = part->elts;

		for (ngx_uint_t i = 0; i < part->nelts; i++)
			if (h[i].hash && h[i].key.len == len &&
				!ngx_strncasecmp(h[i].key.data, (u_char *)name, len))
				return 1;
	}
	return 0;
}

static ngx_int_t add_duration(ngx_http_request_t *r, const struct call *call)
{
	static const char name[] = "X-Duration-Seconds";
	uint64_t micros = count_clock() - call->since;
	u_char *text;

	if (has_header(r, name, sizeof(name) - 1))
		return NGX_OK;
	text = ngx_pnalloc(r->pool, NGX_INT64_LEN + sizeof(".000000"));
	if (!text)
		return NGX_ERROR;
	*ngx_sprintf(text, "%uL.%06uL", micros / 1000000, micros % 1000000) = '\0';
	return reply_header(r, name, (const char *)text);
}

/* An answer whose parts are to arrive as they come. */
static int is_stream(const ngx_http_request_t *r)
{
	static const ngx_str_t types[] = {
		ngx_string("text/event-stream"), ngx_string("application/x-ndjson")};
	const ngx_str_t *have = &r->headers_out.content_type;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (have->len >= types[i].len &&
			!ngx_strncasecmp(have->data, types[i].data, types[i].len))
			return 1;
	return 0;
}

static ngx_int_t mark_stream(ngx_http_request_t *r)
{
	static const char name[] = "X-Accel-Buffering";

	if (!is_stream(r) || has_header(r, name, sizeof(name) - 1))
		return NGX_OK;
	return reply_header(r, name, "no");
}

static ngx_int_t header_filter(ngx_http_request_t *r)
{
	struct call *call = r == r->main ? call_of(r) : NULL;

	if (call && add_duration(r, call) != NGX_OK)
		return NGX_ERROR;
	if (r == r->main && mark_stream(r) != NGX_OK)
		return NGX_ERROR;
	if (svarm_zone(r)->shared->draining)
		r->keepalive = 0;
	return next_header_filter(r);
}

void reply_install_filter(void)
{
	next_header_filter = ngx_http_top_header_filter;
	ngx_http_top_header_filter = header_filter;
}
