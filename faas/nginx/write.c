/*
 * Making a text the table.  Everything that can fail comes first (reading the text, finding room);
 * then the new table is linked in, in one go as the other processes see it.  Functions and tasks
 * that stay keep their memory, and with it their counters.
 */
#include "faas/nginx/zone.h"

struct wanted {
	const char *name; /* borrowed from the text */
	size_t name_len;
	uint32_t timeout_ms;
	size_t first, tasks_n; /* its addresses */
	/* what it becomes */
	struct function *function;
	struct tasks *tasks; /* NULL: those it has are right */
	int fresh;           /* the function is new */
};

struct address {
	uint32_t ip;
	uint16_t port;
};

struct writing {
	struct zone *zone;
	struct functions *functions; /* the new table */
	struct wanted *wanted;
	struct address *addresses;
	size_t n;
};

/* ---- the text ------------------------------------------------------------------------------- */

static const char *count_lines(const char *text, size_t len, struct table_reader *t)
{
	enum table_kind kind;

	table_open(t, text, len);
	do
		kind = table_next(t);
	while (kind == TABLE_FUNCTION || kind == TABLE_TASK);
	return kind == TABLE_BAD ? t->problem : NULL;
}

static const char *read_text(struct writing *w, const char *text, size_t len)
{
	struct table_reader t;
	const char *problem = count_lines(text, len, &t);
	enum table_kind kind;
	size_t tasks_n = 0;

	if (problem)
		return problem;
	w->wanted = ngx_calloc((t.functions + 1) * sizeof(*w->wanted), ngx_cycle->log);
	w->addresses = ngx_calloc((t.tasks + 1) * sizeof(*w->addresses), ngx_cycle->log);
	if (!w->wanted || !w->addresses)
		return "out of memory";
	table_open(&t, text, len);
	while ((kind = table_next(&t)) != TABLE_END) {
		if (kind == TABLE_FUNCTION) {
			w->wanted[w->n++] = (struct wanted){.name = t.name,
				.name_len = t.name_len,
				.timeout_ms = t.timeout_ms,
				.first = tasks_n};
			continue;
		}
		w->addresses[tasks_n++] = (struct address){t.address, t.port};
		w->wanted[w->n - 1].tasks_n++;
	}
	return NULL;
}

/* ---- room for it ---------------------------------------------------------------------------- */

static void *room(struct writing *w, size_t size)
{
	return ngx_slab_calloc_locked(w->zone->pool, size);
}

static void give_back(struct writing *w, void *p)
{
	if (p)
		ngx_slab_free_locked(w->zone->pool, p);
}

static struct task *find_task(const struct tasks *tasks, uint32_t ip, uint16_t port)
{
	for (ngx_uint_t i = 0; tasks && i < tasks->n; i++)
		if (ntohl(tasks->v[i]->address.sin_addr.s_addr) == ip &&
			ntohs(tasks->v[i]->address.sin_port) == port)
			return tasks->v[i];
	return NULL;
}

static int holds(const struct tasks *tasks, const struct task *task)
{
	return find_task(tasks, ntohl(task->address.sin_addr.s_addr),
		       ntohs(task->address.sin_port)) == task;
}

static int same_tasks(const struct writing *w, const struct wanted *x)
{
	const struct tasks *have = x->function->tasks;

	if ((have ? have->n : 0) != x->tasks_n)
		return 0;
	for (size_t i = 0; i < x->tasks_n; i++) {
		const struct address *a = &w->addresses[x->first + i];

		if (ntohl(have->v[i]->address.sin_addr.s_addr) != a->ip ||
			ntohs(have->v[i]->address.sin_port) != a->port)
			return 0;
	}
	return 1;
}

static struct task *new_task(struct writing *w, const struct address *a)
{
	struct task *t = room(w, sizeof(*t) + w->zone->shared->slots_n * sizeof(t->inflight[0]));

	if (t) {
		t->address.sin_family = AF_INET;
		t->address.sin_addr.s_addr = htonl(a->ip);
		t->address.sin_port = htons(a->port);
	}
	return t;
}

static int make_tasks(struct writing *w, struct wanted *x)
{
	const struct address *a = &w->addresses[x->first];

	if (same_tasks(w, x))
		return 1;
	x->tasks = room(w, sizeof(*x->tasks) + x->tasks_n * sizeof(x->tasks->v[0]));
	if (!x->tasks)
		return 0;
	for (size_t i = 0; i < x->tasks_n; i++) {
		struct task *t = find_task(x->function->tasks, a[i].ip, a[i].port);

		if (!t)
			t = new_task(w, &a[i]);
		if (!t)
			return 0;
		x->tasks->v[x->tasks->n++] = t;
	}
	return 1;
}

