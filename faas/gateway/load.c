/* Sums of calls over all gateways: see load.h. */
#include "faas/gateway/load.h"

#include <search.h>
#include <string.h>

#include "lib/base/xalloc.h"

enum {
	MAX_SAMPLES = 32,
	FORGET_ROUNDS = 64,   /* without a word about it */
	MAX_ENTRIES = 100000, /* pairs of gateway and function; more are not looked at */
};

/* One function in one gateway (key "gateway/function"), a gateway ("gateway/"), or one function
 * in all of them ("function"). */
struct tally {
	struct tally *next;
	char *key;
	unsigned round; /* it was last heard of in */
	uint64_t started;
	uint64_t arrived; /* sums: calls that came in while we watched; gateways: rounds in a row */
	/* sums only */
	uint64_t inflight; /* of this round */
	uint64_t last_ms;
};

/* What all functions had at one moment is spread over them: entry i of a function's history belongs
 * to moment i. */
struct history {
	uint64_t arrived[MAX_SAMPLES], inflight[MAX_SAMPLES];
};

struct sum {
	struct tally entry;
	struct history history;
};

struct load {
	usec_t window;
	void *tree;
	struct tally *entries; /* both kinds */
	size_t entries_n;
	unsigned round;
	usec_t at[MAX_SAMPLES]; /* moments, a ring */
	size_t at_n;            /* moments in all */
};

static int by_key(const void *a, const void *b)
{
	return strcasecmp(((const struct tally *)a)->key, ((const struct tally *)b)->key);
}

struct load *load_new(usec_t window)
{
	struct load *l = xcalloc(1, sizeof(*l));

	l->window = window;
	return l;
}

static void drop(struct load *l, struct tally **at)
{
	struct tally *e = *at;

	tdelete(e, &l->tree, by_key);
	*at = e->next;
	l->entries_n--;
	free(e->key);
	free(e);
}

void load_free(struct load *l)
{
	if (!l)
		return;
	while (l->entries)
		drop(l, &l->entries);
	free(l);
}

static struct tally *find(const struct load *l, const char *key)
{
	struct tally like = {.key = (char *)key};
	void *node = tfind(&like, (void *const *)&l->tree, by_key);

	return node ? *(struct tally **)node : NULL;
}

/* @size: of the whole struct, an entry or a sum.  NULL when there are too many. */
static struct tally *find_or_add(struct load *l, const char *key, size_t size, bool *ret_new)
{
	struct tally *e = find(l, key);

	*ret_new = !e;
	if (e || l->entries_n >= MAX_ENTRIES)
		return e;
	e = xcalloc(1, size);
	e->key = xstrdup(key);
	e->next = l->entries;
	l->entries = e;
	l->entries_n++;
	tsearch(e, &l->tree, by_key);
	return e;
}

void load_begin(struct load *l, usec_t now)
{
	l->round++;
	l->at[l->at_n++ % MAX_SAMPLES] = now;
}

/* Whether @gateway told us about its functions in the round before this one: then a function that
 * is new there has had all its calls since. */
static bool watched(struct load *l, const char *gateway)
{
	_cleanup_free_ char *key = xasprintf("%s/", gateway);
	bool fresh;
	struct tally *mark = find_or_add(l, key, sizeof(struct tally), &fresh);

	if (!mark)
		return false;
	/* Counts its rounds in a row. */
	if (mark->round != l->round) {
		mark->arrived = !fresh && mark->round + 1 == l->round ? mark->arrived + 1 : 0;
		mark->round = l->round;
	}
	return mark->arrived > 0;
}

/* Calls that came in since the last round, as far as that can be told. */
static uint64_t arrived(struct load *l, const struct tally *e, bool fresh, bool known_gateway,
	const struct load_counts *c)
{
	if (fresh)
		return known_gateway ? c->started : 0;
	if (e->round + 1 != l->round)
		return 0;
	return c->started >= e->started ? c->started - e->started : c->started;
}

