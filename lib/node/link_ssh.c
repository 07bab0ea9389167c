/*
 * The real link: connects, with patience for machines that are still booting, and keeps the order
 * that matters: the host key is verified before authentication is even offered.  How a command
 * runs over it is in link_run.c.
 */
#include "lib/node/link_ssh.h"

#include <unistd.h>

#include "lib/base/xalloc.h"

/* A handshake that takes longer is tried again; what began late still gets a while. */
#define HANDSHAKE_TRY (20 * USEC_PER_SEC)
#define HANDSHAKE_MIN (5 * USEC_PER_SEC)
#define CONNECT_MIN   (1 * USEC_PER_SEC)
/* Between tries: from the first to the last, doubling. */
#define DELAY_FIRST   (250 * USEC_PER_MSEC)
#define DELAY_LAST    (4 * USEC_PER_SEC)
/* How long a refused key is offered again: cloud-init may be about to install it. */
#define AUTH_PATIENCE (60 * USEC_PER_SEC)
#define AUTH_DELAY    (2 * USEC_PER_SEC)
#define KEEPALIVE     (10 * USEC_PER_SEC)

/* What one try to connect works with. */
struct opening {
	const struct cluster *c;
	const struct spec_node *node;
	const struct link_options *options;
	struct known_hosts known;
	struct ssh_bounds total; /* until connect_timeout is over */
	struct ssh_bounds try;   /* this handshake */
	struct ssh_conn *conn;
	struct ssh_host_key key;
	bool offered; /* a key was refused, rather than none found */
};

static void opening_done(struct opening *o)
{
	ssh_host_key_done(&o->key);
	ssh_conn_free(o->conn);
	known_hosts_done(&o->known);
}

static int shake_hands(struct opening *o, const char *skip_types, struct err *err)
{
	_cleanup_buf_ struct buf algorithms = BUF_INIT;
	usec_t now;
	int fd = -1, r;

	ssh_conn_free(TAKE_PTR(o->conn));
	ssh_host_key_done(&o->key);
	host_key_algorithms(&algorithms, &o->known, o->node, skip_types);
	if (!algorithms.len)
		return err_set(err, -ENOMSG, "no host key types left");

	o->try.cancel = o->total.cancel;
	o->try.until = MAX_OF(o->total.until, clock_now() + CONNECT_MIN);
	r = tcp_connect(o->node->address, o->node->port, &o->try, &fd, err);
	if (r < 0)
		return r;
	now = clock_now();
	o->try.until = MIN_OF(now + HANDSHAKE_TRY, MAX_OF(o->total.until, now + HANDSHAKE_MIN));
	r = ssh_conn_open(fd, o->node->user, buf_str(&algorithms), &o->try, &o->conn, err);
	if (r < 0)
		return r;
	return ssh_conn_host_key(o->conn, &o->key, err);
}

/*
 * A pin does not say its type, and a server shows one key of several.  So when the shown key is
 * not the pinned one, ask for the other types too before calling it wrong.  The error stays the
 * one about the first key, with the others added.
 */
static int seek_pinned(struct opening *o, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT, types = BUF_INIT;
	_cleanup_err_ struct err quiet = ERR_INIT;
	int r;

	for (;;) {
		buf_addf(&types, "%s,", o->key.type);
		buf_addf(&shown, "%s%s %s", shown.len ? ", " : "", o->key.type, o->key.fingerprint);
		r = shake_hands(o, buf_str(&types), &quiet);
		if (r == -ENOMSG)
			break;
		if (r < 0)
			return err_move(err, &quiet);
		if (host_key_is_pinned(o->node, &o->key))
			return 0;
	}
	return err_set(err, ERR_HOSTKEY,
		"host key of '%s' is not the pinned one: the spec says %s, the node shows %s; "
		"someone may be in between; if the machine was reinstalled, correct host_key",
		o->node->address, o->node->host_key, buf_str(&shown));
}

