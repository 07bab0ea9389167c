/* Writing the table and reading the counters: see planetext.h. */
#include "faas/gateway/planetext.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "faas/nginx/table.h"
#include "lib/base/xalloc.h"

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The addresses in the order of the table; each once. */
static size_t sort_addresses(const struct function *f, uint32_t *ret)
{
	size_t n = 0, unique = 0;
	struct in_addr in;

	for (size_t i = 0; i < f->addresses_n; i++)
		if (inet_pton(AF_INET, f->addresses[i], &in) == 1)
			ret[n++] = ntohl(in.s_addr);
	qsort(ret, n, sizeof(*ret), by_number);
	for (size_t i = 0; i < n; i++)
		if (!unique || ret[i] != ret[unique - 1])
			ret[unique++] = ret[i];
	return unique;
}

void plane_table(const struct model *m, long port, struct buf *out)
{
	size_t left = TABLE_MAX_TASKS;

	buf_adds(out, TABLE_HEAD "\n");
	for (size_t i = 0; i < m->functions_n; i++) {
		const struct function *f = &m->functions[i];
		_cleanup_free_ uint32_t *a = xcalloc(f->addresses_n + 1, sizeof(*a));
		size_t n = MIN_OF(sort_addresses(f, a), left);

		buf_addf(out, "function %s %ld\n", f->name, f->settings.timeout_ms);
		for (size_t k = 0; k < n; k++)
			buf_addf(out, "task %u.%u.%u.%u:%ld\n", a[k] >> 24, a[k] >> 16 & 255,
				a[k] >> 8 & 255, a[k] & 255, port);
		left -= n;
	}
	buf_adds(out, "end\n");
}

/* ---- counters ------------------------------------------------------------------------------- */

struct reading {
	const char *at;
	struct plane_sample *sample;
	struct plane_function *function; /* being read; NULL: none */
	size_t functions_cap, codes_cap;
};

static bool take(struct reading *r, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

static bool take_number(struct reading *r, uint64_t *ret)
{
	char *end;

	if (*r->at < '0' || *r->at > '9')
		return false;
	errno = 0;
	*ret = strtoull(r->at, &end, 10);
	r->at = end;
	return errno == 0;
}

static bool read_function(struct reading *r)
{
	struct plane_sample *s = r->sample;
	size_t n = strcspn(r->at, " \n");

	if (r->function || n == 0 || n > TABLE_NAME_MAX || r->at[n] != '\n')
		return false;
	r->function = arena_push(&s->arena, s->functions, s->functions_n, r->functions_cap);
	r->function->name = arena_strndup(&s->arena, r->at, n);
	if (s->functions_n > 1 && strcasecmp(r->function[-1].name, r->function->name) >= 0)
		return false;
	r->codes_cap = 0;
	r->at += n + 1;
	return true;
}

static bool read_status(struct reading *r)
{
	struct plane_function *f = r->function;
	struct plane_code *c;
	uint64_t status;

	if (!f || !take_number(r, &status) || status > 999)
		return false;
	c = arena_push(&r->sample->arena, f->codes, f->codes_n, r->codes_cap);
	c->status = (unsigned)status;
	if (!take(r, " ") || !take_number(r, &c->calls) || !take(r, " ") ||
		!take_number(r, &c->micros))
		return false;
	for (size_t i = 0; i < PLANE_BUCKETS; i++)
		if (!take(r, " ") || !take_number(r, &c->buckets[i]))
			return false;
	return take(r, "\n");
}

static int by_status(const void *a, const void *b)
{
	const struct plane_code *x = a, *y = b;

	return x->status < y->status ? -1 : x->status > y->status;
}

/* The last line of a function. */
static bool read_started(struct reading *r)
{
	struct plane_function *f = r->function;
	uint64_t ended = 0;

	if (!f || !take_number(r, &f->started) || !take(r, " ") || !take_number(r, &f->last_ms) ||
		!take(r, "\n"))
		return false;
	for (size_t i = 0; i < f->codes_n; i++)
		ended += f->codes[i].calls;
	f->inflight = f->started > ended ? f->started - ended : 0;
	if (f->codes_n)
		qsort(f->codes, f->codes_n, sizeof(*f->codes), by_status);
	r->function = NULL;
	return true;
}

static bool read_line(struct reading *r)
{
	if (take(r, "function "))
		return read_function(r);
	if (take(r, "status "))
		return read_status(r);
	return take(r, "started ") && read_started(r);
}

int plane_counters(const char *text, struct plane_sample *ret, struct err *err)
{
	struct reading r = {.at = text, .sample = ret};
	bool good = take(&r, "svarm-counters 1\n");

	while (good && strcmp(r.at, "end\n") != 0)
		good = read_line(&r);
	if (!good || r.function)
		return err_set(err, -EBADMSG, "nginx' counters are not what they should be");
	return 0;
}
