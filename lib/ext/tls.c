/* The one place that touches OpenSSL for connections: see tls.h. */
#include "lib/ext/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/base/xalloc.h"

struct tls_client {
	SSL_CTX *context;
	char *host;
	bool address; /* host is one */
};

struct tls {
	SSL *ssl;
	bool failed;
	const char *reason;
};

static const char *latest_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "failed";
}

static bool is_address(const char *host)
{
	unsigned char raw[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

static int configure(SSL_CTX *context, bool insecure, struct err *err)
{
	static const unsigned char http[] = "\x08http/1.1";

	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	/* A server that hangs up without a goodbye: HTTP knows whether its answer was whole. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
		SSL_CTX_set_alpn_protos(context, http, sizeof(http) - 1))
		return err_set(err, -EIO, "TLS: %s", latest_reason());
	if (!insecure && !SSL_CTX_set_default_verify_paths(context))
		return err_set(err, -EIO, "certificates this machine trusts: %s", latest_reason());
	return 0;
}

int tls_client_new(const char *host, bool insecure, struct tls_client **ret, struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct tls_client *c;
	int r;

	if (!context)
		return err_set(err, -EIO, "TLS: %s", latest_reason());
	r = configure(context, insecure, err);
	if (r < 0) {
		SSL_CTX_free(context);
		return r;
	}
	c = xcalloc(1, sizeof(*c));
	c->context = context;
	c->host = xstrdup(host);
	c->address = is_address(host);
	*ret = c;
	return 0;
}

void tls_client_free(struct tls_client *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->context);
	free(c->host);
	free(c);
}

struct tls *tls_new(struct tls_client *c, int fd)
{
	struct tls *t = xcalloc(1, sizeof(*t));
	bool ok;

	t->reason = "";
	t->ssl = SSL_new(c->context);
	ok = t->ssl && SSL_set_fd(t->ssl, fd);
	if (ok && c->address)
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), c->host);
	else if (ok)
		ok = SSL_set1_host(t->ssl, c->host) && SSL_set_tlsext_host_name(t->ssl, c->host);
	if (!ok)
		abort(); /* out of memory: there is nothing else that could fail */
	SSL_set_connect_state(t->ssl);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	ERR_clear_error();
	if (!t->failed && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	ERR_clear_error();
	free(t);
}

static enum tls_step broken(struct tls *t)
{
	long verified = SSL_get_verify_result(t->ssl);

	t->failed = true;
	if (verified != X509_V_OK && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE)
		t->reason = X509_verify_cert_error_string(verified);
	else
		t->reason = latest_reason();
	return TLS_FAILED;
}

/* What came of an operation that returned @r. */
static enum tls_step outcome(struct tls *t, int r)
{
	if (r > 0)
		return TLS_DONE;
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
	case SSL_ERROR_SYSCALL: t->failed = true; return errno ? TLS_RESET : TLS_CLOSED;
	default: return broken(t);
	}
}

static void prepare(void)
{
	ERR_clear_error();
	errno = 0;
}

enum tls_step tls_handshake(struct tls *t)
{
	prepare();
	return outcome(t, SSL_do_handshake(t->ssl));
}

enum tls_step tls_read(struct tls *t, void *data, size_t size, size_t *ret)
{
	prepare();
	return outcome(t, SSL_read_ex(t->ssl, data, size, ret));
}

enum tls_step tls_write(struct tls *t, const void *data, size_t len, size_t *ret)
{
	prepare();
	return outcome(t, SSL_write_ex(t->ssl, data, len, ret));
}

const char *tls_reason(const struct tls *t)
{
	return t->reason;
}
