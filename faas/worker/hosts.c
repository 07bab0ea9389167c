/* The account of callback hosts: see hosts.h. */
#include "faas/worker/hosts.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/xalloc.h"

enum {
	NEW_CONNECTIONS = 2, /* to a host that nothing is known of */
	KEEP_HOSTS = 512,
	PAUSE_MAX_S = 10,
};

static const usec_t FIRST_PAUSE = USEC_PER_SEC / 2;

void host_name(const char *url, char *ret, size_t size)
{
	const char *host = strstr(url, "://"), *port;
	size_t n = 0, len;

	host = host ? host + 3 : url;
	len = strcspn(host, "/?#");
	port = host + (*host == '[' ? strcspn(host, "]") : 0);
	port = port < host + len ? memchr(port, ':', (size_t)(host + len - port)) : NULL;
	for (; n < len && n + 1 < size; n++)
		ret[n] = (char)tolower((unsigned char)host[n]);
	ret[n] = '\0';
	if (!port)
		snprintf(ret + n, size - n, "%s", strncasecmp(url, "https", 5) ? ":80" : ":443");
}

static struct host **place_of(struct hosts *hs, const char *name)
{
	size_t h = 5381;

	for (const char *p = name; *p; p++)
		h = h * 33 + (unsigned char)*p;
	return &hs->by_hash[h % ARRAY_SIZE(hs->by_hash)];
}

struct host *hosts_use(struct hosts *hs, const char *url, usec_t now)
{
	struct host **at, *h;
	char name[sizeof(h->name)];

	host_name(url, name, sizeof(name));
	at = place_of(hs, name);
	for (h = *at; h && strcmp(h->name, name);)
		h = h->same_hash;
	if (!h) {
		h = xcalloc(1, sizeof(*h));
		snprintf(h->name, sizeof(h->name), "%s", name);
		h->same_hash = *at;
		*at = h;
		hs->n++;
	}
	h->jobs++;
	h->used = now;
	return h;
}

static void forget(struct hosts *hs, struct host *h)
{
	struct host **at = place_of(hs, h->name);

	while (*at != h)
		at = &(*at)->same_hash;
	*at = h->same_hash;
	hs->n--;
	free(h);
}

/* What is known of a host that nothing goes to is kept a while, but of few. */
static void forget_idle(struct hosts *hs, usec_t now)
{
	usec_t age = hs->n >= KEEP_HOSTS ? 0 : 60 * USEC_PER_SEC;

	for (size_t i = 0; i < ARRAY_SIZE(hs->by_hash); i++)
		for (struct host *h = hs->by_hash[i], *next; h; h = next) {
			next = h->same_hash;
			if (!h->jobs && !h->busy && now - h->used >= age)
				forget(hs, h);
		}
	hs->next_sweep = now + 10 * USEC_PER_SEC;
	hs->most = MAX_OF(2 * hs->n, (size_t)KEEP_HOSTS);
}

void hosts_drop(struct hosts *hs, struct host *h, usec_t now)
{
	h->used = now;
	h->jobs--;
	if (now >= hs->next_sweep || hs->n > hs->most)
		forget_idle(hs, now);
}

/* ---- answers ---- */

static bool proven(const struct host *h)
{
	return h->state == HOST_PROVEN;
}

bool hosts_full(const struct hosts *hs, const struct host *h)
{
	return proven(h) && h->line >= hs->limits.line;
}

bool hosts_answer(struct hosts *hs, struct host *h, size_t bytes)
{
	const struct hosts_limits *l = &hs->limits;

	if (!proven(h) && (h->line >= l->line || hs->unproven >= l->unproven ||
				  hs->unproven_bytes + bytes > l->bytes))
		return false;
	h->line++;
	h->line_bytes += bytes;
	if (!proven(h)) {
		hs->unproven++;
		hs->unproven_bytes += bytes;
	}
	return true;
}

void hosts_answer_gone(struct hosts *hs, struct host *h, size_t bytes)
{
	h->line--;
	h->line_bytes -= bytes;
	if (!proven(h)) {
		hs->unproven--;
		hs->unproven_bytes -= bytes;
	}
}

static void set_state(struct hosts *hs, struct host *h, enum host_state state)
{
	bool was = proven(h);

	h->state = state;
	if (was && !proven(h)) {
		hs->unproven += h->line;
		hs->unproven_bytes += h->line_bytes;
		hs->running_unproven += h->running;
	} else if (!was && proven(h)) {
		hs->unproven -= h->line;
		hs->unproven_bytes -= h->line_bytes;
		hs->running_unproven -= h->running;
	}
}

/* ---- sending ---- */

bool hosts_enqueue(struct hosts *hs, struct host *h, struct job *j, usec_t now)
{
	if (h->state == HOST_FAILING && (h->running || h->waiting.n || now < h->next_try))
		return false;
	if (!h->busy) {
		xgrow(hs->busy, hs->busy_n, hs->busy_cap);
		hs->busy[hs->busy_n++] = h;
		h->busy = true;
	}
	list_add(&h->waiting, j);
	return true;
}

struct job *hosts_refused(struct host *h)
{
	return h->state == HOST_FAILING ? list_pop(&h->waiting) : NULL;
}

static bool may_send(const struct hosts *hs, const struct host *h)
{
	const struct hosts_limits *l = &hs->limits;

	if (hs->running >= l->total || h->running >= l->per_host)
		return false;
	if (proven(h))
		return true;
	return h->running < (h->state == HOST_NEW ? NEW_CONNECTIONS : 1) &&
	       hs->running_unproven < MAX_OF(l->total / 2, (size_t)1);
}

static void not_busy(struct hosts *hs, size_t at)
{
	hs->busy[at]->busy = false;
	hs->busy[at] = hs->busy[--hs->busy_n];
}

struct job *hosts_next(struct hosts *hs)
{
	size_t tried = 0;

	while (tried < hs->busy_n) {
		size_t at = hs->turn % hs->busy_n;
		struct host *h = hs->busy[at];

		if (!h->waiting.n) {
			not_busy(hs, at);
			continue;
		}
		hs->turn++;
		tried++;
		if (!may_send(hs, h))
			continue;
		h->running++;
		hs->running++;
		hs->running_unproven += !proven(h);
		return list_pop(&h->waiting);
	}
	return NULL;
}

void hosts_ended(struct hosts *hs, struct host *h, bool reached, usec_t now)
{
	usec_t pause = FIRST_PAUSE;

	h->running--;
	hs->running--;
	hs->running_unproven -= !proven(h);
	if (reached) {
		h->failures = 0;
		set_state(hs, h, HOST_PROVEN);
		return;
	}
	for (unsigned i = 0; i < h->failures && pause < PAUSE_MAX_S * USEC_PER_SEC; i++)
		pause *= 2;
	h->failures++;
	h->next_try = now + MIN_OF(pause, (usec_t)PAUSE_MAX_S * USEC_PER_SEC);
	set_state(hs, h, HOST_FAILING);
}

struct job *hosts_unblocked(struct hosts *hs, struct host *h)
{
	return hosts_full(hs, h) ? NULL : list_pop(&h->blocked);
}

void hosts_done(struct hosts *hs)
{
	for (size_t i = 0; i < ARRAY_SIZE(hs->by_hash); i++)
		for (struct host *h = hs->by_hash[i], *next; h; h = next) {
			next = h->same_hash;
			free(h);
		}
	free(hs->busy);
}