static int try_once(struct opening *o, struct err *err)
{
	int r;

	o->offered = false;
	r = shake_hands(o, "", err);
	if (r < 0)
		return r;
	if (o->node->host_key && !host_key_is_pinned(o->node, &o->key)) {
		r = seek_pinned(o, err);
		if (r < 0)
			return r;
	}
	r = host_key_verify(o->c, o->node, &o->known, o->options->policy, &o->key, err);
	if (r < 0)
		return r;
	return link_authenticate(o->conn, o->c, o->node, &o->try, &o->offered, err);
}

/* Can the same thing work a moment later? */
static bool worth_retrying(const struct opening *o, int r, usec_t started)
{
	switch (r) {
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -ECONNABORTED:
	case -EPIPE:
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
	case -EHOSTDOWN:
	case -ENETUNREACH:
	case -ENETDOWN:
	case -EAGAIN: return true;
	case ERR_AUTH: return o->offered && clock_now() - started < AUTH_PATIENCE;
	default: return false;
	}
}

static void tell(const struct link_options *options, const char *why, usec_t left)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!options->notice)
		return;
	buf_addf(&text, "%s; trying again for ", why);
	clock_format(&text, left);
	options->notice(options->arg, buf_str(&text));
}

/* Say in @err what to do about a failure to connect, and how hard we tried. */
static int give_up(const struct opening *o, int r, unsigned tries, usec_t started, struct err *err)
{
	_cleanup_buf_ struct buf took = BUF_INIT;

	if (r == ERR_INTR || r == ERR_HOSTKEY || r == ERR_AUTH)
		return r;
	clock_format(&took, clock_now() - started);
	if (worth_retrying(o, r, started))
		return err_set(err, r,
			"connecting to '%s' port %d: %s (%u %s in %s); is the machine up, and does "
			"sshd listen there?",
			o->node->address, o->node->port, err_msg(err), tries,
			tries == 1 ? "try" : "tries", buf_str(&took));
	return err_wrap(err, "connecting to '%s' port %d", o->node->address, o->node->port);
}

/* Try until it works, cannot work, or the time is over. */
static int open_patiently(struct opening *o, struct err *err)
{
	const usec_t started = clock_now();
	usec_t delay = DELAY_FIRST, now;

	o->total.until = started + o->c->ssh.connect_timeout;
	for (unsigned tries = 1;; tries++) {
		int r = try_once(o, err);

		if (r == 0)
			return 0;
		now = clock_now();
		/* sshd counts refusals, and programs that watch it ban for them: go easy. */
		if (r == ERR_AUTH)
			delay = MAX_OF(delay, AUTH_DELAY);
		if (!worth_retrying(o, r, started) || now >= o->total.until)
			return give_up(o, r, tries, started, err);
		tell(o->options, err_msg(err), o->total.until - now);
		/* Up to the very end, for a last try there. */
		r = ssh_bounds_poll(&(struct ssh_bounds){.cancel = o->total.cancel}, -1, 0,
			MIN_OF(delay, o->total.until - now), err);
		if (r < 0)
			return r;
		delay = MIN_OF(delay * 2, DELAY_LAST);
	}
}

static void link_ssh_close(struct link *base)
{
	struct link_ssh *l = (struct link_ssh *)base;

	ssh_conn_free(l->conn);
	free(l);
}

static const struct link_ops link_ssh_ops = {
	.exec = link_ssh_exec,
	.close = link_ssh_close,
};

int link_open_ssh(const struct cluster *c, const struct spec_node *node,
	const struct link_options *options, struct link **ret, struct err *err)
{
	_cleanup_(opening_done) struct opening o = {
		.c = c, .node = node, .options = options, .total.cancel = options->cancel};
	_cleanup_err_ struct err own = ERR_INIT;
	struct link_ssh *l;
	int r;

	r = known_hosts_load(c->ssh.known_hosts, KNOWN_HOSTS_GLOBAL, &o.known, err);
	if (r < 0)
		return r;
	r = open_patiently(&o, &own);
	if (r < 0)
		return err_move(err, &own);
	l = xcalloc(1, sizeof(*l));
	l->base.ops = &link_ssh_ops;
	l->base.node = node;
	l->base.host_key = TAKE_PTR(o.key.fingerprint);
	l->conn = TAKE_PTR(o.conn);
	l->keepalive = options->keepalive ? options->keepalive : KEEPALIVE;
	*ret = &l->base;
	return 0;
}
