/* Facts for tests, parsed from lines as templates/facts.sh prints them. */
#pragma once

#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/node/facts.h"

/* @lines: tab-separated lines between the first and the last.  Owned by the caller: facts_done().
 */
static inline void facts_make(struct facts *ret, const char *lines)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;

	*ret = (struct facts){0};
	buf_addf(&text, "svarm-facts\t1\nos\tubuntu\t22.04\tjammy\n%send\tok\n", lines);
	if (facts_parse(buf_str(&text), text.len, ret, &err) < 0)
		abort();
}
