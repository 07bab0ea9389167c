/*
 * A cluster as the operator described it: the typed, validated, immutable result of reading a
 * cluster.yaml.  Every string is borrowed from the cluster's arena; sizes are bytes, durations
 * microseconds, parsed once.  Everything but `nodes` has a default, and the defaults stand in the
 * grammar table (grammar.c), which also prints the JSON Schema.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

enum node_role {
	ROLE_MANAGER = 1 << 0,
	ROLE_WORKER = 1 << 1,
	ROLE_INGRESS = 1 << 2,  /* runs nginx */
	ROLE_DATABASE = 1 << 3, /* runs Redis */
};

enum docker_source {
	DOCKER_DISTRO, /* docker.io of the distribution */
	DOCKER_CE,     /* Docker's own repository */
};

enum faas_engine {
	ENGINE_SVARM,
	ENGINE_OPENFAAS,
};

/* How the openfaas gateway reaches functions. */
enum openfaas_endpoints {
	ENDPOINTS_DNSRR, /* faas-swarm picks a task's address: any kernel */
	ENDPOINTS_VIP,   /* the service's virtual address: kernels with IPVS */
};

enum monitoring {
	MONITORING_NONE,
	MONITORING_PROMETHEUS,
};

/* What engine openfaas is made of, besides Redis. */
enum openfaas_part {
	OPENFAAS_GATEWAY,
	OPENFAAS_AUTH,
	OPENFAAS_PROVIDER,
	OPENFAAS_NATS,
	OPENFAAS_WORKER,
	OPENFAAS_PROMETHEUS,
	OPENFAAS_ALERTMANAGER,
	N_OPENFAAS_PARTS,
};

enum redis_persistence {
	REDIS_AOF, /* what it answers is on the disk: a call that was accepted survives a loss of
		      power */
	REDIS_NONE,
	REDIS_AOF_EVERYSEC, /* on the disk within a second or two: for disks that sync slowly */
};

enum spec_scale_type {
	SPEC_SCALE_RPS,
	SPEC_SCALE_CAPACITY,
	SPEC_SCALE_CPU,
};

enum spec_healthcheck {
	HEALTHCHECK_NONE,  /* the image's is switched off: the gateway looks itself */
	HEALTHCHECK_IMAGE, /* the image's is kept */
};

/* A secret by reference: never a literal in the spec. */
struct secret_ref {
	enum { SECRET_NONE, SECRET_ENV, SECRET_FILE, SECRET_CMD } from;
	const char *value; /* variable name, resolved path, or command line */
};

struct spec_pair {
	const char *key, *value;
	int line; /* where it stands in the spec */
};

struct spec_node {
	const char *name;     /* RFC 1123 label: also the node's name in the swarm */
	const char *address;  /* where we connect: IPv4, IPv6 or host name */
	const char *private;  /* IPv4 or IPv6 address the swarm uses */
	const char *host_key; /* "SHA256:…" pin, or NULL */
	const char *user;     /* ssh user of this node; never NULL */
	int port;             /* ssh port */
	unsigned roles;       /* enum node_role, or-ed */
	int line;
	size_t index; /* place in cluster->nodes */
};

struct spec_ssh {
	const char *user;
	const char **identities; /* resolved paths */
	size_t n_identities;
	const char *known_hosts; /* resolved path; default ~/.ssh/known_hosts */
	int port;
	usec_t connect_timeout; /* how long connecting is tried in all */
};

struct spec_sysctl {
	const char *key, *value;
	int line;
};

struct spec_tune {
	struct spec_sysctl *sysctl; /* the defaults (line 0 unless the spec overrides one), then the
				     * spec's own in its order */
	size_t n_sysctl;
	struct {
		const char *server_name; /* "_" by default: any */
		uint64_t client_max_body_size;
		uint64_t client_body_buffer_size;
		int upstream_keepalive;
		usec_t proxy_read_timeout;
		usec_t proxy_connect_timeout;
		int worker_connections;
	} nginx;
};

struct spec_limits {
	uint64_t memory; /* bytes; 0: none */
	double cpus;     /* 0: none */
};

struct spec_scale {
	bool moves;     /* by load; else min and max are what `replicas` says, but never 0 */
	bool in_labels; /* the spec gives it as labels com.openfaas.scale.*, not as a section */
	int min, max;   /* containers, when it is awake */
	int factor;     /* step in per cent of max */
	int target;     /* what one container should carry, in the unit of the type */
	enum spec_scale_type type;
	bool zero; /* none at all when nobody calls */
	usec_t zero_after;
};

