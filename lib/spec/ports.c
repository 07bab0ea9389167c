/* Ports of services: see ports.h. */
#include "lib/spec/ports.h"

#include "lib/base/macro.h"

const struct port_range service_ports[] = {
	{2377, 2377, false}, /* swarm: management */
	{4789, 4789, false}, /* swarm: VXLAN */
	{6379, 6379, true},  /* Redis */
	{7007, 7007, true},  /* the data probe */
	{7946, 7946, false}, /* swarm: gossip */
	{8080, 8082, true},  /* gateway: calls, control, metrics */
	{8090, 8090, false}, /* nginx: status */
	/* Prometheus, which may come later: a connection that lasts would hold its port. */
	{9090, 9090, false}, {30000, 32767, false}, /* where swarm publishes what names no port */
};
const size_t n_service_ports = ARRAY_SIZE(service_ports);

void ports_add(struct buf *out, int first, int last)
{
	buf_addf(out, first == last ? "%s%d" : "%s%d-%d", out->len ? "," : "", first, last);
}
