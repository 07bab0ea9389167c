/*
 * Whom are we talking to?  The answer is decided here, before any authentication: the pin of the
 * spec, else known_hosts, else no.  Every way to fail has a text of its own, because what the
 * operator has to do differs.
 */
#include "lib/node/link_ssh.h"

#include "lib/base/quote.h"

/* Host key types and the signature algorithms to ask for to be shown one. */
static const struct {
	const char *type, *algorithms;
} key_types[] = {
	{"ssh-ed25519", "ssh-ed25519"},
	{"ecdsa-sha2-", "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"},
	{"ssh-rsa", "rsa-sha2-512,rsa-sha2-256"},
};

void host_key_algorithms(struct buf *out, const struct known_hosts *known,
	const struct spec_node *node, const char *skip)
{
	for (int want = 1; want >= 0; want--) {
		for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
			bool has = known_hosts_has_type(
				known, node->address, node->port, key_types[i].type);

			if (has != want || strstr(skip, key_types[i].type))
				continue;
			buf_addf(out, "%s%s", out->len ? "," : "", key_types[i].algorithms);
		}
	}
}

bool host_key_is_pinned(const struct spec_node *node, const struct ssh_host_key *key)
{
	size_t n = strlen(node->host_key);

	/* Some tools print base64's padding. */
	while (n && node->host_key[n - 1] == '=')
		n--;
	return n == strlen(key->fingerprint) && memcmp(node->host_key, key->fingerprint, n) == 0;
}

static int revoked(const struct spec_node *node, const struct ssh_host_key *key,
	const struct known_host_match *m, struct err *err)
{
	return err_set(err, ERR_HOSTKEY,
		"host key of '%s' is revoked: %s:%zu marks its %s key %s as @revoked; do not use "
		"this machine before its keys are replaced",
		node->address, m->path, m->line, key->type, key->fingerprint);
}

static int changed(const struct spec_node *node, const struct ssh_host_key *key,
	const struct known_host_match *m, struct err *err)
{
	return err_set(err, ERR_HOSTKEY,
		"host key of '%s' has changed: %s:%zu has another %s key, the node shows %s; "
		"someone may be in between; if the machine was reinstalled, remove that line",
		node->address, m->path, m->line, key->type, key->fingerprint);
}

static int other_type(const struct spec_node *node, const struct ssh_host_key *key,
	const struct known_host_match *m, struct err *err)
{
	_cleanup_buf_ struct buf type = BUF_INIT;

	escape_text(&type, m->type, strlen(m->type), false);
	return err_set(err, ERR_HOSTKEY,
		"host key of '%s' is of another type than known: %s:%zu has a key of type %s, the "
		"node only shows %s %s; check it on the machine, then pin it in the spec: "
		"host_key: \"%s\"",
		node->address, m->path, m->line, buf_str(&type), key->type, key->fingerprint,
		key->fingerprint);
}

static int unknown(const struct cluster *c, const struct spec_node *node,
	const struct ssh_host_key *key, bool authority, struct err *err)
{
	return err_set(err, ERR_HOSTKEY,
		"host key of '%s' is unknown: it shows %s %s; %scompare with the machine's own "
		"(ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub), then pin it in the spec: "
		"host_key: \"%s\", or accept it into '%s' with --accept-new-host-keys",
		node->address, key->type, key->fingerprint,
		authority ? "a @cert-authority line is for this host, but host certificates are "
			    "not supported; "
			  : "",
		key->fingerprint, c->ssh.known_hosts);
}

/* From now on the key is known: to the file, and to us, who may have to connect again. */
static int learn(const struct cluster *c, const struct spec_node *node, struct known_hosts *known,
	const struct ssh_host_key *key, struct err *err)
{
	int r;

	r = known_hosts_append(
		c->ssh.known_hosts, node->address, node->port, key->type, key->base64, err);
	if (r < 0)
		return r;
	known_hosts_done(known);
	return known_hosts_load(c->ssh.known_hosts, KNOWN_HOSTS_GLOBAL, known, err);
}

int host_key_verify(const struct cluster *c, const struct spec_node *node,
	struct known_hosts *known, enum host_key_policy policy, const struct ssh_host_key *key,
	struct err *err)
{
	struct known_host_match m;
	enum known_host found;

	found = known_hosts_check(known, node->address, node->port, key->type, key->base64, &m);
	if (found == KNOWN_HOST_REVOKED)
		return revoked(node, key, &m, err);
	if (node->host_key) {
		if (host_key_is_pinned(node, key))
			return 0;
		return err_set(err, ERR_HOSTKEY,
			"host key of '%s' is not the pinned one: the spec says %s, the node shows "
			"%s %s; someone may be in between; if the machine was reinstalled, correct "
			"host_key",
			node->address, node->host_key, key->type, key->fingerprint);
	}
	switch (found) {
	case KNOWN_HOST_OK: return 0;
	case KNOWN_HOST_CHANGED: return changed(node, key, &m, err);
	case KNOWN_HOST_OTHER_TYPE: return other_type(node, key, &m, err);
	default: break;
	}
	if (policy != HOST_KEY_LEARN)
		return unknown(c, node, key, m.authority, err);
	return learn(c, node, known, key, err);
}
