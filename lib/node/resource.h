/*
 * A resource is one piece of wanted state on a node.  The tools (provision, tune, faas) say what
 * they want as an ordered list of resources; the order is the order of execution.  Each kind
 * (kind_*.c) knows three things: what to ask a node about it, how it differs from the answer, and
 * which shell call brings it about.  All of it is pure: no I/O, so that plans are unit-testable.
 *
 * All strings and arrays of a resource are borrowed from the set's arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/node/facts.h"

enum resource_kind {
	RES_PACKAGE,   /* name: package */
	RES_DIRECTORY, /* name: path */
	RES_FILE,      /* name: path */
	RES_SYSCTL,    /* name: key; the live value (the file that keeps it is a RES_FILE) */
	RES_UNIT,   /* name: systemd unit: enabled and active, reloaded/restarted by its triggers */
	RES_DAEMON, /* name: path of daemon.json; keys merged into what is there */
	RES_SWARM,  /* name: "swarm": membership of this node */
	RES_LABEL,  /* name: label key; on a swarm node, set by the leader */
	RES_NETWORK,   /* name: overlay network, made by the leader */
	RES_IMAGE,     /* name: tag; loaded from an archive */
	RES_SECRET,    /* name: swarm secret, made by the leader */
	RES_CONFIG,    /* name: swarm config, made by the leader */
	RES_STACK,     /* name: stack, deployed by the leader */
	RES_FUNCTIONS, /* name: "functions": services by themselves, in no stack */
};

/* A piece of input for the apply script, in the order the script asks for it. */
struct frame {
	enum { FRAME_DATA, FRAME_FILE, FRAME_PROMISE } from;
	const char
		*data; /* FRAME_DATA: bytes. FRAME_FILE: path here. FRAME_PROMISE: promise name */
	size_t len;    /* FRAME_DATA */
	bool secret;   /* wiped, never shown */
};

struct stack_service {
	const char *name;  /* full service name, "svarm_gateway" */
	const char *hash;  /* label svarm.hash of the wanted service */
	const char *image; /* for the plan's text */
	int replicas;      /* -1: global */
	int min, max;      /* replicas that are as good as that; max 0: not judged */
};

/* A service in no stack, for those who know a function by the name of its service. */
struct function_service {
	struct stack_service service;
	const char *spec;           /* JSON for the Engine API */
	const char *const *secrets; /* whose names stand in it where their ids belong */
	size_t n_secrets;
};

struct resource {
	enum resource_kind kind;
	const char *name;
	const char *why; /* one phrase: "backlog of accepted connections" */

	union {
		struct {
			const char *content;
			size_t len;
			unsigned mode;        /* 0644 */
			bool secret;          /* content is never shown, nor compared by content */
			const char *check;    /* shell function run on the new file before it
						 replaces the old one, or NULL: "check_nginx" */
			const char *triggers; /* unit to touch after a change, or NULL */
			bool restart;         /* restart instead of reload it */
		} file;
		struct {
			unsigned mode;
		} directory;
		struct {
			const char *value;
		} sysctl;
		struct {
			bool firewall; /* active is not enough: its rules must be loaded */
		} unit;
		struct {
			const char *wanted; /* JSON object: keys to merge */
		} daemon;
		struct {
			bool init;           /* the leader of a swarm that does not exist yet */
			bool manager;        /* wanted role */
			const char *address; /* private address */
			const char *leader;  /* private address of the leader, for joins */
			const char *pool;    /* address pool of overlay networks, for init: CIDR */
		} swarm;
		struct {
			const char *address; /* private address of the swarm node */
			const char *node;    /* its name in the spec */
			const char *value;
			const char *promise; /* "joined.NAME": what to wait for, or NULL */
		} label;
		struct {
			const char *subnet; /* NULL: docker chooses */
			int mtu;            /* 0: docker's default */
		} network;
		struct {
			const char *id;      /* "sha256:…" */
			const char *archive; /* path here */
			uint64_t bytes;
		} image;
		struct {
			const char *value; /* owned by the arena that the caller wipes */
			size_t len;
			const char **labels; /* "KEY=VALUE", besides svarm.managed */
			size_t n_labels;
		} secret;
		struct {
			const char *content;
			size_t len;
		} config;
		struct {
			const char *content; /* the compose file */
			size_t len;
			struct stack_service *services;
			size_t n_services;
			const char **promises; /* what must hold before it is deployed */
			size_t n_promises;
		} stack;
		struct {
			/* All there should be; others that svarm deployed are removed. */
			struct function_service *items;
			size_t n;
			const char **promises; /* as above */
			size_t n_promises;
		} functions;
	};
};

struct resource_set {
	struct arena *arena; /* borrowed */
	struct resource *items;
	size_t n, cap;
};

/* Append one resource of @kind; the rest of it is zero.  Borrowed until the next call. */
struct resource *resource_add(
	struct resource_set *set, enum resource_kind kind, const char *name, const char *why);
/* "package", "file" …: the kind's word. */
const char *resource_kind_name(enum resource_kind kind);
