/* Counters in the shared memory: see count.h.  The text is made in print.c. */
#include "faas/nginx/count.h"

enum { LOST_STATUS = 502 };

static const uint32_t bounds[ZONE_BUCKETS] = {
	5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

uint64_t count_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void touch(struct function *f)
{
	ngx_time_t *now = ngx_timeofday();

	f->last_ms = (ngx_atomic_uint_t)now->sec * 1000 + now->msec;
}

void count_start(struct function *f)
{
	(void)ngx_atomic_fetch_add(&f->started, 1);
	touch(f);
}

static struct code *find_code(struct function *f, ngx_uint_t status)
{
	struct code *c = f->codes;

	while (c && c->status != status)
		c = c->next;
	return c;
}

/* With the lock held.  NULL when there is no room. */
static struct code *make_code(struct zone *z, struct function *f, ngx_uint_t status)
{
	struct code *c = find_code(f, status);

	if (!c && f->codes_n >= ZONE_MAX_CODES) {
		status = status / 100 * 100;
		c = find_code(f, status);
	}
	if (c)
		return c;
	c = ngx_slab_calloc_locked(z->pool, sizeof(*c));
	if (!c)
		return f->codes; /* the sum stays right */
	c->status = status;
	c->next = f->codes;
	ngx_memory_barrier();
	f->codes = c;
	f->codes_n++;
	return c;
}

static void add(struct code *c, uint64_t micros)
{
	ngx_uint_t i = 0;

	(void)ngx_atomic_fetch_add(&c->micros, (ngx_atomic_int_t)micros);
	while (i < ZONE_BUCKETS && micros > bounds[i])
		i++;
	if (i < ZONE_BUCKETS)
		(void)ngx_atomic_fetch_add(&c->buckets[i], 1);
	(void)ngx_atomic_fetch_add(&c->calls, 1);
}

void count_end(struct zone *z, struct function *f, ngx_uint_t status, uint64_t micros)
{
	struct code *c = find_code(f, status);

	if (!c) {
		zone_lock(z);
		c = make_code(z, f, status);
		zone_unlock(z);
	}
	if (c)
		add(c, micros);
	touch(f);
}

void count_lost(struct zone *z, struct function *f)
{
	struct code *c = make_code(z, f, LOST_STATUS);

	if (c)
		(void)ngx_atomic_fetch_add(&c->calls, 1);
}
