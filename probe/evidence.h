/*
 * Inside probe/: everything that was seen of a cluster, before anybody judges it.  Collected by
 * several threads, each with fields of its own; judged when all have ended.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/run/fleet.h"
#include "probe/answer.h"

/* Kernel settings that are looked at when the spec says nothing of them: see judge_kernel.c. */
extern const char *const added_sysctls[];
extern const size_t n_added_sysctls;

/* One HTTP call from this machine. */
struct http_seen {
	int status;        /* 0: no answer came */
	const char *error; /* then: why; else NULL */
	const char *body;  /* its beginning; raw */
	double seconds;
};

enum http_what {
	HTTP_HEALTHZ,
	HTTP_FUNCTION, /* the first function of the spec */
	HTTP_SYSTEM,   /* /system/functions without credentials */
	N_HTTP,
};

enum port_state {
	PORT_SILENT,  /* nothing came back in time */
	PORT_REFUSED, /* closed, said aloud: RST, ICMP */
	PORT_ERROR,   /* could not be tried */
	PORT_OPEN,    /* it let us in, or answered: the worst stands last */
};

/* The ports of one node as seen from this machine.  State by place in scan_tcp[], scan_udp[]. */
enum { MAX_PORTS = 32 };
struct scan {
	bool done;
	const char *error; /* why not: the name does not resolve … */
	enum port_state tcp[MAX_PORTS], udp[MAX_PORTS];
};
extern const int scan_tcp[], scan_udp[];
extern const size_t n_scan_tcp, n_scan_udp;

/* The certificate that a node shows on port 443. */
struct tls_seen {
	bool tried;
	const char *error;    /* why there is none; raw */
	const char *pem;      /* all that it shows, its own one first; NULL: none */
	const char *distrust; /* why this machine would not trust it: static; NULL: it would */
	double seconds;
	struct arena arena; /* of its thread */
};

struct node_evidence {
	const struct spec_node *node;
	bool connected;
	const char *refused; /* why not connected, or why there is no answer; raw, maybe long */
	double connect_seconds;
	bool answered; /* answer is valid */
	struct answer answer;
	double asked, heard; /* our wall clock before the question and at the first word */
	struct action *actions;
	size_t n_actions, cap_actions;
	struct http_seen http[N_HTTP];
	struct scan scan;  /* of the address in the spec */
	struct scan scan6; /* of its other public IPv6 addresses */
	struct tls_seen tls;
	struct arena arena; /* of what the node's thread keeps; answer has its own */
};

struct evidence {
	const struct cluster *cluster;
	double now;                  /* our wall clock */
	struct node_evidence *nodes; /* as in the spec */
	size_t n;
	struct arena http_arena, scan_arena; /* one for each thread */
};

/* What is worth the trouble, by the options. */
enum need {
	NEED_NODES = 1 << 0, /* connect, run health.sh */
	NEED_HTTP = 1 << 1,
	NEED_SCAN = 1 << 2,
	/* Commands in containers, all of which need the nodes' answers first. */
	NEED_REDIS = 1 << 3,
	NEED_ASYNC = 1 << 4,
	NEED_PEERS = 1 << 5,
	NEED_STORE = 1 << 6,
	NEED_QUEUE = 1 << 7,
	NEED_ACTIONS = NEED_REDIS | NEED_ASYNC | NEED_PEERS | NEED_STORE | NEED_QUEUE,
	/* From this machine, by what the nodes answered. */
	NEED_TLS = 1 << 8,
	NEED_SCAN6 = 1 << 9,
	NEED_LATE = NEED_TLS | NEED_SCAN6,
};

/* See everything that @needs name.  @ret must be zeroed; owned (evidence_done), also on failure,
 * which is ERR_INTR or one of this machine's own. */
int evidence_collect(struct fleet *f, unsigned needs, struct evidence *ret, struct err *err)
	_must_check_;
void evidence_done(struct evidence *ev);

/* The parts of it that need no connection to nodes; each is run in a thread of its own. */
void collect_http(struct evidence *ev, const bool *cancel);
void collect_scan(struct evidence *ev, const bool *cancel);
/* The parts that need the nodes' answers, likewise. */
void collect_tls(struct evidence *ev, const bool *cancel);
void collect_scan6(struct evidence *ev, const bool *cancel);
/* Does the node say that it listens on 443? */
bool listens_on_tls(const struct node_evidence *e);
/* The name by which clients come to @n, as far as the spec tells; NULL: it does not. */
const char *tls_name(const struct cluster *c, const struct spec_node *n, struct arena *arena);
/* Is @text an IPv6 address that the public can reach: no local one, not the spec's own? */
bool is_public6(const struct spec_node *n, const char *text);

/* What to do in the containers, planned from all nodes' answers: see actions.c. */
void actions_plan(struct evidence *ev, unsigned needs);
/* The program in the container of @service that has a `probe` subcommand; NULL: none. */
const char *probe_program(const char *service);

/* The node's container for probes: a gateway rather than a queue worker; NULL: it runs neither. */
const struct container *probe_container(const struct node_evidence *e);
/* The first manager whose docker speaks for the swarm, the leader if it does; NULL: none. */
const struct node_evidence *manager_evidence(const struct evidence *ev);