void load_add_gateway(struct load *l, const char *gateway)
{
	watched(l, gateway);
}

void load_add(
	struct load *l, const char *gateway, const char *function, const struct load_counts *c)
{
	_cleanup_free_ char *key = xasprintf("%s/%s", gateway, function);
	bool known_gateway = watched(l, gateway), fresh, fresh_sum;
	struct tally *e = find_or_add(l, key, sizeof(struct tally), &fresh);
	struct tally *sum = find_or_add(l, function, sizeof(struct sum), &fresh_sum);

	if (!e || !sum || (!fresh && e->round == l->round))
		return;
	if (sum->round != l->round)
		sum->inflight = 0;
	sum->arrived += arrived(l, e, fresh, known_gateway, c);
	sum->inflight += c->started > c->finished ? c->started - c->finished : 0;
	sum->last_ms = MAX_OF(sum->last_ms, c->last_ms);
	e->started = c->started;
	e->round = sum->round = l->round;
}

static bool is_sum(const struct tally *e)
{
	return !strchr(e->key, '/');
}

void load_end(struct load *l)
{
	size_t slot = (l->at_n - 1) % MAX_SAMPLES;

	for (struct tally **at = &l->entries; *at;) {
		struct tally *e = *at;

		if (l->round - e->round > FORGET_ROUNDS) {
			drop(l, at);
			continue;
		}
		if (is_sum(e)) {
			struct history *h = &((struct sum *)e)->history;

			if (e->round != l->round)
				e->inflight = 0;
			h->arrived[slot] = e->arrived;
			h->inflight[slot] = e->inflight;
		}
		at = &e->next;
	}
}

/* The oldest moment within the window, counted back from the last; 0: only the last one is. */
static size_t reach(const struct load *l)
{
	usec_t now = l->at[(l->at_n - 1) % MAX_SAMPLES];
	size_t kept = MIN_OF(l->at_n, (size_t)MAX_SAMPLES), back = 0;

	while (back + 1 < kept && now - l->at[(l->at_n - 2 - back) % MAX_SAMPLES] <= l->window)
		back++;
	return back;
}

void load_view(const struct load *l, const char *function, struct load_view *ret)
{
	const struct tally *e = find(l, function);
	const struct history *h = e ? &((const struct sum *)e)->history : NULL;
	size_t back, last = l->at_n - 1;
	double seconds, underway = 0;

	*ret = (struct load_view){0};
	if (!l->at_n)
		return;
	back = reach(l);
	seconds = (double)(l->at[last % MAX_SAMPLES] - l->at[(last - back) % MAX_SAMPLES]) /
		  USEC_PER_SEC;
	ret->known = back && seconds * 2 * USEC_PER_SEC >= (double)l->window;
	if (!e || !is_sum(e))
		return;
	ret->inflight = e->inflight;
	ret->last_ms = e->last_ms;
	for (size_t i = 0; i <= back; i++)
		underway += (double)h->inflight[(last - i) % MAX_SAMPLES];
	ret->underway = underway / (double)(back + 1);
	if (seconds > 0)
		ret->per_second = (double)(h->arrived[last % MAX_SAMPLES] -
					   h->arrived[(last - back) % MAX_SAMPLES]) /
				  seconds;
}

void load_counts_print(const struct load_counts *c, struct buf *out)
{
	buf_addf(out, "%llu %llu %llu %llu", (unsigned long long)c->started,
		(unsigned long long)c->finished, (unsigned long long)c->micros,
		(unsigned long long)c->last_ms);
}

bool load_counts_parse(const char *text, size_t len, struct load_counts *ret)
{
	uint64_t v[4] = {0};
	size_t field = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' && digits && field < 3) {
			field++;
			digits = 0;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || ++digits > 19)
			return false;
		v[field] = v[field] * 10 + (uint64_t)(text[i] - '0');
	}
	if (field != 3 || !digits)
		return false;
	*ret = (struct load_counts){v[0], v[1], v[2], v[3]};
	return true;
}
