/*
 * The counters and the table as text.  A few functions at a time with the lock held, so that no
 * call waits long for it; where to go on is found by name, as the table may change in between.
 */
#include "faas/nginx/count.h"

enum { AT_ONCE = 16, PAGE = 16384 };

struct printing {
	struct zone *zone;
	ngx_pool_t *pool;
	ngx_chain_t *first, **next;
	ngx_buf_t *buf;                  /* the last one; NULL: out of memory */
	u_char name[TABLE_NAME_MAX + 2]; /* what comes next is not below it */
	size_t name_len;
};

/* Room for at least @n more bytes. */
static int reserve(struct printing *p, size_t n)
{
	ngx_chain_t *link;

	if (p->buf && (size_t)(p->buf->end - p->buf->last) >= n)
		return 1;
	link = ngx_alloc_chain_link(p->pool);
	p->buf = link ? ngx_create_temp_buf(p->pool, PAGE) : NULL;
	if (!p->buf)
		return 0;
	link->buf = p->buf;
	link->next = NULL;
	*p->next = link;
	p->next = &link->next;
	return 1;
}

static void print_status(struct printing *p, const struct code *c)
{
	ngx_buf_t *b;

	if (!reserve(p, 64 + (ZONE_BUCKETS + 3) * NGX_ATOMIC_T_LEN))
		return;
	b = p->buf;
	b->last = ngx_sprintf(b->last, "status %ui %uA %uA", c->status, c->calls, c->micros);
	for (ngx_uint_t i = 0; i < ZONE_BUCKETS; i++)
		b->last = ngx_sprintf(b->last, " %uA", c->buckets[i]);
	*b->last++ = '\n';
}

/* What ended is read before what began: so it is never more. */
static void print_counters(struct printing *p, const struct function *f)
{
	if (!f->started || !reserve(p, 128))
		return;
	p->buf->last = ngx_sprintf(p->buf->last, "function %s\n", f->name);
	for (const struct code *c = f->codes; c; c = c->next)
		print_status(p, c);
	if (reserve(p, 64 + 2 * NGX_ATOMIC_T_LEN))
		p->buf->last = ngx_sprintf(
			p->buf->last, "started %uA %uA\n", f->started, f->last_ms);
}

static void print_tasks(struct printing *p, const struct function *f)
{
	u_char text[NGX_SOCKADDR_STRLEN];

	if (!reserve(p, 128 + 2 * NGX_ATOMIC_T_LEN))
		return;
	p->buf->last = ngx_sprintf(p->buf->last, "function %s %uA %ui\n", f->name, f->timeout_ms,
		zone_inflight(p->zone, f->inflight));
	for (ngx_uint_t i = 0; f->tasks && i < f->tasks->n; i++) {
		struct task *t = f->tasks->v[i];
		size_t n = ngx_sock_ntop(
			(struct sockaddr *)&t->address, sizeof(t->address), text, sizeof(text), 1);

		if (!reserve(p, 128 + 2 * NGX_ATOMIC_T_LEN))
			return;
		p->buf->last = ngx_sprintf(p->buf->last, "task %*s %ui %uA\n", n, text,
			zone_inflight(p->zone, t->inflight), t->fails);
	}
}

static void line(struct printing *p, const char *text)
{
	if (reserve(p, 64))
		p->buf->last = ngx_sprintf(p->buf->last, "%s\n", text);
}

/* The next functions; false when there are no more. */
static int print_some(
	struct printing *p, void (*print)(struct printing *p, const struct function *f))
{
	struct functions *all;
	const struct function *f = NULL;
	ngx_uint_t i, end;

	zone_lock(p->zone);
	all = p->zone->shared->functions;
	i = all ? zone_find(all, p->name, p->name_len) : 0;
	end = all ? ngx_min(i + AT_ONCE, all->n) : 0;
	for (; i < end; i++) {
		f = all->v[i];
		print(p, f);
	}
	if (f) { /* just behind it: no character of a name is below '-' */
		p->name_len = f->name_len + 1;
		ngx_memcpy(p->name, f->name, f->name_len);
		p->name[f->name_len] = '!';
	}
	zone_unlock(p->zone);
	return f && p->buf;
}

static ngx_chain_t *print_all(struct zone *z, ngx_pool_t *pool, const char *head,
	void (*print)(struct printing *p, const struct function *f))
{
	struct printing p = {.zone = z, .pool = pool};

	p.next = &p.first;
	line(&p, head);
	while (print_some(&p, print))
		;
	line(&p, "end");
	return p.buf ? p.first : NULL;
}

ngx_chain_t *count_print(struct zone *z, ngx_pool_t *pool)
{
	return print_all(z, pool, "svarm-counters 1", print_counters);
}

ngx_chain_t *count_print_table(struct zone *z, ngx_pool_t *pool)
{
	return print_all(z, pool, TABLE_HEAD, print_tasks);
}
