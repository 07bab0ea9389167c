/* The parts of the real link (link_open_ssh): used by nothing else. */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/ext/ssh.h"
#include "lib/node/known_hosts.h"
#include "lib/node/link.h"

/*
 * Connect to @host (address or name) on @port; *@ret_fd is owned by the caller.
 * Errors: those of connect(2), -ENOENT (no such name), -EAGAIN (name service does not answer),
 * -ETIMEDOUT, ERR_INTR.
 */
int tcp_connect(const char *host, int port, const struct ssh_bounds *b, int *ret_fd,
	struct err *err) _must_check_;

/* The host key algorithms to ask @node for, best first: of the types known_hosts has for it, then
 * the others.  @skip: types not to ask for at all ("" none), as in ssh_host_key.type. */
void host_key_algorithms(struct buf *out, const struct known_hosts *known,
	const struct spec_node *node, const char *skip);

/* Is @key the one pinned in the spec? */
bool host_key_is_pinned(const struct spec_node *node, const struct ssh_host_key *key);

/*
 * May we talk to @node, which has shown @key?  Decides by the pin, else by known_hosts, where an
 * unknown key is added under HOST_KEY_LEARN, also to @known: a connection made again must find the
 * same key.  Errors: ERR_HOSTKEY, or of writing known_hosts.
 */
int host_key_verify(const struct cluster *c, const struct spec_node *node,
	struct known_hosts *known, enum host_key_policy policy, const struct ssh_host_key *key,
	struct err *err) _must_check_;

/*
 * Authenticate with the identity files and the agent.  ERR_AUTH lists what was tried; then
 * *@ret_offered says whether any key was offered at all, so that trying later can help.
 */
int link_authenticate(struct ssh_conn *conn, const struct cluster *c, const struct spec_node *node,
	const struct ssh_bounds *b, bool *ret_offered, struct err *err) _must_check_;

struct link_ssh {
	struct link base; /* first: a struct link * is one of these */
	struct ssh_conn *conn;
	usec_t keepalive;
	bool broken; /* the connection failed: nothing more can run */
};

/* link_ops.exec of the real link: link_run.c. */
int link_ssh_exec(
	struct link *base, const struct link_exec *e, struct link_result *ret, struct err *err);
