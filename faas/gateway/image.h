/* Which image a deployment runs. */
#pragma once

#include "faas/common/docker.h"
#include "faas/gateway/deploy.h"

struct image_id {
	char text[72]; /* "sha256:…", or "" */
};

/*
 * Swarm asks a registry for a tag before each start of a task, even when the node has the image; by
 * its ID it does not.  So an image that came to the nodes from an archive is run by its ID: one
 * that `svarm up` runs a function of (it brings archives to all workers), or that this node has
 * with no registry's digest.  "" for any other, and where the deployment brings a registry's
 * credentials.
 */
int image_local_id(struct docker *d, const struct deploy *deploy, struct image_id *ret,
	struct err *err) _must_check_;

/* The first half: among Docker's list @services.  NULL or borrowed. */
const char *image_of_services(const json_t *services, const char *reference);
