/* A node for itself: can we reach it, does its clock agree, does its docker answer. */
#include <math.h>

#include "lib/base/xalloc.h"
#include "probe/judge.h"

/* Certificates and tokens of the swarm bear times: seconds are odd, half a minute is a fault. */
static const double skew_warn = 1, skew_fail = 30;

/* An error's own advice stands after its last semicolon: see err.h. */
static void refused(struct judge *j, const struct node_evidence *e)
{
	const char *text = shown(j, e->refused, 400), *advice = NULL;
	struct health_result *r;

	for (const char *s = text; (s = strstr(s, "; ")); s += 2)
		advice = s + 2;
	if (advice) {
		r = found(j, e->node, HEALTH_FAIL, "%.*s", (int)(advice - 2 - text), text);
		remedy(j, r, "%s", advice);
	} else {
		r = found(j, e->node, HEALTH_FAIL, "%s", text);
		remedy(j, r, "is %s up, and does it let %s in on port %d?", e->node->address,
			e->node->user, e->node->port);
	}
	r->seconds = e->connect_seconds;
}

void judge_reachable(struct judge *j, const struct node_evidence *e)
{
	const struct spec_node *n = e->node;
	struct health_result *r;

	if (!e->connected) {
		refused(j, e);
		return;
	}
	if (!e->answered) {
		r = found(j, n, HEALTH_FAIL, "connected, but not probed: %s",
			shown(j, e->refused, 300));
		remedy(j, r, "try 'ssh -p %d %s@%s': is its disk full, is it overloaded?", n->port,
			n->user, n->address);
	} else {
		r = found(j, n, HEALTH_OK, "connected in %s", duration(j, e->connect_seconds));
	}
	r->seconds = e->connect_seconds;
}

/* ---- clocks ---- */

/* How far a clock is ahead of ours, and how sure we can be of that. */
struct offset {
	const struct node_evidence *e;
	double ahead, margin;
};

static int by_ahead(const void *a, const void *b)
{
	const struct offset *x = a, *y = b;

	return (x->ahead > y->ahead) - (x->ahead < y->ahead);
}

static size_t measure(const struct evidence *ev, struct offset *out)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->n; i++) {
		const struct node_evidence *e = &ev->nodes[i];

		if (!e->answered || e->answer.time <= 0)
			continue;
		/* The node looked at its clock at some moment between the two. */
		out[n++] = (struct offset){
			.e = e,
			.ahead = e->answer.time - (e->asked + e->heard) / 2,
			.margin = fabs(e->heard - e->asked) / 2,
		};
	}
	return n;
}

/* The middle clock; of two in the middle the one that agrees more with ours. */
static struct offset middle(struct offset *sorted, size_t n)
{
	struct offset low = sorted[(n - 1) / 2], high = sorted[n / 2];

	return fabs(low.ahead) <= fabs(high.ahead) ? low : high;
}

static enum health_state rate(double skew, double margin)
{
	double sure = skew - margin;

	return sure > skew_fail ? HEALTH_FAIL : sure > skew_warn ? HEALTH_WARN : HEALTH_OK;
}

static void clock_of_node(struct judge *j, const struct offset *o, const struct offset *ref)
{
	double skew = o->ahead - ref->ahead;
	double margin = o->e == ref->e ? o->margin : o->margin + ref->margin;
	enum health_state state = rate(fabs(skew), margin);
	struct health_result *r;

	if (state == HEALTH_OK) {
		found(j, o->e->node, state, "%.3fs off (± %.3fs)", fabs(skew), margin);
		return;
	}
	r = found(j, o->e->node, state, "%.1fs %s the other nodes (± %.3fs)", fabs(skew),
		skew > 0 ? "ahead of" : "behind", margin);
	remedy(j, r, "let it keep time: 'timedatectl set-ntp true' (systemd-timesyncd or chrony)");
}

/* The nodes may agree with each other and not with us: certificates will look wrong from here. */
static void clock_of_ours(struct judge *j, const struct offset *ref)
{
	enum health_state state = rate(fabs(ref->ahead), ref->margin);
	struct health_result *r;

	r = found(j, NULL, state == HEALTH_OK ? HEALTH_OK : HEALTH_WARN,
		"%.3fs %s the nodes (± %.3fs)", fabs(ref->ahead),
		ref->ahead > 0 ? "behind" : "ahead of", ref->margin);
	subject(j, r, "this machine");
	if (state != HEALTH_OK)
		remedy(j, r, "let this machine keep time, too");
}

void judge_clocks(struct judge *j)
{
	const struct evidence *ev = j->ev;
	struct offset *all = xcalloc(ev->n + 1, sizeof(*all)), *sorted, ref = {0};
	size_t n = measure(ev, all), at = 0;

	sorted = xmemdup(all, (n + 1) * sizeof(*all));
	qsort(sorted, n, sizeof(*sorted), by_ahead);
	if (n)
		ref = middle(sorted, n);
	for (size_t i = 0; i < ev->n; i++) {
		const struct node_evidence *e = &ev->nodes[i];

		if (at < n && all[at].e == e)
			clock_of_node(j, &all[at++], &ref);
		else if (!skip_unanswered(j, e))
			found(j, e->node, HEALTH_SKIP, "the node does not say what time it is");
	}
	if (n)
		clock_of_ours(j, &ref);
	free(sorted);
	free(all);
}

/* ---- docker ---- */

void judge_docker(struct judge *j, const struct node_evidence *e)
{
	static const struct {
		const char *text, *remedy;
	} faults[] = {
		[DOCKER_UNASKED] = {"health.sh did not ask docker",
			"is this svarm's own health.sh?"},
		[DOCKER_ABSENT] = {"docker is not installed", "'svarm up' installs it"},
		[DOCKER_STOPPED] = {"dockerd does not run",
			"on the node: 'systemctl start docker'; 'journalctl -u docker' says why it "
			"ended"},
		[DOCKER_SILENT] = {"dockerd runs, but gives no answer within 5 s",
			"on the node: 'journalctl -u docker', then 'systemctl restart docker'"},
		[DOCKER_GARBLED] = {"dockerd answers what its API does not know",
			"is there something else behind /run/docker.sock?"},
	};
	struct health_result *r;

	_Static_assert(LIMIT_DOCKER == 5, "the text says so");
	if (skip_unanswered(j, e))
		return;
	if (e->answer.docker == DOCKER_ANSWERS) {
		found(j, e->node, HEALTH_OK, "docker %s answers",
			shown(j, e->answer.facts.docker_version, 40));
		return;
	}
	r = found(j, e->node, HEALTH_FAIL, "%s", faults[e->answer.docker].text);
	remedy(j, r, "%s", faults[e->answer.docker].remedy);
}
