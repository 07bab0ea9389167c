/*
 * What a node says about itself: the answer to one read-only remote script (templates/facts.sh),
 * parsed strictly.  The script is fixed; what to look at (files, sysctls, packages, units) is data
 * on its input.  Everything here came from the node and is hostile until parsed: lengths are
 * capped, numbers are range-checked, and text is escaped before it is shown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct fact_file {
	const char *path;
	enum { FILE_ABSENT, FILE_REGULAR, FILE_DIRECTORY, FILE_OTHER } type;
	unsigned mode;       /* permission bits */
	const char *sha256;  /* of a regular file; NULL otherwise */
	const char *content; /* only when the question asked for it; NULL otherwise */
	size_t content_len;
};

struct fact_pair {
	const char *key, *value; /* value NULL: does not exist */
};

struct fact_unit {
	const char *name;
	bool exists, active, enabled;
};

struct fact_address {
	const char *interface, *address;
	int mtu;
};

struct fact_swarm_node {
	const char *id, *hostname, *address; /* address: Status.Addr */
	bool ready, manager, active;         /* active: Availability */
	bool reachable;                      /* as a manager, by the other managers */
	struct fact_pair *labels;
	size_t n_labels;
};

struct fact_service {
	const char *id, *name, *hash, *image; /* hash: label svarm.hash or NULL */
	const char *stack;                    /* com.docker.stack.namespace or NULL */
	const char *function;                 /* com.openfaas.function or NULL */
	int replicas;                         /* wanted; -1: global */
	int running, desired;                 /* from ServiceStatus (API 1.41) */
};

struct fact_image {
	const char *id, *tag;
};

struct fact_secret {
	const char *id, *name;
	const char *function; /* label svarm.secret: what functions call it; or NULL */
	const char *hash;     /* label svarm.hash, of its value; or NULL */
	bool openfaas;        /* made by OpenFaaS for functions, under its own name */
};

enum swarm_state { SWARM_INACTIVE, SWARM_PENDING, SWARM_ACTIVE, SWARM_ERROR, SWARM_LOCKED };

struct facts {
	struct arena arena; /* owns everything below */
	const char *os_id, *os_version, *os_codename, *kernel, *arch, *hostname;
	double time;            /* wall clock of the node, seconds since 1970 */
	double asked, answered; /* our wall clock around the question */
	long cpus, memory_kb, var_free_kb;
	bool apparmor; /* the kernel has it enabled */
	bool cloud_init_running, cloud_init_failed;
	bool firewall_absent; /* the rules of the table that was asked for are not in the kernel */
	struct fact_address *addresses;
	size_t n_addresses;
	struct fact_pair *packages; /* value: version when installed */
	size_t n_packages;
	struct fact_pair *sysctls;
	size_t n_sysctls;
	struct fact_file *files;
	size_t n_files;
	struct fact_unit *units;
	size_t n_units;

	bool docker_running;
	const char *docker_version;
	enum swarm_state swarm;
	const char *swarm_node_id, *swarm_address, *swarm_error;
	bool swarm_manager; /* ControlAvailable */
	/* Below: only on managers. */
	struct fact_swarm_node *swarm_nodes;
	size_t n_swarm_nodes;
	struct fact_pair *networks; /* value: driver */
	size_t n_networks;
	struct fact_secret *secrets;
	size_t n_secrets;
	struct fact_pair *configs; /* those of svarm's making; value: id */
	size_t n_configs;
	struct fact_service *services;
	size_t n_services;
	/* Everywhere docker runs. */
	struct fact_image *images;
	size_t n_images;
};

/* Parse the script's output.  @ret must be zeroed; owned by the caller (facts_done), also on
 * failure. */
int facts_parse(const char *text, size_t len, struct facts *ret, struct err *err) _must_check_;
void facts_done(struct facts *f);

const struct fact_file *facts_file(const struct facts *f, const char *path);
/* NULL: not installed, or not asked about. */
const char *facts_package(const struct facts *f, const char *name);
const char *facts_sysctl(const struct facts *f, const char *key);
const struct fact_unit *facts_unit(const struct facts *f, const char *name);
/* The interface that holds @address, or NULL. */
const struct fact_address *facts_address(const struct facts *f, const char *address);
const struct fact_swarm_node *facts_swarm_node_by_address(
	const struct facts *f, const char *address);
const struct fact_swarm_node *facts_swarm_node_by_id(const struct facts *f, const char *id);
const struct fact_service *facts_service(const struct facts *f, const char *name);
/* Do all services that svarm deployed run as often as they should?  No also for a global one that
 * runs nowhere: docker wants none of it while its tasks wait for others to end. */
bool facts_services_run(const struct facts *f);
bool facts_has_image(const struct facts *f, const char *tag, const char *id);
const char *facts_network(const struct facts *f, const char *name);
const struct fact_secret *facts_secret(const struct facts *f, const char *name);
const char *facts_config(const struct facts *f, const char *name);

/*
 * The question: what the script is asked to look at.  One line each, appended to @out:
 * "file PATH", "read PATH" (with content, up to 256 KiB), "sysctl KEY", "package NAME", "unit
 * NAME", "firewall TABLE".
 */
void facts_ask(struct buf *out, const char *what, const char *name);
