/*
 * The function and what it gets to see, from the request line as it was sent: nginx' own $uri is
 * decoded, and decoding twice would turn a%2Fb into a/b.
 */
#include "faas/nginx/call.h"

#define PREFIX    "/function/"
#define NAMESPACE ".openfaas-fn"

static int in_name(u_char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
	       c == '_';
}

/* Ends a name: nothing, a path or a query. */
static int ends(const u_char *p, const u_char *end)
{
	return p == end || *p == '/' || *p == '?';
}

void target_cut(const ngx_str_t *uri, struct target *ret)
{
	u_char *p = uri->data + sizeof(PREFIX) - 1, *end = uri->data + uri->len, *name, *at;

	ngx_memzero(ret, sizeof(*ret));
	if (uri->len < sizeof(PREFIX) - 1 || ngx_strncmp(uri->data, PREFIX, sizeof(PREFIX) - 1))
		return;
	at = ngx_strlchr(p, end, '#'); /* no server gets that */
	if (at)
		end = at;
	for (name = p; p < end && in_name(*p); p++)
		;
	at = p;
	if ((size_t)(end - p) >= sizeof(NAMESPACE) - 1 &&
		!ngx_strncmp(p, NAMESPACE, sizeof(NAMESPACE) - 1))
		p += sizeof(NAMESPACE) - 1;
	if (!ends(p, end) || at - name > TABLE_NAME_MAX)
		return;
	ret->name = (ngx_str_t){(size_t)(at - name), name};
	at = ngx_strlchr(p, end, '?');
	if (!at)
		at = end;
	ret->path = (ngx_str_t){(size_t)(at - p), p};
	ret->args = (ngx_str_t){(size_t)(end - at), at};
}
