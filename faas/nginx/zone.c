/* Shared memory and who counts in it: see zone.h.  The table is written in write.c. */
#include "faas/nginx/zone.h"

#include "faas/nginx/count.h"

/* More than any worker process can have: a count beyond it is no count. */
enum { MAX_LOST = 1 << 20 };

ngx_uint_t zone_slot;

void zone_lock(struct zone *z)
{
	ngx_shmtx_lock(&z->pool->mutex);
}

void zone_unlock(struct zone *z)
{
	ngx_shmtx_unlock(&z->pool->mutex);
}

/* The table the daemon wrote last, so that nginx knows the functions from its first call on.  When
 * it is missing or bad, calls wait for the daemon. */
static void read_file(struct zone *z, ngx_log_t *log)
{
	ngx_fd_t fd = ngx_open_file(z->file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
	const char *problem = NULL;
	char *text;
	ssize_t n;

	if (fd == NGX_INVALID_FILE) {
		if (ngx_errno != NGX_ENOENT)
			ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "svarm: '%V'", &z->file);
		return;
	}
	text = ngx_alloc(TABLE_MAX_BYTES, log);
	n = text ? ngx_read_fd(fd, text, TABLE_MAX_BYTES) : -1;
	if (text && n < 0)
		ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "svarm: '%V'", &z->file);
	if (n >= 0)
		problem = zone_write(z, text, (size_t)n);
	if (problem)
		ngx_log_error(NGX_LOG_ERR, log, 0, "svarm: '%V': %s", &z->file, problem);
	ngx_free(text);
	ngx_close_file(fd);
}

ngx_int_t zone_init(ngx_shm_zone_t *shm, void *data)
{
	struct zone *z = shm->data, *old = data;

	z->pool = (ngx_slab_pool_t *)shm->shm.addr;
	if (old) { /* a reload: the memory stays as it is */
		z->shared = old->shared;
		return NGX_OK;
	}
	if (shm->shm.exists) {
		z->shared = z->pool->data;
		return NGX_OK;
	}
	z->pool->log_nomem = 0;
	z->shared = ngx_slab_calloc(
		z->pool, sizeof(*z->shared) + z->slots_n * sizeof(z->shared->slots[0]));
	if (!z->shared)
		return NGX_ERROR;
	z->pool->data = z->shared;
	z->shared->slots_n = z->slots_n;
	if (z->file.len)
		read_file(z, shm->shm.log);
	return NGX_OK;
}

ngx_uint_t zone_inflight(const struct zone *z, const ngx_atomic_t *inflight)
{
	ngx_uint_t sum = 0;

	for (ngx_uint_t i = 0; i < z->shared->slots_n; i++)
		sum += inflight[i];
	return sum;
}

static void clear_tasks(struct tasks *tasks, ngx_uint_t slot)
{
	for (ngx_uint_t i = 0; tasks && i < tasks->n; i++)
		tasks->v[i]->inflight[slot] = 0;
}

/* The calls a dead process had under way have ended: with a broken connection. */
static void clear_function(struct zone *z, struct function *f, ngx_uint_t slot)
{
	for (ngx_atomic_uint_t n = f->inflight[slot]; n && n <= MAX_LOST; n--)
		count_lost(z, f);
	f->inflight[slot] = 0;
	clear_tasks(f->tasks, slot);
}

static void clear_slot(struct zone *z, ngx_uint_t slot)
{
	struct shared *s = z->shared;

	for (ngx_uint_t i = 0; s->functions && i < s->functions->n; i++)
		clear_function(z, s->functions->v[i], slot);
	for (struct function *f = s->gone_functions; f; f = f->next_gone)
		clear_function(z, f, slot);
	for (struct task *t = s->gone_tasks; t; t = t->next_gone)
		t->inflight[slot] = 0;
	s->slots[slot] = 0;
}

void zone_enter(struct zone *z)
{
	struct shared *s = z->shared;

	zone_lock(z);
	for (ngx_uint_t i = 0; i < s->slots_n; i++)
		if (s->slots[i] && kill(s->slots[i], 0) == -1 && ngx_errno == ESRCH)
			clear_slot(z, i);
	zone_slot = 0; /* shared by whoever finds none free */
	for (ngx_uint_t i = 1; i < s->slots_n && !zone_slot; i++)
		if (!s->slots[i])
			zone_slot = i;
	if (zone_slot)
		s->slots[zone_slot] = ngx_pid;
	zone_unlock(z);
}

void zone_leave(struct zone *z)
{
	zone_lock(z);
	if (zone_slot)
		clear_slot(z, zone_slot);
	zone_unlock(z);
}

ngx_uint_t zone_find(const struct functions *f, const u_char *name, size_t len)
{
	ngx_uint_t lo = 0, hi = f->n;

	while (lo < hi) {
		ngx_uint_t mid = lo + (hi - lo) / 2;
		const struct function *at = f->v[mid];

		if (table_compare((const char *)at->name, at->name_len, (const char *)name, len) <
			0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct function *zone_take(struct zone *z, const u_char *name, size_t len)
{
	struct function *f = NULL;
	struct functions *all;
	ngx_uint_t i;

	zone_lock(z);
	all = z->shared->functions;
	i = all ? zone_find(all, name, len) : 0;
	if (all && i < all->n && all->v[i]->name_len == len &&
		!table_compare((char *)all->v[i]->name, len, (const char *)name, len)) {
		f = all->v[i];
		(void)ngx_atomic_fetch_add(&f->inflight[zone_slot], 1);
	}
	zone_unlock(z);
	return f;
}
