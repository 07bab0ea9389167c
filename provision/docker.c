/*
 * The docker engine: the few settings a node needs, merged into whatever daemon.json is there, and
 * the running service.  The settings come before the package: dockerd then starts once, with them.
 */
#include "provision/parts.h"

#define DAEMON_JSON "/etc/docker/daemon.json"

/* Without a limit a container's log fills the disk. */
static const char wanted[] = "{\"log-driver\":\"json-file\","
			     "\"log-opts\":{\"max-file\":\"3\",\"max-size\":\"10m\"}}";

void docker_ask(struct buf *question)
{
	facts_ask(question, "file", "/etc/docker");
	facts_ask(question, "read", DAEMON_JSON);
	facts_ask(question, "unit", "docker.service");
}

void docker_config_want(const struct facts *f, struct resource_set *want)
{
	const struct fact_file *folder = facts_file(f, "/etc/docker");
	struct resource *r;

	r = resource_add(want, RES_DIRECTORY, "/etc/docker", "holds dockerd's settings");
	/* Not ours: one that is there keeps its mode. */
	r->directory.mode = folder && folder->type == FILE_DIRECTORY ? folder->mode : 0755;

	r = resource_add(want, RES_DAEMON, DAEMON_JSON, "container logs that end at 30 MB each");
	r->daemon.wanted = wanted;
}

void docker_unit_want(struct resource_set *want)
{
	resource_add(want, RES_UNIT, "docker.service", "the container engine");
}
