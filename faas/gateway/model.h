/*
 * The functions as Docker has them now: an immutable picture made from its services and tasks, that
 * the data plane's configuration and the existence check of asynchronous calls are derived from.
 * Reference-counted: readers take it, the watcher replaces it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/gateway/settings.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ext/json.h"

/* A task that runs and is meant to. */
struct task {
	const char *id;      /* Docker's */
	const char *address; /* on our network; no port */
};

struct function {
	const char *name;       /* value of the label */
	const char *service_id; /* Docker's */
	unsigned replicas;      /* wanted; tasks of a global service count as wanted */
	unsigned running;       /* tasks that run, with or without an address */
	struct task *tasks;     /* of them, those with an address; sorted by it */
	size_t tasks_n;
	const char **addresses; /* of tasks that are ready for calls; sorted, no port */
	size_t addresses_n;
	const char **containers; /* ids of running tasks' containers, in no order */
	size_t containers_n;
	struct settings settings;
};

struct model {
	struct arena arena;
	struct function *functions; /* sorted by name without regard to case; names are unique */
	size_t functions_n;
	size_t skipped;          /* services with a bad or doubled function name */
	const char *skipped_why; /* of one of them, for the log; NULL: there is none */
	int refs;
	struct model *all; /* what this was picked from, for its strings; NULL: nothing */
};

enum { MODEL_MAX_FUNCTIONS = 10000 };

/* Make a picture from the answers of GET /services and GET /tasks.  Only tasks that run, are meant
 * to, and have an address on @network count as reachable.  *@ret is owned by the caller. */
int model_build(const json_t *services, const json_t *tasks, const char *network,
	struct model **ret, struct err *err) _must_check_;
/* The same, but with only those tasks ready that @is_ready says are.  Owned by the caller; keeps
 * @all alive. */
struct model *model_pick(
	struct model *all, bool (*is_ready)(void *arg, const struct task *t), void *arg);
struct model *model_ref(struct model *m);
void model_unref(struct model *m);
static inline void model_unrefp(struct model **m)
{
	model_unref(*m);
}

/* Borrowed from @m; NULL when there is no such function.  @m may be NULL. */
const struct function *model_find(const struct model *m, const char *name);
/* True while some function has fewer or more tasks that are ready than it should. */
bool model_converging(const struct model *m);

/* The function's name that a service carries; NULL for a service that is no function of ours. */
const char *model_function_name(const json_t *service);
