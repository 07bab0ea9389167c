/* Tune from above: the kernel first, because nginx asks for a backlog the kernel must allow. */
#include "tune/tune.h"

#include "tune/parts.h"

void tune_ask(const struct cluster *c, const struct spec_node *n, struct buf *question)
{
	sysctl_ask(c, n, question);
	if (n->roles & ROLE_INGRESS)
		nginx_ask(question);
}

int tune_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err)
{
	int r;

	r = sysctl_want(c, n, want, err);
	if (r < 0)
		return r;
	if (!(n->roles & ROLE_INGRESS))
		return 0;
	return nginx_want(c, f, want, err);
}
