/* The parts provision is made of; provision.c puts them in order. */
#pragma once

#include "provision/provision.h"

void packages_ask(const struct cluster *c, const struct spec_node *n, struct buf *question);
int packages_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err) _must_check_;

void docker_ask(struct buf *question);
/* daemon.json; comes before the packages. */
void docker_config_want(const struct facts *f, struct resource_set *want);
/* The running engine; comes after them. */
void docker_unit_want(struct resource_set *want);

void firewall_ask(struct buf *question);
int firewall_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err) _must_check_;

/* The address of @f's node that equals @address, however either is written; or NULL. */
const struct fact_address *provision_address(const struct facts *f, const char *address);
