/*
 * The packages a node needs.  Few on purpose: a bare cloud image has the rest, and nothing of ours
 * is installed on a node.  They stand next to each other in the plan, so one apt-get run gets them
 * all.
 */
#include "provision/parts.h"

#include <string.h>

static const char *const docker_distro[] = {"docker.io", NULL};
static const char *const docker_ce[] = {"docker-ce", "docker-ce-cli", "containerd.io", NULL};

static const char *const *docker_packages(enum docker_source source)
{
	return source == DOCKER_CE ? docker_ce : docker_distro;
}

void packages_ask(const struct cluster *c, const struct spec_node *n, struct buf *question)
{
	/* Both flavours of docker, whichever the spec names: see check_source(). */
	for (const char *const *p = docker_distro; *p; p++)
		facts_ask(question, "package", *p);
	for (const char *const *p = docker_ce; *p; p++)
		facts_ask(question, "package", *p);
	facts_ask(question, "package", "apparmor");
	facts_ask(question, "package", "nftables");
	if (n->roles & ROLE_INGRESS)
		facts_ask(question, "package", "nginx");
}

/* apt would take one flavour away to make room for the other, and its containers with it. */
static int check_source(const struct cluster *c, const struct facts *f, struct err *err)
{
	if (c->docker_source == DOCKER_DISTRO && facts_package(f, "docker-ce"))
		return err_set(err, -EEXIST,
			"docker-ce is installed, and docker.io would replace it; "
			"say 'docker: {source: docker-ce}' in the spec, or remove docker-ce");
	if (c->docker_source == DOCKER_CE && facts_package(f, "docker.io"))
		return err_set(err, -EEXIST,
			"docker.io is installed, and docker-ce would replace it; "
			"say 'docker: {source: distro}' in the spec, or remove docker.io");
	return 0;
}

int packages_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err)
{
	int r;

	r = check_source(c, f, err);
	if (r < 0)
		return r;

	for (const char *const *p = docker_packages(c->docker_source); *p; p++)
		resource_add(want, RES_PACKAGE, *p, "the container engine");
	if (f->apparmor)
		resource_add(want, RES_PACKAGE, "apparmor",
			"the kernel enforces AppArmor: without its tools no container starts");
	resource_add(want, RES_PACKAGE, "nftables", "the firewall");
	if (n->roles & ROLE_INGRESS)
		resource_add(want, RES_PACKAGE, "nginx", "the public door");
	return 0;
}
