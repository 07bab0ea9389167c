/*
 * Inside probe/: from what was seen to what it means.  A judge looks at the evidence of one node,
 * or of the cluster, and adds rows; it does no I/O.  probes.c lists them all.
 */
#pragma once

#include "probe/evidence.h"
#include "probe/health.h"

struct health {
	struct arena arena; /* owns all texts */
	struct health_result *rows;
	size_t n, cap;
	double seconds;
};

struct judge {
	struct health *health;
	const struct evidence *ev;
	const struct probe *probe; /* whose rows are being made */
};

struct probe {
	const char *id, *group, *summary;
	enum health_severity severity;
	int deadline;   /* LIMIT_* of what it waits for */
	unsigned needs; /* enum need */
	unsigned roles; /* nodes with one of these; 0: every node */
	/* One of the two. */
	void (*judge_node)(struct judge *j, const struct node_evidence *e);
	void (*judge_cluster)(struct judge *j);
};

extern const struct probe probes[];
extern const size_t n_probes;

/* Is @p among @only (none: all)? */
bool probe_wanted(const struct probe *p, const struct health_options *o);
/* Judge @ev by all wanted probes. */
void judge_all(struct health *h, const struct evidence *ev, const struct health_options *o);

/* Add a row about @n (NULL: the cluster).  Borrowed until the next one. */
struct health_result *found(struct judge *j, const struct spec_node *n, enum health_state state,
	const char *fmt, ...) _printf_(4, 5);
void remedy(struct judge *j, struct health_result *r, const char *fmt, ...) _printf_(3, 4);
void subject(struct judge *j, struct health_result *r, const char *raw);
/* @raw made harmless, at most @max bytes of it; NULL is "". */
const char *shown(struct judge *j, const char *raw, size_t max);
/* "1.2 ms", "3.4s". */
const char *duration(struct judge *j, double seconds);

/* "4.0 GB", in powers of 1000. */
const char *amount(struct judge *j, double bytes);
/* "12 min", "9 days": a time that is over, or to come. */
const char *span(struct judge *j, double seconds);

/* The service that runs function @fn of the spec. */
const char *function_service(struct judge *j, const struct spec_function *fn);
/* What needs svarm's programs in the containers: skipped with engine openfaas, and then true. */
bool skip_openfaas(struct judge *j, const struct spec_node *n);
/* The first action of @kind on any node, or NULL; its node in *@ret_node. */
const struct action *action_anywhere(
	const struct evidence *ev, enum action_kind kind, const struct spec_node **ret_node);
/* Without an action, because no gateway runs, or with one that failed: says so and returns true. */
bool action_failed(struct judge *j, const struct action *a, const struct spec_node *n);
/* When the node did not answer: says so in a skipped row, and returns true. */
bool skip_unanswered(struct judge *j, const struct node_evidence *e);
/* The same when its docker did not. */
bool skip_dockerless(struct judge *j, const struct node_evidence *e);

/* When the node did not answer, or not in time about @section: says so in a row, and returns true.
 */
bool late(struct judge *j, const struct node_evidence *e, enum answer_section section);

/* judge_node.c */
void judge_reachable(struct judge *j, const struct node_evidence *e);
void judge_clocks(struct judge *j);
void judge_docker(struct judge *j, const struct node_evidence *e);
/* judge_system.c */
void judge_memory(struct judge *j, const struct node_evidence *e);
void judge_load(struct judge *j, const struct node_evidence *e);
void judge_kills(struct judge *j, const struct node_evidence *e);
void judge_reboot(struct judge *j, const struct node_evidence *e);
void judge_clock_kept(struct judge *j, const struct node_evidence *e);
void judge_space(struct judge *j, const struct node_evidence *e);
void judge_read_only(struct judge *j, const struct node_evidence *e);
void judge_docker_errors(struct judge *j, const struct node_evidence *e);
/* judge_certificate.c */
void judge_swarm_certificate(struct judge *j, const struct node_evidence *e);
void judge_tls(struct judge *j, const struct node_evidence *e);
/* judge_swarm.c */
void judge_quorum(struct judge *j);
void judge_member(struct judge *j, const struct node_evidence *e);
void judge_ready(struct judge *j, const struct node_evidence *e);
void judge_strangers(struct judge *j);
/* What @manager knows of the node, by its id in the swarm or else its address; NULL: nothing. */
const struct fact_swarm_node *swarm_node(
	const struct facts *manager, const struct node_evidence *e);
/* judge_logs.c */
void judge_logs(struct judge *j);
/* judge_services.c */
void judge_services(struct judge *j);
void judge_functions(struct judge *j);
/* judge_tasks.c */
void judge_restarts(struct judge *j);
void judge_spread(struct judge *j);
/* judge_calls.c */
void judge_healthz(struct judge *j, const struct node_evidence *e);
void judge_function(struct judge *j, const struct node_evidence *e);
void judge_auth(struct judge *j, const struct node_evidence *e);
void judge_async(struct judge *j);
void judge_redis(struct judge *j, const struct node_evidence *e);
void judge_overlay(struct judge *j, const struct node_evidence *e);
/* judge_mtu.c */
void judge_overlay_mtu(struct judge *j, const struct node_evidence *e);
/* judge_queue.c */
void judge_lag(struct judge *j);
void judge_dead(struct judge *j);
void judge_workers(struct judge *j);
void judge_persistence(struct judge *j);
void judge_redis_memory(struct judge *j);
/* judge_kernel.c */
void judge_sysctl_host(struct judge *j, const struct node_evidence *e);
void judge_sysctl_container(struct judge *j, const struct node_evidence *e);
void judge_listen_nginx(struct judge *j, const struct node_evidence *e);
void judge_listen_gateway(struct judge *j);
void judge_listen_redis(struct judge *j);
/* judge_public.c */
void judge_firewall(struct judge *j, const struct node_evidence *e);
void judge_public_tcp(struct judge *j, const struct node_evidence *e);
void judge_public_udp(struct judge *j, const struct node_evidence *e);
void judge_public6(struct judge *j, const struct node_evidence *e);
