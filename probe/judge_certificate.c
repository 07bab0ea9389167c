/* Certificates: nothing tells of their end but the end itself. */
#include "lib/ext/cert.h"
#include "probe/judge.h"

/*
 * A node of the swarm renews its own at a random moment between half and four fifths of its life.
 * One that is older than this was not renewed when it should have been.
 */
static const double renewed_by = 0.85;
/* Let's Encrypt's are renewed 30 days before their end; who is at 14 has missed it for two weeks.
 */
static const double days_warn = 14, days_fail = 3;

static void expired(struct judge *j, struct health_result **r, const struct node_evidence *e,
	double ago, const char *whose)
{
	*r = found(j, e->node, HEALTH_FAIL, "%s expired %s ago", whose, span(j, ago));
}

void judge_swarm_certificate(struct judge *j, const struct node_evidence *e)
{
	const char *pem = e->answer.certificate;
	const double now = e->answer.time;
	struct health_result *r = NULL;
	struct cert cert;
	double life, left;

	if (skip_dockerless(j, e))
		return;
	if (!pem || cert_parse(pem, strlen(pem), &cert, NULL) < 0) {
		if (e->answer.facts.swarm != SWARM_ACTIVE) {
			found(j, e->node, HEALTH_SKIP, "in no swarm");
			return;
		}
		r = found(j, e->node, HEALTH_FAIL,
			"no certificate in /var/lib/docker/swarm/certificates/swarm-node.crt");
		remedy(j, r, "on the node: 'journalctl -u docker'; is its data elsewhere?");
		return;
	}
	if (now <= 0) {
		found(j, e->node, HEALTH_SKIP, "the node does not say what time it is");
		return;
	}
	life = (double)cert.until - (double)cert.from;
	left = (double)cert.until - now;
	if (left <= 0) {
		expired(j, &r, e, -left, "the swarm's certificate");
	} else if (now < (double)cert.from) {
		r = found(j, e->node, HEALTH_FAIL, "the swarm's certificate begins in %s",
			span(j, (double)cert.from - now));
	} else if (left < life * (1 - renewed_by)) {
		r = found(j, e->node, HEALTH_WARN,
			"the swarm's certificate ends in %s and was not renewed", span(j, left));
	} else {
		found(j, e->node, HEALTH_OK, "good for %s", span(j, left));
		return;
	}
	remedy(j, r,
		"is its clock right, does it reach a manager on 2377/tcp? 'docker swarm ca "
		"--rotate' on "
		"a manager renews them; a node that is shut out leaves and joins anew by 'svarm "
		"up'");
}

static bool skip_tls(struct judge *j, const struct node_evidence *e)
{
	if (skip_unanswered(j, e))
		return true;
	if (e->tls.tried)
		return false;
	found(j, e->node, HEALTH_SKIP, "nothing listens on port 443");
	return true;
}

static void no_handshake(struct judge *j, const struct node_evidence *e)
{
	struct health_result *r;

	r = found(j, e->node, HEALTH_FAIL, "port 443 is listened to, but: %s",
		shown(j, e->tls.error ? e->tls.error : "it shows no certificate", 200));
	remedy(j, r, "on the node: 'nginx -T', 'journalctl -u nginx'");
}

/* How long it is good for, appended to @out. */
static enum health_state rate_age(
	struct judge *j, const struct cert *cert, double now, struct buf *out)
{
	const double left = (double)cert->until - now;

	if (left <= 0) {
		buf_addf(out, "its certificate expired %s ago", span(j, -left));
		return HEALTH_FAIL;
	}
	if (now < (double)cert->from) {
		buf_addf(out, "its certificate begins in %s", span(j, (double)cert->from - now));
		return HEALTH_FAIL;
	}
	buf_addf(out, left < days_warn * 86400 ? "its certificate ends in %s" : "good for %s",
		span(j, left));
	return left < days_fail * 86400   ? HEALTH_FAIL
	       : left < days_warn * 86400 ? HEALTH_WARN
					  : HEALTH_OK;
}

void judge_tls(struct judge *j, const struct node_evidence *e)
{
	const char *pem = e->tls.pem;
	const char *name = tls_name(j->ev->cluster, e->node, &j->health->arena);
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum health_state age, state;
	struct health_result *r;
	struct cert cert;
	bool named;

	if (skip_tls(j, e))
		return;
	if (!pem || cert_parse(pem, strlen(pem), &cert, NULL) < 0) {
		no_handshake(j, e);
		return;
	}
	age = state = rate_age(j, &cert, j->ev->now, &text);
	/* Clients may come by a name that the spec does not know. */
	named = cert_names(pem, strlen(pem), name ? name : e->node->address);
	if (named || name)
		buf_addf(&text, named ? ", and names %s" : "; it does not name '%s'",
			name ? name : e->node->address);
	if (e->tls.distrust)
		buf_addf(&text, "; not trusted here: %s", e->tls.distrust);
	if (e->tls.distrust || (name && !named))
		state = MAX_OF(state, HEALTH_WARN);
	r = found(j, e->node, state, "%s", buf_str(&text));
	r->seconds = e->tls.seconds;
	if (age != HEALTH_OK)
		remedy(j, r,
			"renew it and reload nginx: does its renewal run ('systemctl "
			"list-timers')?");
	else if (name && !named)
		remedy(j, r,
			"get one for '%s', or say in 'tune.nginx.server_name' what clients call it",
			name);
	else if (e->tls.distrust)
		remedy(j, r,
			"does nginx show the authority's own certificates with it "
			"('fullchain.pem')? An authority of yours must be known to all clients, "
			"and here: SSL_CERT_FILE=its.pem svarm health");
}
