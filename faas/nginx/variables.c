/*
 * Variables for the configuration: $svarm_uri, the path and query a function gets; $svarm_call_id,
 * the caller's own id when it is a sane one, else a new uuid; $svarm_start_time, when the call came
 * in, in nanoseconds.
 */
#include "faas/nginx/call.h"

#include <sys/random.h>

enum { CALL_ID_MAX = 128, UUID_LEN = 36 };

static ngx_int_t set(ngx_http_variable_value_t *v, u_char *data, size_t len)
{
	v->valid = 1;
	v->no_cacheable = 0;
	v->not_found = 0;
	v->data = data;
	v->len = (unsigned)len;
	return NGX_OK;
}

static ngx_int_t get_uri(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
	struct target t;
	u_char *text;

	target_cut(&r->unparsed_uri, &t);
	if (t.path.len) /* path and query lie side by side */
		return set(v, t.path.data, t.path.len + t.args.len);
	text = ngx_pnalloc(r->pool, t.args.len + 1);
	if (!text)
		return NGX_ERROR;
	text[0] = '/';
	if (t.args.len)
		ngx_memcpy(text + 1, t.args.data, t.args.len);
	return set(v, text, t.args.len + 1);
}

static int is_call_id(const ngx_str_t *s)
{
	for (size_t i = 0; i < s->len; i++) {
		u_char c = s->data[i], l = c | 0x20;

		if (!((c >= '0' && c <= '9') || (l >= 'a' && l <= 'z') || c == '-' || c == '_' ||
			    c == '.' || c == ':'))
			return 0;
	}
	return s->len > 0 && s->len <= CALL_ID_MAX;
}

static const ngx_table_elt_t *header(ngx_http_request_t *r, const char *name, size_t len)
{
	ngx_list_part_t *part = &r->headers_in.headers.part;

	for (; part; part = part->next) {
		ngx_table_elt_t *h = part->elts;

		for (ngx_uint_t i = 0; i < part->nelts; i++)
			if (h[i].key.len == len && !ngx_strncmp(h[i].lowcase_key, name, len))
				return &h[i];
	}
	return NULL;
}

/* xorshift128+, seeded by the kernel in each process: quick, and unlike nginx' own never the same
 * in two gateways.  An id is no secret. */
static uint64_t random_bits(void)
{
	static uint64_t a, b;
	static ngx_pid_t seeded;
	uint64_t x, y;

	if (seeded != ngx_pid) {
		if (getrandom(&a, sizeof(a), GRND_NONBLOCK) != (ssize_t)sizeof(a) ||
			getrandom(&b, sizeof(b), GRND_NONBLOCK) != (ssize_t)sizeof(b)) {
			a = (uint64_t)ngx_random() << 32 | (uint64_t)ngx_pid;
			b = (uint64_t)ngx_current_msec;
		}
		a |= 1;
		seeded = ngx_pid;
	}
	x = a;
	y = b;
	a = y;
	x ^= x << 23;
	b = x ^ y ^ (x >> 17) ^ (y >> 26);
	return b + y;
}

/* Version 4. */
static u_char *write_uuid(u_char *p)
{
	uint64_t a = random_bits(), b = random_bits();

	return ngx_sprintf(p, "%08xD-%04xD-4%03xD-%04xD-%04xD%08xD", (uint32_t)(a >> 32),
		(uint32_t)(a >> 16) & 0xffff, (uint32_t)a & 0xfff,
		0x8000 | ((uint32_t)(b >> 48) & 0x3fff), (uint32_t)(b >> 32) & 0xffff, (uint32_t)b);
}

static ngx_int_t get_call_id(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
	static const char name[] = "x-call-id";
	const ngx_table_elt_t *h = header(r, name, sizeof(name) - 1);
	u_char *text;

	if (h && is_call_id(&h->value))
		return set(v, h->value.data, h->value.len);
	text = ngx_pnalloc(r->pool, UUID_LEN + 8);
	if (!text)
		return NGX_ERROR;
	return set(v, text, (size_t)(write_uuid(text) - text));
}

static ngx_int_t get_start_time(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
	u_char *text = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + sizeof("000000000"));

	if (!text)
		return NGX_ERROR;
	return set(v, text,
		(size_t)(ngx_sprintf(text, "%T%03M000000", r->start_sec, r->start_msec) - text));
}

ngx_int_t call_variables(ngx_conf_t *cf)
{
	static const struct {
		ngx_str_t name;
		ngx_http_get_variable_pt get;
	} all[] = {
		{ngx_string("svarm_uri"), get_uri},
		{ngx_string("svarm_call_id"), get_call_id},
		{ngx_string("svarm_start_time"), get_start_time},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ngx_str_t name = all[i].name;
		ngx_http_variable_t *v = ngx_http_add_variable(cf, &name, 0);

		if (!v)
			return NGX_ERROR;
		v->get_handler = all[i].get;
	}
	return NGX_OK;
}
