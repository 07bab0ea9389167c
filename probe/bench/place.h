/*
 * Inside probe/bench: where calls of the cluster's first function are made and watched from: a
 * manager, whose docker speaks for the swarm, and its gateway's container, from inside which both
 * the gateway and the tasks can be reached.
 */
#pragma once

#include "probe/bench/section.h"

struct place {
	const struct spec_function *function;
	const struct spec_node *node;
	struct agent *agent;
	const struct container *gateway;    /* NULL: none runs on the node */
	const struct fact_service *service; /* the function's; NULL: there is none */
};

/* False: it cannot be done, and @ret_result says why. */
bool place_find(const struct bench *b, struct section_result *ret_result, struct place *ret);
/* The same on @node, which may be any; service is NULL on a worker. */
bool place_on(const struct bench *b, const struct spec_node *node,
	struct section_result *ret_result, struct place *ret);

/* Run /usr/bin/docker with @argv, ended by NULL, on the node of @agent; appends what it prints. */
int place_docker(struct agent *agent, const char *const *argv, struct buf *out, struct err *err)
	_must_check_;
/* As place_docker(), one JSON value.  *@ret is owned by the caller. */
int place_docker_json(struct agent *agent, const char *const *argv, json_t **ret, struct err *err)
	_must_check_;

/* The function's tasks that should run, with all that docker knows of each: an array, owned by the
 * caller.  ERR_REMOTE: there are none. */
int place_tasks_json(const struct place *p, json_t **ret, struct err *err) _must_check_;
/* The addresses in the overlay of those that run, at most @max, in @a. */
int place_tasks(const struct place *p, struct arena *a, const char **ret, size_t max, size_t *ret_n,
	struct err *err) _must_check_;

/* What measuring ended with, @r and @err, as the section's state.  Returns what its run() has to
 * return. */
int place_failed(struct section_result *ret_result, int r, struct err *err);
/* Sleep, in pieces; false when it was cancelled. */
bool place_sleep(const struct bench *b, usec_t duration);
