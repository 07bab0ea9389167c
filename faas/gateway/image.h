/* Which image a deployment runs. */
#pragma once

#include "faas/common/docker.h"
#include "faas/gateway/deploy.h"

struct image_id {
	char text[72]; /* "sha256:…", or "" */
};

/*
 * Swarm asks a registry for a tag before each start of a task, even when the node has the image; by
 * its ID it does not.  So an image that this node has, and that came from no registry, is run by
 * its ID.  "" for any other, and where the deployment brings a registry's credentials.
 */
int image_local_id(struct docker *d, const struct deploy *deploy, struct image_id *ret,
	struct err *err) _must_check_;
