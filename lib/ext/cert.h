/*
 * X.509 certificates, by libcrypto and libcurl: how long one is good for, whom it names, and which
 * one a server shows, and whether this machine trusts it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct cert {
	time_t from, until; /* not before, not after */
};

/* Read the first certificate of PEM @text.  -EBADMSG when it holds none. */
int cert_parse(const char *text, size_t len, struct cert *ret, struct err *err) _must_check_;
/* Does the first certificate of PEM @text name @host, a name or an address? */
bool cert_names(const char *text, size_t len, const char *host);

/* Would a client of this machine trust a server that shows the certificates of PEM @text, its own
 * one first?  By the authorities this machine knows ($SSL_CERT_FILE, $SSL_CERT_DIR).  How long its
 * own one is good for, and whom it names, is not asked.  NULL: yes; else why not: static. */
const char *cert_distrust(const char *text, size_t len);

/* Shake hands with @host, an address or a name, on @port, as one who wants @name (NULL: @host), and
 * append the certificates it shows to @out as PEM, its own one first.  Errors as http_call();
 * http_global_init() must have been called. */
int cert_fetch(const char *host, int port, const char *name, unsigned timeout_ms, struct buf *out,
	struct err *err) _must_check_;
