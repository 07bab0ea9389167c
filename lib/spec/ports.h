/*
 * Ports that services of svarm's or of the swarm listen on, whatever the spec says: no outgoing
 * connection of a node may take one.  Here once for who reserves them (tune/, faas/) and who looks
 * whether they are reserved (probe/).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

struct port_range {
	int first, last; /* both belong to it */
	bool inside;     /* something listens there in svarm's containers */
};

/* In ascending order. */
extern const struct port_range service_ports[];
extern const size_t n_service_ports;

/* Append @first..@last to a list in the kernel's form: "2377,8080-8082". */
void ports_add(struct buf *out, int first, int last);
