/*
 * X.509 certificates, by libcrypto and libcurl: how long one is good for, whom it names, and which
 * one a server shows.  Nothing is verified here: whom to trust is no question of these functions.
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

/* Shake hands with @host, as it stands in a URL, on @port, and append the certificate it shows to
 * @out as PEM.  Errors as http_call(); http_global_init() must have been called. */
int cert_fetch(const char *host, int port, unsigned timeout_ms, struct buf *out, struct err *err)
	_must_check_;
