/*
 * libssh, wrapped: one encrypted connection over a socket that is already connected, and one
 * running command at a time on it.  Nothing blocks without bounds: every call that waits takes a
 * deadline and a cancel flag.  This layer knows nothing of specs, known_hosts or retries.
 *
 * A connection belongs to one thread; different connections may run in different threads.
 * Text that came from the other side is escaped and capped before it enters an error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

/* How long a call may wait. */
struct ssh_bounds {
	usec_t until;       /* clock_now() at which it gives up with -ETIMEDOUT; 0: never */
	const bool *cancel; /* gives up with ERR_INTR within 100 ms once true; may be NULL */
};

/* -ETIMEDOUT or ERR_INTR when @b is over, else 0. */
int ssh_bounds_check(const struct ssh_bounds *b, struct err *err);
/* Poll @fd (-1: just sleep) for @events within @b, at most @max.  1 ready, 0 not yet. */
int ssh_bounds_poll(const struct ssh_bounds *b, int fd, short events, usec_t max, struct err *err)
	_must_check_;

/* The key a server proved to own. */
struct ssh_host_key {
	const char *type;  /* "ssh-ed25519", "ssh-rsa" …: static */
	char *base64;      /* the public key as in known_hosts; owned */
	char *fingerprint; /* "SHA256:…"; owned */
};
void ssh_host_key_done(struct ssh_host_key *k);

struct ssh_conn;

/*
 * Speak SSH over the connected socket @fd up to, and not including, authentication.  @fd is owned
 * by this call from the start, whatever the outcome.  @host_keys: algorithms accepted for the host
 * key, best first, comma separated.
 * Errors: -ECONNRESET (closed or reset; worth another try), -ETIMEDOUT, -ENOMSG (no common host key
 * algorithm), -EPROTO (not SSH, or no common algorithm), ERR_INTR.
 */
int ssh_conn_open(int fd, const char *user, const char *host_keys, const struct ssh_bounds *b,
	struct ssh_conn **ret, struct err *err) _must_check_;
/* The host key of @c; owned by the caller (ssh_host_key_done). */
int ssh_conn_host_key(struct ssh_conn *c, struct ssh_host_key *ret, struct err *err) _must_check_;
/* NULL is fine.  Says good-bye without waiting and closes the socket. */
void ssh_conn_free(struct ssh_conn *c);

/* What became of an offer to authenticate. */
enum ssh_offer {
	SSH_OFFER_ACCEPTED,
	SSH_OFFER_REFUSED,
	SSH_OFFER_PARTIAL, /* accepted, but the server wants a second factor as well */
	SSH_OFFER_SKIPPED, /* nothing was offered: *ret_why says why (static text) */
};
/*
 * Offer the private key in the file @path with its signature, without asking first whether it
 * would do: one round trip.  Negative when the connection failed (ERR_AUTH: the server hung up
 * after too many refused keys).
 */
int ssh_conn_auth_file(struct ssh_conn *c, const char *path, const struct ssh_bounds *b,
	enum ssh_offer *ret, const char **ret_why, struct err *err) _must_check_;
/* As above with the keys of the agent behind $SSH_AUTH_SOCK, in its order. */
int ssh_conn_auth_agent(struct ssh_conn *c, const struct ssh_bounds *b, enum ssh_offer *ret,
	const char **ret_why, struct err *err) _must_check_;

/* Where a running command stands. */
struct ssh_state {
	bool eof;        /* no more output will come */
	bool closed;     /* the command is over as far as the server is concerned */
	int status;      /* exit status, 128 + n for a signal; -1: not known (yet) */
	usec_t heard;    /* clock_now() when the last byte came from the server */
	bool can_write;  /* ssh_exec_write() would take something */
	size_t received; /* bytes of output so far */
};

/* Takes output as it arrives, from within ssh_exec_write() and ssh_exec_pump(); must take it all
 * and must not call back into the connection. */
typedef void ssh_sink(void *arg, bool is_stderr, const char *data, size_t len);

/*
 * Start @command.  Only one at a time.  Input may be written at once: the server's answer to the
 * request is waited for by ssh_exec_pump(), which fails when the request was refused.
 */
int ssh_exec_start(struct ssh_conn *c, const char *command, ssh_sink *sink, void *arg,
	const struct ssh_bounds *b, struct err *err) _must_check_;
/* Send some of @data; returns how much was taken (0: the window is full), or negative. */
ssize_t ssh_exec_write(struct ssh_conn *c, const void *data, size_t len, struct err *err)
	_must_check_;
/* No more input. */
int ssh_exec_write_eof(struct ssh_conn *c, struct err *err) _must_check_;
/* Send what is pending and deliver what came, waiting at most @max for something to happen. */
int ssh_exec_pump(struct ssh_conn *c, usec_t max, struct err *err) _must_check_;
/* Ask the server for a sign of life; the answer shows in ssh_state.heard. */
void ssh_exec_keepalive(struct ssh_conn *c);
struct ssh_state ssh_exec_state(const struct ssh_conn *c);
/* Forget the command: closes its channel.  It may go on running on the server. */
void ssh_exec_end(struct ssh_conn *c);

/* True when @hashed ("|1|salt|hash" of known_hosts) stands for @host. */
bool ssh_hashed_host_matches(const char *hashed, const char *host);