struct spec_function {
	const char *name;
	const char *image;
	int replicas;         /* at first: between min and max, or 0: until the first call */
	const char *fprocess; /* NULL: none */
	struct spec_pair *env;
	size_t n_env;
	struct spec_pair *labels;
	size_t n_labels;
	struct spec_pair *annotations;
	size_t n_annotations;
	const char **constraints;
	size_t n_constraints;
	const char **secrets; /* names, as clients of the gateway use them */
	size_t n_secrets;
	struct spec_limits limits, requests;
	struct spec_scale scale;
	usec_t timeout; /* of one call; 0: the gateway's */
	enum spec_healthcheck healthcheck;
	bool read_only;
	const char *file; /* that `line` is in: the spec or one that it includes */
	int line;
};

/* A secret for functions. */
struct spec_secret {
	const char *name;
	struct secret_ref from;
	int line;
};

/* A file named in functions_from. */
struct spec_include {
	const char *path; /* resolved */
	int line;
};

struct spec_image {
	const char *archive; /* resolved path of a docker-archive (docker save), plain or gzip */
	int line;
};

/* The queue workers: all of it per worker but `dead`. */
struct spec_queue {
	int max_inflight;                  /* calls at once; 0: spec_faas.max_inflight */
	int attempts;                      /* of a call, before it is a dead letter */
	usec_t retry_wait, retry_max_wait; /* between attempts: the first pause, the longest */
	int dead;                          /* dead letters kept */
	int callbacks;                     /* sent at once */
	uint64_t memory;                   /* for entries, and as much again for answers */
};

struct spec_faas {
	enum faas_engine engine;
	enum monitoring monitoring;
	struct {
		enum openfaas_endpoints endpoints;
		const char *images[N_OPENFAAS_PARTS]; /* references; never NULL */
	} openfaas;
	struct {
		uint64_t memory;
		enum redis_persistence persistence;
	} redis;
	struct secret_ref password; /* basic auth; SECRET_NONE: generated on the leader */
	const char *user;           /* basic auth user, "admin" */
	int max_inflight;           /* queue worker: calls at once, per worker */
	struct spec_queue queue;
	struct spec_secret *secrets;
	size_t n_secrets;
	struct spec_function *functions; /* the spec's own, then those of the included files */
	size_t n_functions;
	struct spec_include *includes;
	size_t n_includes;
};

struct cluster {
	struct arena arena; /* owns everything below */
	const char *path;   /* of the spec, as given */
	const char *name;
	struct spec_ssh ssh;
	struct spec_node *nodes;
	size_t n_nodes;
	enum docker_source docker_source;
	struct spec_tune tune;
	struct spec_image *images;
	size_t n_images;
	struct spec_faas faas;
	const char **fail_if; /* verify.fail_if, as written: "http.p99 > 50ms" */
	size_t n_fail_if;
	const char **warnings; /* from the cross-checks, "file:line: warning: …" */
	size_t n_warnings;
};

/*
 * Read, parse and validate the spec at @path ("-": standard input).  On success *@ret is owned by
 * the caller (cluster_free).  On failure ERR_SPEC with *all* mistakes in @err: each "file:line:col:
 * where: what", the source line, a caret, and an empty line between.
 */
int cluster_load(const char *path, struct cluster **ret, struct err *err) _must_check_;
/* As cluster_load(), from memory; @path is for messages and for resolving relative paths. */
int cluster_parse(const char *path, const char *text, size_t len, struct cluster **ret,
	struct err *err) _must_check_;
void cluster_free(struct cluster *c);
static inline void cluster_freep(struct cluster **c)
{
	cluster_free(*c);
}

/* The node that starts the swarm and holds the run's lock: the first manager.  Never NULL. */
const struct spec_node *cluster_leader(const struct cluster *c);
/* The first node with @role, or NULL. */
const struct spec_node *cluster_first(const struct cluster *c, enum node_role role);
size_t cluster_count(const struct cluster *c, enum node_role role);
/* Queued calls a worker makes at once: faas.queue.max_inflight, else the older faas.max_inflight.
 */
int cluster_max_inflight(const struct cluster *c);
/* The value the spec (or a default) gives sysctl @key, or NULL. */
const char *cluster_sysctl(const struct cluster *c, const char *key);

/* "manager", "worker" …: the word of one role. */
const char *role_name(enum node_role role);
