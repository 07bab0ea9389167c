/*
 * Changes and steps.  A change is the difference between one resource and the facts: what, why,
 * before → after.  A step carries out one or several neighbouring changes with one call of the
 * apply script (all missing packages in one apt-get, all services of a stack in one deploy).
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/node/facts.h"
#include "lib/node/resource.h"

enum change_action { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_REMOVE };

struct change {
	enum change_action action;
	enum resource_kind kind;
	const char *name;
	const char *before, *after; /* short texts for people, escaped; may be NULL */
	const char *why;
};

struct step {
	const char *title;    /* "install docker.io, nginx" */
	size_t first, n;      /* its changes in change_set.changes */
	const char *call;     /* shell text: a function of apply.sh with quoted arguments */
	struct frame *frames; /* input in the order the call reads it; the awaited promises first */
	size_t n_frames, cap_frames;
	size_t n_awaits; /* how many leading frames only say "go on" */
	usec_t timeout;  /* from the step's start, so without its waits */
};

struct change_set {
	struct arena *arena; /* borrowed */
	struct change *changes;
	size_t n, cap;
	struct step *steps;
	size_t n_steps, cap_steps;
};

/* Differences between @want and @facts, as changes and steps, appended to @ret. */
int change_diff(const struct resource_set *want, const struct facts *facts, struct change_set *ret,
	struct err *err) _must_check_;

/* Let the steps from @first_step on know which changes are theirs.  change_diff() does it itself;
 * for those who add changes by hand. */
void change_close(struct change_set *set, size_t first_step);

/* For kinds: */
/* Text that came from a node, made fit to be shown; NULL stays NULL. */
const char *change_text(struct arena *a, const char *text);
struct change *change_add(struct change_set *set, enum change_action action,
	const struct resource *r, const char *before, const char *after);
struct step *step_add(struct change_set *set, usec_t timeout, const char *title_fmt, ...)
	_printf_(3, 4);
void step_call(struct change_set *set, struct step *s, const char *function, ...)
	__attribute__((sentinel)); /* function and its arguments, NULL at the end; each is quoted */
/* The same with @first (may be NULL) and then @n arguments of a list. */
void step_call_list(struct change_set *set, struct step *s, const char *function, const char *first,
	const char *const *args, size_t n);
void step_data(struct change_set *set, struct step *s, const char *data, size_t len, bool secret);
void step_file(struct change_set *set, struct step *s, const char *path);
/* The step does not start before @promise is kept.  Call before any other frame is added. */
void step_await(struct change_set *set, struct step *s, const char *promise);
/* The value that @promise was kept with (a join token) becomes input of the call. */
void step_promise(struct change_set *set, struct step *s, const char *promise);
