/* The part of the file kind that other kinds (daemon.json) build upon. */
#pragma once

#include "lib/node/change.h"

struct file_want {
	const char *content;
	size_t len;
	unsigned mode;
	bool secret;
	const char *check, *triggers; /* may be NULL */
	bool restart;
};

int kind_file_diff(const struct resource *r, const struct file_want *want,
	const struct facts *facts, struct change_set *ret, struct err *err) _must_check_;
