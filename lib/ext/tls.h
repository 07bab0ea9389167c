/*
 * TLS of a client on a socket that does not block, by OpenSSL.  Nothing here waits: a step says
 * what the socket must be ready for before it is tried again.
 *
 * OpenSSL writes without MSG_NOSIGNAL: the calling thread must block or ignore SIGPIPE.  A client
 * belongs to one thread, for OpenSSL 3.0 spends much time on the locks of what is shared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct tls_client;
struct tls;

enum tls_step {
	TLS_DONE,
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_CLOSED, /* by the other side, in an orderly way */
	TLS_RESET,
	TLS_FAILED, /* see tls_reason() */
};

/* Of connections to @host, a name or an address, whose certificate must be valid for it and come
 * from an authority this machine trusts ($SSL_CERT_FILE, $SSL_CERT_DIR); @insecure: any will do.
 * Sessions are not resumed: a new connection costs what it costs a new client.  *@ret is owned by
 * the caller (tls_client_free). */
int tls_client_new(const char *host, bool insecure, struct tls_client **ret, struct err *err)
	_must_check_;
void tls_client_free(struct tls_client *c);

/* @fd is connected, and borrowed until tls_free(). */
struct tls *tls_new(struct tls_client *c, int fd);
/* Says goodbye, without waiting.  NULL-safe. */
void tls_free(struct tls *t);

enum tls_step tls_handshake(struct tls *t);
/* TLS_DONE: *@ret bytes, at least one.  With a buffer of 16 kB and more nothing is left inside, so
 * that the socket's readiness says all. */
enum tls_step tls_read(struct tls *t, void *data, size_t size, size_t *ret);
enum tls_step tls_write(struct tls *t, const void *data, size_t len, size_t *ret);
/* Why the latest step failed.  Static. */
const char *tls_reason(const struct tls *t);
