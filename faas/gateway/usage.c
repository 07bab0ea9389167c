/* Use of processor and memory: see usage.h. */
#include "faas/gateway/usage.h"

#include <pthread.h>

#include "faas/common/board.h"
#include "faas/common/keys.h"
#include "lib/base/xalloc.h"

enum {
	ID_LEN = 64,
	MAX_CONTAINERS = 50000,
	MAX_DIGITS = 19,
};

struct container {
	char id[ID_LEN + 1];
	uint64_t cpu_ns, bytes;
	uint64_t at_ms; /* of the report, by the node's clock */
	double cpu;     /* processors; negative: not known yet */
};

struct usage {
	pthread_mutex_t lock;
	struct container *containers; /* sorted by id */
	size_t n, cap;
	struct container *fresh; /* being read; only the thread that refreshes looks at it */
	size_t fresh_n, fresh_cap;
};

struct usage *usage_new(void)
{
	struct usage *u = xcalloc(1, sizeof(*u));

	pthread_mutex_init(&u->lock, NULL);
	return u;
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	free(u->containers);
	free(u->fresh);
	free(u);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct container *)a)->id, ((const struct container *)b)->id);
}

static struct container *find(const struct usage *u, const char *id)
{
	struct container like;

	if (strlen(id) != ID_LEN || !u->n)
		return NULL;
	memcpy(like.id, id, sizeof(like.id));
	return bsearch(&like, u->containers, u->n, sizeof(like), by_id);
}

/* A whole number at *@p, which moves behind it. */
static bool take_number(const char **p, uint64_t *ret)
{
	uint64_t n = 0;
	int digits = 0;

	for (; **p >= '0' && **p <= '9'; ++*p) {
		if (++digits > MAX_DIGITS)
			return false;
		n = n * 10 + (uint64_t)(**p - '0');
	}
	*ret = n;
	return digits > 0;
}

/* "CPU-NANOSECONDS MEMORY-BYTES". */
static bool parse_use(const char *text, struct container *ret)
{
	return take_number(&text, &ret->cpu_ns) && *text++ == ' ' &&
	       take_number(&text, &ret->bytes) && !*text;
}

/* Processors between the report we had about it and this one. */
static double rate(const struct container *old, const struct container *now)
{
	if (!old)
		return -1;
	if (now->at_ms == old->at_ms)
		return old->cpu;
	if (now->at_ms < old->at_ms || now->cpu_ns < old->cpu_ns)
		return -1;
	return (double)(now->cpu_ns - old->cpu_ns) / 1e6 / (double)(now->at_ms - old->at_ms);
}

/* When @report was made; false when it does not say. */
static bool report_time(const redisReply *report, uint64_t *ret)
{
	struct board_note note;
	size_t len;

	for (size_t i = 0; board_note_at(report, i, &note, &len); i++)
		if (!strcmp(note.name, USAGE_AT))
			return take_number(&note.value, ret) && !*note.value;
	return false;
}

void usage_begin(struct usage *u)
{
	u->fresh_n = 0;
}

void usage_add(struct usage *u, const redisReply *report)
{
	struct board_note note;
	struct container c;
	uint64_t at;
	size_t len;

	if (!report_time(report, &at))
		return;
	for (size_t i = 0; board_note_at(report, i, &note, &len); i++) {
		c = (struct container){.at_ms = at};
		if (strlen(note.name) != ID_LEN || u->fresh_n == MAX_CONTAINERS ||
			!parse_use(note.value, &c))
			continue;
		memcpy(c.id, note.name, ID_LEN);
		/* Only this thread writes: reading without the lock is safe here. */
		c.cpu = rate(find(u, c.id), &c);
		xgrow(u->fresh, u->fresh_n, u->fresh_cap);
		u->fresh[u->fresh_n++] = c;
	}
}

void usage_end(struct usage *u)
{
	struct container *old = u->containers;
	size_t old_cap = u->cap;

	if (u->fresh_n)
		qsort(u->fresh, u->fresh_n, sizeof(*u->fresh), by_id);
	pthread_mutex_lock(&u->lock);
	u->containers = u->fresh;
	u->cap = u->fresh_cap;
	u->n = u->fresh_n;
	pthread_mutex_unlock(&u->lock);
	u->fresh = old;
	u->fresh_cap = old_cap;
	u->fresh_n = 0;
}

static void on_report(void *arg, const char *node, const redisReply *hash)
{
	usage_add(arg, hash);
}

int usage_refresh(struct usage *u, struct redis *r, struct err *err)
{
	int rc;

	usage_begin(u);
	rc = board_read(r, KEY_USAGE, on_report, u, err);
	if (rc == 0)
		usage_end(u);
	return rc;
}

bool usage_get(struct usage *u, const struct model *m, const char *function, double *ret_cpu,
	uint64_t *ret_bytes)
{
	const struct function *f = model_find(m, function);
	double cpu = 0;
	uint64_t bytes = 0;
	bool any = false;

	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; f && i < f->containers_n; i++) {
		const struct container *c = find(u, f->containers[i]);

		if (!c || c->cpu < 0)
			continue;
		cpu += c->cpu;
		bytes += c->bytes;
		any = true;
	}
	pthread_mutex_unlock(&u->lock);
	if (!any)
		return false;
	*ret_cpu = cpu;
	*ret_bytes = bytes;
	return true;
}
