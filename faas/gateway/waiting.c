/* Bookkeeping of callers that wait for a function: see waiting.h. */
#include "faas/gateway/waiting.h"

#include <string.h>

#include "lib/base/xalloc.h"

struct sleeper *waiting_find(const struct waiting *w, const char *name)
{
	for (struct sleeper *s = w->sleepers; s; s = s->next)
		if (!strcasecmp(s->name, name))
			return s;
	return NULL;
}

bool waiting_full(const struct waiting *w, const char *name)
{
	const struct sleeper *s = waiting_find(w, name);

	return w->total >= w->max_total || (s ? s->n : 0) >= w->max_each;
}

static struct sleeper *sleeper_new(struct waiting *w, const char *name, usec_t now)
{
	struct sleeper *s = xcalloc(1, sizeof(*s));
	size_t n = strlen(name);

	memcpy(s->name, name, n < NAME_MAX_LEN ? n : NAME_MAX_LEN);
	s->since = s->ask_at = now;
	s->tail = &s->head;
	s->next = w->sleepers;
	w->sleepers = s;
	return s;
}

bool waiting_add(struct waiting *w, const char *name, void *who, usec_t now, usec_t deadline)
{
	struct sleeper *s = waiting_find(w, name);
	struct waiter *one = xcalloc(1, sizeof(*one));

	if (!s)
		s = sleeper_new(w, name, now);
	one->who = who;
	one->deadline = deadline;
	*s->tail = one;
	s->tail = &one->next;
	w->total++;
	return s->n++ == 0;
}

static void forget(struct waiting *w, struct sleeper *s)
{
	struct sleeper **at = &w->sleepers;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

struct waiter *waiting_take(struct waiting *w, struct sleeper *s)
{
	struct waiter *list = s->head;

	w->total -= s->n;
	forget(w, s);
	return list;
}

/* Those of @s whose time is up.  They need not stand in order: a deadline may be a setting that
 * changed meanwhile. */
static struct waiter *overdue(struct sleeper *s, usec_t now)
{
	struct waiter *out = NULL, **end = &out, **at = &s->head;

	while (*at) {
		struct waiter *one = *at;

		if (one->deadline > now) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		one->next = NULL;
		*end = one;
		end = &one->next;
		s->n--;
	}
	s->tail = at;
	return out;
}

struct waiter *waiting_expire(struct waiting *w, usec_t now, char ret_name[NAME_MAX_LEN + 1])
{
	for (struct sleeper *s = w->sleepers; s; s = s->next) {
		size_t before = s->n;
		struct waiter *out = overdue(s, now);

		if (!out)
			continue;
		memcpy(ret_name, s->name, sizeof(s->name));
		w->total -= before - s->n;
		if (!s->n)
			forget(w, s);
		return out;
	}
	return NULL;
}

void waiting_free(struct waiter *list)
{
	for (struct waiter *next; list; list = next) {
		next = list->next;
		free(list);
	}
}

struct sleeper *waiting_next_to_ask(struct waiting *w, usec_t now)
{
	for (struct sleeper *s = w->sleepers; s; s = s->next) {
		if (s->state != SLEEPER_NEW || s->ask_at > now)
			continue;
		s->state = SLEEPER_BUSY;
		return s;
	}
	return NULL;
}

usec_t waiting_due(const struct waiting *w)
{
	usec_t due = WAITING_NEVER;

	for (const struct sleeper *s = w->sleepers; s; s = s->next) {
		if (s->state == SLEEPER_NEW)
			due = MIN_OF(due, s->ask_at);
		for (const struct waiter *one = s->head; one; one = one->next)
			due = MIN_OF(due, one->deadline);
	}
	return due;
}
