/*
 * What templates/health.sh prints, parsed.  The text comes from a machine that may be broken or
 * hostile: unknown lines are skipped, what is known is checked and counted, nothing is believed to
 * be printable.  The strings here are raw: they are escaped when they are shown (judge.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/node/facts.h"
#include "lib/spec/cluster.h"

enum docker_state {
	DOCKER_UNASKED,
	DOCKER_ABSENT,  /* not installed */
	DOCKER_STOPPED, /* dockerd does not run */
	DOCKER_SILENT,  /* it runs and does not answer */
	DOCKER_GARBLED, /* it answers what its API does not know */
	DOCKER_ANSWERS,
};

struct listener {
	const char *address; /* as ss prints it, without the port */
	int port;
	long backlog; /* Send-Q: connections that may wait to be accepted */
};

/* A network namespace: the host's, or a container's. */
struct netns {
	struct fact_pair *sysctls; /* key: the path below /proc/sys; value: with single blanks */
	size_t n_sysctls, cap_sysctls;
	struct listener *listeners;
	size_t n_listeners, cap_listeners;
};

/* A running container of svarm's own stack. */
struct container {
	const char *id;      /* 64 hexadecimal digits */
	const char *service; /* "svarm_gateway" */
	const char *address; /* on the network "svarm": an IP address; NULL: on none */
	struct netns netns;
};

struct answer {
	struct facts facts; /* its arena owns everything; docker's part is filled in */
	double time;        /* the node's clock; 0: it did not say */
	enum docker_state docker;
	struct netns host;
	struct container *containers;
	size_t n_containers, cap_containers;
	struct fact_pair *task_errors; /* key: service id; value: the latest "no such image …" */
	size_t n_task_errors, cap_task_errors;
	const char **ran; /* answers of `run N …`, by N; NULL: none came */
	size_t n_ran;     /* set before parsing: how many were asked for */
};

/* @ret must be zeroed, but for n_ran; owned by the caller (answer_done), also on failure.
 * -EBADMSG: the answer was cut off. */
int answer_parse(const char *text, size_t len, struct answer *ret, struct err *err) _must_check_;
void answer_done(struct answer *a);

/* The value of kernel setting @key ("net.core.somaxconn") in @ns, or NULL. */
const char *netns_sysctl(const struct netns *ns, const char *key);
/* The path of @key below /proc/sys, appended to @out. */
void sysctl_path(struct buf *out, const char *key);

/* A command that was run in a container, by the node's second script. */
struct action {
	enum { ACTION_REDIS, ACTION_ASYNC, ACTION_PEER } kind;
	const struct container *container; /* where; borrowed */
	const struct spec_node *peer;      /* ACTION_PEER: whose container was called; borrowed */
	const char *argument;              /* ACTION_PEER: its address; ACTION_ASYNC: function */
	bool done;                         /* something came back */
	bool ok;
	double seconds;
	const char *error; /* NULL when ok; raw */
};

/* Read the one JSON object that a program's `probe` printed into @a.  Anything else is a failed
 * probe with that text as its error. */
void action_read(struct action *a, const char *text, struct arena *arena);
