/* Provision from above: the order in which a bare server becomes a node. */
#include "provision/provision.h"

#include <string.h>
#include <sys/socket.h>

#include "lib/spec/addr.h"
#include "provision/parts.h"

void provision_ask(const struct cluster *c, const struct spec_node *n, struct buf *question)
{
	packages_ask(c, n, question);
	docker_ask(question);
	firewall_ask(question);
}

const struct fact_address *provision_address(const struct facts *f, const char *address)
{
	struct addr wanted, have;

	if (!addr_parse(&wanted, address))
		return NULL;
	for (size_t i = 0; i < f->n_addresses; i++)
		if (addr_parse(&have, f->addresses[i].address) && have.family == wanted.family &&
			!memcmp(have.bytes, wanted.bytes, have.family == AF_INET ? 4 : 16))
			return &f->addresses[i];
	return NULL;
}

int provision_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err)
{
	int r;

	docker_config_want(f, want);

	r = packages_want(c, n, f, want, err);
	if (r < 0)
		return r;

	docker_unit_want(want);

	r = firewall_want(c, n, f, want, err);
	if (r < 0)
		return err_wrap(err, "firewall");
	return 0;
}
