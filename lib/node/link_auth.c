/*
 * Who are we?  Identity files are offered with their signature at once; the agent comes after
 * them, or first when the spec names no file.  A refusal says everything that was tried.
 */
#include "lib/node/link_ssh.h"

#include <unistd.h>

#include "lib/base/path.h"

/* Files that ssh(1) would try too. */
static const char *const default_identities[] = {
	"~/.ssh/id_ed25519",
	"~/.ssh/id_ecdsa",
	"~/.ssh/id_rsa",
};

struct attempt {
	struct ssh_conn *conn;
	const struct ssh_bounds *b;
	struct buf tried; /* "'…/id' (refused), agent (…)" */
	bool offered;     /* some key was */
	bool partial;     /* some key was accepted, but more is wanted */
};

static void attempt_done(struct attempt *a)
{
	buf_done(&a->tried);
}

/* Offer one file, or the agent's keys when @path is NULL.  1: authenticated, 0: go on. */
static int offer(struct attempt *a, const char *path, struct err *err)
{
	enum ssh_offer got = SSH_OFFER_SKIPPED;
	const char *why = "";
	int r;

	if (path)
		r = ssh_conn_auth_file(a->conn, path, a->b, &got, &why, err);
	else
		r = ssh_conn_auth_agent(a->conn, a->b, &got, &why, err);
	if (r == ERR_AUTH)
		a->offered = true;
	if (r < 0)
		return r;
	if (got == SSH_OFFER_ACCEPTED)
		return 1;
	a->offered |= got == SSH_OFFER_REFUSED;
	a->partial |= got == SSH_OFFER_PARTIAL;
	if (got == SSH_OFFER_REFUSED)
		why = "refused";
	else if (got == SSH_OFFER_PARTIAL)
		why = "accepted";
	buf_addf(&a->tried, "%s%s%s%s (%s)", a->tried.len ? ", " : "", path ? "'" : "",
		path ? path : "agent", path ? "'" : "", why);
	return 0;
}

static int offer_all(struct attempt *a, const struct spec_ssh *ssh, struct err *err)
{
	int r;

	for (size_t i = 0; i < ssh->n_identities; i++) {
		r = offer(a, ssh->identities[i], err);
		if (r != 0)
			return r;
	}
	r = offer(a, NULL, err);
	if (r != 0 || ssh->n_identities)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(default_identities); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		path_resolve(&path, default_identities[i], NULL);
		if (access(buf_str(&path), F_OK) < 0)
			continue;
		r = offer(a, buf_str(&path), err);
		if (r != 0)
			return r;
	}
	return 0;
}

int link_authenticate(struct ssh_conn *conn, const struct cluster *c, const struct spec_node *node,
	const struct ssh_bounds *b, bool *ret_offered, struct err *err)
{
	_cleanup_(attempt_done) struct attempt a = {.conn = conn, .b = b};
	int r;

	r = offer_all(&a, &c->ssh, err);
	*ret_offered = a.offered;
	if (r == 1)
		return 0;
	if (r == ERR_AUTH)
		return err_set(err, r,
			"user '%s' was refused: too many keys were tried before the right one%s%s; "
			"name the right one with ssh.identity in the spec",
			node->user, a.tried.len ? ": " : "", buf_str(&a.tried));
	if (r < 0)
		return r;
	if (a.partial)
		return err_set(err, ERR_AUTH,
			"user '%s': the node wants a second factor besides a key, which is not "
			"supported: tried %s",
			node->user, buf_str(&a.tried));
	if (!a.offered)
		return err_set(err, ERR_AUTH,
			"user '%s': no key to log in with: tried %s; name one with ssh.identity in "
			"the spec, or start an agent",
			node->user, buf_str(&a.tried));
	return err_set(err, ERR_AUTH,
		"user '%s' was refused: tried %s; is the public key in that user's "
		"~/.ssh/authorized_keys on the node?",
		node->user, buf_str(&a.tried));
}
