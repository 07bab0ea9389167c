/* The parts tune is made of; tune.c puts them in order. */
#pragma once

#include "tune/tune.h"

void sysctl_ask(const struct cluster *c, const struct spec_node *n, struct buf *question);
int sysctl_want(const struct cluster *c, const struct spec_node *n, struct resource_set *want,
	struct err *err) _must_check_;

void nginx_ask(struct buf *question);
int nginx_want(const struct cluster *c, const struct facts *f, struct resource_set *want,
	struct err *err) _must_check_;