static int make_function(struct writing *w, struct wanted *x)
{
	const struct functions *old = w->zone->shared->functions;
	ngx_uint_t i = old ? zone_find(old, (const u_char *)x->name, x->name_len) : 0;
	struct function *f;

	if (old && i < old->n && old->v[i]->name_len == x->name_len &&
		!ngx_strncmp(old->v[i]->name, x->name, x->name_len)) {
		x->function = old->v[i];
		return 1;
	}
	f = room(w, sizeof(*f) + w->zone->shared->slots_n * sizeof(f->inflight[0]));
	if (!f)
		return 0;
	ngx_memcpy(f->name, x->name, x->name_len);
	f->name_len = x->name_len;
	x->function = f;
	x->fresh = 1;
	return 1;
}

static int make_all(struct writing *w)
{
	w->functions = room(w, sizeof(*w->functions) + w->n * sizeof(w->functions->v[0]));
	if (!w->functions)
		return 0;
	for (size_t i = 0; i < w->n; i++) {
		if (!make_function(w, &w->wanted[i]) || !make_tasks(w, &w->wanted[i]))
			return 0;
		w->functions->v[w->functions->n++] = w->wanted[i].function;
	}
	return 1;
}

/* There was no room for all of it. */
static void undo(struct writing *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct wanted *x = &w->wanted[i];

		for (ngx_uint_t j = 0; x->tasks && j < x->tasks->n; j++)
			if (!holds(x->function->tasks, x->tasks->v[j]))
				give_back(w, x->tasks->v[j]);
		give_back(w, x->tasks);
		if (x->fresh)
			give_back(w, x->function);
	}
	give_back(w, w->functions);
}

/* ---- into effect ---------------------------------------------------------------------------- */

static void set_tasks(struct writing *w, struct function *f, struct tasks *tasks)
{
	struct shared *s = w->zone->shared;
	struct tasks *old = f->tasks;

	f->tasks = tasks;
	f->ready = tasks ? tasks->n : 0;
	for (ngx_uint_t i = 0; old && i < old->n; i++) {
		if (tasks && holds(tasks, old->v[i]))
			continue;
		old->v[i]->next_gone = s->gone_tasks;
		s->gone_tasks = old->v[i];
	}
	give_back(w, old);
}

static void link_in(struct writing *w)
{
	struct shared *s = w->zone->shared;
	struct functions *old = s->functions;

	for (size_t i = 0; i < w->n; i++) {
		struct wanted *x = &w->wanted[i];

		x->function->timeout_ms = x->timeout_ms;
		if (x->tasks)
			set_tasks(w, x->function, x->tasks);
	}
	s->functions = w->functions;
	for (ngx_uint_t i = 0; old && i < old->n; i++) {
		struct function *f = old->v[i];
		ngx_uint_t at = zone_find(w->functions, f->name, f->name_len);

		if (at < w->functions->n && w->functions->v[at] == f)
			continue;
		set_tasks(w, f, NULL);
		f->next_gone = s->gone_functions;
		s->gone_functions = f;
	}
	give_back(w, old);
}

/* Free what is gone and has nothing in flight any more. */
static void sweep(struct writing *w)
{
	struct shared *s = w->zone->shared;
	struct function *f, **at_f = &s->gone_functions;
	struct task *t, **at_t = &s->gone_tasks;
	struct code *c;

	while ((t = *at_t)) {
		if (zone_inflight(w->zone, t->inflight)) {
			at_t = &t->next_gone;
			continue;
		}
		*at_t = t->next_gone;
		give_back(w, t);
	}
	while ((f = *at_f)) {
		if (zone_inflight(w->zone, f->inflight)) {
			at_f = &f->next_gone;
			continue;
		}
		*at_f = f->next_gone;
		while ((c = f->codes)) {
			f->codes = c->next;
			give_back(w, c);
		}
		give_back(w, f);
	}
}

const char *zone_write(struct zone *z, const char *text, size_t len)
{
	struct writing w = {.zone = z};
	const char *problem = read_text(&w, text, len);

	if (!problem) {
		zone_lock(z);
		sweep(&w);
		if (make_all(&w)) {
			link_in(&w);
		} else {
			undo(&w);
			problem = "no room in the shared memory";
		}
		zone_unlock(z);
	}
	ngx_free(w.wanted);
	ngx_free(w.addresses);
	return problem;
}
