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

/* A file system, as df and the mount table see it. */
struct disk {
	const char *type, *target;
	double size, used, avail; /* bytes; used and avail leave out what only root may fill */
	double inodes, inodes_free;
	enum { MOUNT_UNKNOWN, MOUNT_WRITABLE, MOUNT_READ_ONLY } mount;
};

/* Lines of a log that complain. */
struct complaints {
	bool asked;
	long n;           /* of the last 2000 lines */
	const char *last; /* the latest; "" when there is none */
};

/* Parts of the answer that have a limit of their own. */
enum answer_section { SECTION_DISK, SECTION_JOURNAL, N_SECTIONS };

/* A task of the swarm: one that runs, or one that failed. */
struct task {
	const char *service, *node; /* ids */
	bool running;               /* else it failed */
	double at;                  /* since when, seconds since 1970 */
	const char *error;          /* why it failed; "" when it did not say */
};

/* What became of reading the log of a node's task, from a manager. */
struct node_log {
	const char *node; /* id */
	enum { LOG_READ, LOG_LATE, LOG_ERROR } state;
	const char *error; /* docker's words; "" when there is none */
};

/* A running container of svarm's own stack. */
struct container {
	const char *id;      /* 64 hexadecimal digits */
	const char *service; /* "svarm_gateway" */
	const char *address; /* on the network "svarm": an IP address; NULL: on none */
	bool endless_log;    /* docker keeps its log in a file without a limit */
	struct netns netns;
};

struct answer {
	struct facts facts; /* its arena owns everything; docker's part is filled in */
	double time;        /* the node's clock; 0: it did not say */
	enum docker_state docker;
	bool late[N_SECTIONS]; /* it took longer than it had */
	struct {
		double total, available; /* bytes; 0: it did not say */
	} memory;
	struct {
		double one, five; /* how many run or wait for a disk: of a minute, of five */
		long cores;       /* 0: it did not say */
		/* Per cent of five minutes in which all programs at once waited for memory and for
		 * disks; negative: the kernel does not count it. */
		double memory_stall, disk_stall;
	} load;
	enum { CLOCK_UNKNOWN, CLOCK_KEPT, CLOCK_UNKEPT, CLOCK_OF_HOST } clock;
	enum { FIREWALL_UNKNOWN, FIREWALL_LOADED, FIREWALL_ABSENT } firewall; /* svarm's rules */
	struct {
		const char *interface; /* with the private address; NULL: it did not say */
		long mtu;
	} link;
	const char *reboot;      /* the packages that want a restart, or ""; NULL: none is wanted */
	const char **addresses6; /* IPv6, of global scope */
	size_t n_addresses6, cap_addresses6;
	struct disk *disks;
	size_t n_disks, cap_disks;
	struct complaints errors, kills; /* dockerd's, of an hour; the kernel's, of a day */
	const char *certificate;         /* the swarm's, as PEM; NULL: none */
	struct netns host;
	struct container *containers;
	size_t n_containers, cap_containers;
	struct task *tasks; /* on a manager */
	size_t n_tasks, cap_tasks;
	struct node_log *logs; /* on a manager: of nodes that run a task */
	size_t n_logs, cap_logs;
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

/* How long each part may take, in seconds: the deadlines of the probes, and what is really waited.
 */
enum {
	LIMIT_CONNECT = 10,
	LIMIT_NODE = 15, /* all that a node shows of itself */
	LIMIT_DOCKER = 5,
	LIMIT_DISK = 4,
	LIMIT_JOURNAL = 6,
	LIMIT_HTTP = 8,
	LIMIT_TLS = 5,
	LIMIT_SCAN = 2,
	LIMIT_REDIS = 6,
	LIMIT_ASYNC = 12,
	LIMIT_PEER = 7,
};

/* A command that was run in a container, by the node's second script. */
struct action {
	enum action_kind {
		ACTION_REDIS,
		ACTION_STORE,
		ACTION_ASYNC,
		ACTION_QUEUE,
		ACTION_PEER,
		N_ACTIONS
	} kind;
	const struct container *container; /* where; borrowed */
	const struct spec_node *peer;      /* ACTION_PEER: whose container was called; borrowed */
	const char *argument;              /* ACTION_PEER: its address; ACTION_ASYNC: function */
	bool done;                         /* something came back */
	bool ok;
	double seconds;
	const char *error; /* NULL when ok; raw */
	int mtu, passes;  /* ACTION_PEER, also a failed one: what the network's interface sends, and
			   * the largest packet that arrives, in bytes; 0: not known */
	const char *said; /* ACTION_STORE, ACTION_QUEUE: the whole answer; NULL unless ok */
};

/* Read the one JSON object that a program's `probe` printed into @a.  Anything else is a failed
 * probe with that text as its error; nothing, one that gave no answer within its deadline. */
void action_read(struct action *a, const char *text, struct arena *arena);
/* Its deadline in seconds. */
int action_limit(enum action_kind kind);
