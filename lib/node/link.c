/* What every kind of link has in common: see link.h. */
#include "lib/node/link.h"

#include <assert.h>

#include "lib/base/xalloc.h"

int link_exec(struct link *l, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	assert(e->script);
	ret->status = -1;
	return l->ops->exec(l, e, ret, err);
}

void link_free(struct link *l)
{
	if (!l)
		return;
	free(TAKE_PTR(l->host_key));
	l->ops->close(l);
}

void link_result_done(struct link_result *r)
{
	buf_wipe(&r->out); /* of a leader's facts, secrets are part */
	buf_wipe(&r->err);
}
