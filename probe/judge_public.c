/* The public side: everything but ssh and the web must be closed to those who are not peers. */
#include "probe/judge.h"

/* What a scan cannot tell: UDP ports that are open and silent, and a node whose public side this
 * machine does not see. */
void judge_firewall(struct judge *j, const struct node_evidence *e)
{
	struct health_result *r;

	if (skip_unanswered(j, e))
		return;
	switch (e->answer.firewall) {
	case FIREWALL_LOADED: found(j, e->node, HEALTH_OK, "its rules are in the kernel"); break;
	case FIREWALL_ABSENT:
		r = found(j, e->node, HEALTH_FAIL,
			"its rules are not in the kernel: everything is open that listens");
		remedy(j, r,
			"'svarm up' loads them again; who flushed them? 'systemctl status "
			"nftables', or another firewall ('nft flush ruleset'): then docker's own "
			"are gone as well, until 'systemctl restart docker'");
		break;
	default: found(j, e->node, HEALTH_SKIP, "the node does not say");
	}
}

/* Has anything at all come back from there? */
static bool shows_life(const struct scan *s)
{
	for (size_t i = 0; i < n_scan_tcp; i++)
		if (s->tcp[i] == PORT_OPEN || s->tcp[i] == PORT_REFUSED)
			return true;
	for (size_t i = 0; i < n_scan_udp; i++)
		if (s->udp[i] == PORT_OPEN || s->udp[i] == PORT_REFUSED)
			return true;
	return false;
}

static bool skip_unscanned(struct judge *j, const struct node_evidence *e)
{
	if (!strcmp(e->node->address, e->node->private))
		found(j, e->node, HEALTH_SKIP, "public and private address are the same");
	else if (e->scan.error)
		found(j, e->node, HEALTH_SKIP, "%s", shown(j, e->scan.error, 200));
	else if (!e->scan.done || (!e->connected && !shows_life(&e->scan)))
		found(j, e->node, HEALTH_SKIP,
			"the node is not reachable: its silence proves nothing");
	else
		return false;
	return true;
}

struct tally {
	struct buf open, tried;
	size_t silent, refused, failed;
};

static void tally_done(struct tally *t)
{
	buf_done(&t->open);
	buf_done(&t->tried);
}

static void count(
	struct tally *t, const int *ports, const enum port_state *states, size_t n, int ssh)
{
	for (size_t i = 0; i < n; i++) {
		if (ports[i] == ssh)
			continue;
		buf_addf(&t->tried, "%s%d", t->tried.len ? ", " : "", ports[i]);
		if (states[i] == PORT_OPEN)
			buf_addf(&t->open, "%s%d", t->open.len ? ", " : "", ports[i]);
		t->silent += states[i] == PORT_SILENT;
		t->refused += states[i] == PORT_REFUSED;
		t->failed += states[i] == PORT_ERROR;
	}
}

static void open_to_all(
	struct judge *j, const struct node_evidence *e, const struct tally *t, const char *what)
{
	struct health_result *r;

	r = found(j, e->node, HEALTH_FAIL, "%s to this machine: %s", what, buf_str(&t->open));
	remedy(j, r, "on the node: 'nft list table inet svarm'; 'svarm up' loads it again");
}

static void not_tried(struct judge *j, const struct node_evidence *e, size_t ports)
{
	struct health_result *r;

	r = found(j, e->node, HEALTH_WARN, "%zu ports could not be tried from this machine", ports);
	remedy(j, r, "raise the limit of open files here: 'ulimit -n'");
}

void judge_public_tcp(struct judge *j, const struct node_evidence *e)
{
	_cleanup_(tally_done) struct tally t = {0};

	if (skip_unscanned(j, e))
		return;
	count(&t, scan_tcp, e->scan.tcp, n_scan_tcp, e->node->port);
	if (t.open.len) {
		open_to_all(j, e, &t, "open");
	} else if (t.failed) {
		not_tried(j, e, t.failed);
	} else {
		found(j, e->node, HEALTH_OK, "0 open of %zu tried (%zu silent, %zu refused)",
			t.silent + t.refused, t.silent, t.refused);
	}
}

/* Silence is what closed UDP ports and many open ones have in common: this only finds the loud. */
void judge_public_udp(struct judge *j, const struct node_evidence *e)
{
	_cleanup_(tally_done) struct tally t = {0};

	if (skip_unscanned(j, e))
		return;
	count(&t, scan_udp, e->scan.udp, n_scan_udp, 0);
	if (t.open.len)
		open_to_all(j, e, &t, "answering");
	else if (t.failed)
		not_tried(j, e, t.failed);
	else
		found(j, e->node, HEALTH_OK, "no answer from %s%s", buf_str(&t.tried),
			t.refused ? " (some say closed)" : "");
}

void judge_public6(struct judge *j, const struct node_evidence *e)
{
	_cleanup_(tally_done) struct tally tcp = {0}, udp = {0};
	size_t n = 0;

	if (skip_unanswered(j, e))
		return;
	for (size_t i = 0; i < e->answer.n_addresses6; i++)
		n += is_public6(e->node, e->answer.addresses6[i]);
	if (!n || !e->scan6.done) {
		found(j, e->node, HEALTH_SKIP, "%s",
			!n               ? "it has no other public IPv6 address"
			: e->scan6.error ? e->scan6.error
					 : "not tried");
		return;
	}
	count(&tcp, scan_tcp, e->scan6.tcp, n_scan_tcp, e->node->port);
	count(&udp, scan_udp, e->scan6.udp, n_scan_udp, 0);
	if (udp.open.len)
		buf_addf(&tcp.open, "%s%s (UDP)", tcp.open.len ? ", " : "", buf_str(&udp.open));
	if (tcp.open.len)
		open_to_all(j, e, &tcp, "open");
	else if (tcp.failed + udp.failed)
		not_tried(j, e, tcp.failed + udp.failed);
	else
		found(j, e->node, HEALTH_OK, "0 open of %zu tried on %zu address%s",
			n_scan_tcp + n_scan_udp, n, n == 1 ? "" : "es");
}
