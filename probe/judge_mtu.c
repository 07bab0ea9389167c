/*
 * Packets on the overlay: as large as its interfaces send must arrive, and must fit the private
 * network with what VXLAN puts before them.  What does not arrive lets connections hang.
 */
#include "probe/judge.h"

enum { VXLAN = 50 }; /* bytes that the overlay puts before each packet, by IPv4 */

static const char *const make_again =
	"set the MTU of all nodes' private interfaces to what the private network carries; then "
	"make the network 'svarm' anew, %d bytes below it: 'svarm down', 'svarm up'";

/* "lab-2: 1170" of each peer that larger packets do not reach. */
static size_t list_narrow(struct judge *j, const struct node_evidence *e, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_actions; i++) {
		const struct action *a = &e->actions[i];

		if (a->kind != ACTION_PEER || !a->passes || a->passes >= a->mtu)
			continue;
		if (++n <= 3)
			buf_addf(out, "%s%s: %d", n > 1 ? "; " : "", a->peer->name, a->passes);
	}
	if (n > 3)
		buf_addf(out, "; and %zu more", n - 3);
	return n;
}

/* What the overlay's interface sends, and whether all peers have answered to packets. */
static int overlay_mtu(const struct node_evidence *e, bool *ret_all)
{
	int most = 0;

	*ret_all = true;
	for (size_t i = 0; i < e->n_actions; i++) {
		if (e->actions[i].kind != ACTION_PEER)
			continue;
		most = MAX_OF(most, e->actions[i].mtu);
		*ret_all &= e->actions[i].passes > 0;
	}
	return most;
}

void judge_overlay_mtu(struct judge *j, const struct node_evidence *e)
{
	const char *interface = e->answer.link.interface;
	const long below = e->answer.link.mtu;
	_cleanup_buf_ struct buf narrow = BUF_INIT;
	struct health_result *r;
	bool all;
	int mtu = overlay_mtu(e, &all);

	if (j->ev->n == 1) {
		found(j, e->node, HEALTH_SKIP, "there is no other node");
		return;
	}
	if (skip_openfaas(j, e->node) || skip_dockerless(j, e))
		return;
	if (!mtu) {
		found(j, e->node, HEALTH_SKIP, "no container here that says it: see overlay.data");
	} else if (list_narrow(j, e, &narrow)) {
		r = found(j, e->node, HEALTH_WARN,
			"packets of %d bytes are sent, the largest that arrives at %s", mtu,
			buf_str(&narrow));
		remedy(j, r, make_again, VXLAN);
	} else if (interface && mtu + VXLAN > below) {
		/* The kernel cuts them in two, which nobody inside notices. */
		r = found(j, e->node, HEALTH_WARN,
			"its packets of %d bytes are %d on the private network, and %s carries "
			"%ld: each is cut in two",
			mtu, mtu + VXLAN, shown(j, interface, 20), below);
		remedy(j, r, make_again, VXLAN);
	} else if (!all) {
		found(j, e->node, HEALTH_SKIP,
			"not every container answers: see overlay.data, or 'svarm up' updates it");
	} else {
		found(j, e->node, HEALTH_OK, "packets of %d bytes pass whole", mtu);
	}
}
