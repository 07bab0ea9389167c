/*
 * FaaS: from the spec's functions and images to the resources of each node.  Every node gets the
 * images that may run on it; the leader also gets the overlay network, the secrets and the stacks.
 *
 * What is the same for all nodes and needs I/O here (metadata of the image archives, secrets that
 * the spec refers to) is loaded once, before the threads start, and read-only afterwards.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/node/facts.h"
#include "lib/node/resource.h"
#include "lib/spec/cluster.h"

struct faas_context;

/*
 * Read the archives of svarm's own images in @images_dir and those the spec lists, and resolve the
 * spec's secret references.  Runs the spec's `cmd:` references.  *@ret is owned by the caller
 * (faas_context_free); no secret is in any error message.
 */
int faas_context_load(const struct cluster *c, const char *images_dir, struct faas_context **ret,
	struct err *err) _must_check_;
/* Wipes the secrets.  NULL-safe. */
void faas_context_free(struct faas_context *x);
static inline void faas_context_freep(struct faas_context **x)
{
	faas_context_free(*x);
}

/* What faas_want() needs to know of @n, appended to @question.  On the leader that includes the
 * content of the files below /etc/svarm/secrets. */
void faas_ask(const struct cluster *c, const struct spec_node *n, struct buf *question);

/*
 * Images; on the leader the network, the secrets and the stacks.  A secret that neither the spec
 * nor the leader has yet is made here, from the kernel's random numbers.  @want's arena holds
 * secrets afterwards: wipe it.
 */
int faas_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	const struct faas_context *x, struct resource_set *want, struct err *err) _must_check_;

/* Promise a node keeps when its images are loaded and it has joined: "ready.NAME". */
const char *faas_ready_promise(struct arena *a, const struct spec_node *n);
