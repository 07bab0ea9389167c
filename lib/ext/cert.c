/* The boundary to libcrypto's X.509 and to libcurl's view of a server's certificate: see cert.h. */
#include "lib/ext/cert.h"

#include <curl/curl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/base/xalloc.h"

enum { MAX_SHOWN = 10 };

static X509 *read_pem(const char *text, size_t len)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	/* What could not be read is left in a queue of this thread. */
	ERR_clear_error();
	return x;
}

static bool to_time(const ASN1_TIME *from, time_t *ret)
{
	struct tm tm;

	if (!from || !ASN1_TIME_to_tm(from, &tm))
		return false;
	*ret = timegm(&tm);
	return true;
}

int cert_parse(const char *text, size_t len, struct cert *ret, struct err *err)
{
	X509 *x = read_pem(text, len);
	bool good = x && to_time(X509_get0_notBefore(x), &ret->from) &&
		    to_time(X509_get0_notAfter(x), &ret->until);

	X509_free(x);
	ERR_clear_error();
	return good ? 0 : err_set(err, -EBADMSG, "not a certificate");
}

bool cert_names(const char *text, size_t len, const char *host)
{
	X509 *x = read_pem(text, len);
	bool named = x && (X509_check_ip_asc(x, host, 0) == 1 ||
				  X509_check_host(x, host, strlen(host), 0, NULL) == 1);

	X509_free(x);
	ERR_clear_error();
	return named;
}

/* The first of PEM @text, and the others. */
static X509 *read_all(const char *text, size_t len, STACK_OF(X509) * ret_others)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
	X509 *first = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL, *x;

	while (first && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (!sk_X509_push(ret_others, x))
			abort();
	BIO_free(bio);
	ERR_clear_error();
	return first;
}

/* The dates of the server's own certificate are somebody else's question. */
static int but_for_its_dates(int ok, X509_STORE_CTX *context)
{
	int error = X509_STORE_CTX_get_error(context);

	if (ok || X509_STORE_CTX_get_error_depth(context) > 0)
		return ok;
	return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

static const char *verify(X509_STORE *store, X509 *x, STACK_OF(X509) * others)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	const char *why = NULL;

	if (!context || !X509_STORE_CTX_init(context, store, x, others))
		abort();
	X509_STORE_CTX_set_default(context, "ssl_server");
	X509_STORE_CTX_set_verify_cb(context, but_for_its_dates);
	if (X509_verify_cert(context) != 1)
		why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
	X509_STORE_CTX_free(context);
	return why;
}

const char *cert_distrust(const char *text, size_t len)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509_STORE *store = X509_STORE_new();
	const char *why = "not a certificate";
	X509 *x;

	if (!others || !store)
		abort();
	x = read_all(text, len, others);
	if (x && !X509_STORE_set_default_paths(store))
		why = "the authorities that this machine trusts cannot be read";
	else if (x)
		why = verify(store, x, others);
	X509_free(x);
	sk_X509_pop_free(others, X509_free);
	X509_STORE_free(store);
	ERR_clear_error();
	return why;
}

/* The "Cert:" members of the certificates that the server showed; how many. */
static int add_shown(CURL *easy, struct buf *out)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info)
		return 0;
	for (int i = 0; i < MIN_OF(info->num_of_certs, MAX_SHOWN); i++)
		for (const struct curl_slist *s = info->certinfo[i]; s; s = s->next)
			if (!strncmp(s->data, "Cert:", 5))
				buf_addf(out, "%s\n", s->data + 5);
	return info->num_of_certs;
}

static int to_code(CURLcode code)
{
	switch (code) {
	case CURLE_OK: return 0;
	case CURLE_COULDNT_CONNECT: return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST: return -ENOENT;
	case CURLE_OPERATION_TIMEDOUT: return -ETIMEDOUT;
	case CURLE_URL_MALFORMAT: return -EINVAL;
	default: return -EIO;
	}
}

int cert_fetch(const char *host, int port, const char *name, unsigned timeout_ms, struct buf *out,
	struct err *err)
{
	_cleanup_free_ char *url = xasprintf(
		!name && strchr(host, ':') ? "https://[%s]:%d/" : "https://%s:%d/",
		name ? name : host, port);
	_cleanup_free_ char *way = xasprintf(strchr(host, ':') ? "::[%s]:" : "::%s:", host);
	struct curl_slist *there = curl_slist_append(NULL, way);
	char errbuf[CURL_ERROR_SIZE] = "";
	CURL *easy = curl_easy_init();
	CURLcode code;
	int r;

	if (!easy || !there)
		abort();
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, there);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, errbuf);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	/* The handshake is all that is wanted, also with whom nobody should trust. */
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	code = curl_easy_perform(easy);
	r = to_code(code);
	if (r < 0)
		err_set(err, r, "%s", *errbuf ? errbuf : curl_easy_strerror(code));
	else if (!add_shown(easy, out))
		r = err_set(err, -EBADMSG, "it shows no certificate");
	curl_easy_cleanup(easy);
	curl_slist_free_all(there);
	return r;
}
