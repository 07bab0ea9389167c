/*
 * Who waits for which function to wake up, and what is due when: the bookkeeping of wake.c, without
 * clocks, locks or connections, so that it can be tested as such.
 *
 * A function that somebody waits for is a sleeper, with its callers in the order they came.  It is
 * to be asked for once (its number of tasks set), however many wait.  Times are clock_now().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/common/name.h"
#include "lib/base/clock.h"

#define WAITING_NEVER ((usec_t)-1)

struct waiter {
	struct waiter *next;
	void *who;
	usec_t deadline;
};

enum sleeper_state {
	SLEEPER_NEW,   /* to be asked for at ask_at */
	SLEEPER_BUSY,  /* somebody is doing so now */
	SLEEPER_ASKED, /* done at asked_at */
};

struct sleeper {
	struct sleeper *next;
	char name[NAME_MAX_LEN + 1];
	enum sleeper_state state;
	usec_t since; /* the first caller came */
	usec_t ask_at, asked_at;
	struct waiter *head, **tail;
	size_t n;
};

struct waiting {
	struct sleeper *sleepers; /* as many as functions at most; a list is short enough */
	size_t total;             /* callers */
	size_t max_each, max_total;
};

/* Whether one more caller for @name would be too many. */
bool waiting_full(const struct waiting *w, const char *name);
/* @who waits for @name (at most NAME_MAX_LEN long) until @deadline.  True when it is the first
 * one: then somebody must be told that there is a sleeper to be asked for. */
bool waiting_add(struct waiting *w, const char *name, void *who, usec_t now, usec_t deadline);
/* Without regard to case; NULL when nobody waits for it. */
struct sleeper *waiting_find(const struct waiting *w, const char *name);

/* All callers of @s, in order; @s is gone.  Owned by the caller: waiting_free(). */
struct waiter *waiting_take(struct waiting *w, struct sleeper *s);
/* The callers of one sleeper, *@ret_name, whose time is up; NULL when there are none.  A sleeper
 * without callers is gone. */
struct waiter *waiting_expire(struct waiting *w, usec_t now, char ret_name[NAME_MAX_LEN + 1]);
void waiting_free(struct waiter *list);

/* A sleeper to be asked for now, made SLEEPER_BUSY; NULL when there is none.  Whoever asks looks it
 * up again afterwards: its callers, and with them it, may have gone meanwhile. */
struct sleeper *waiting_next_to_ask(struct waiting *w, usec_t now);
/* When something will be due; WAITING_NEVER when nothing will. */
usec_t waiting_due(const struct waiting *w);
