/* The boundary to libcrypto's X.509 and to libcurl's view of a server's certificate: see cert.h. */
#include "lib/ext/cert.h"

#include <curl/curl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/base/xalloc.h"

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

/* The "Cert:" member of the first certificate that the server showed. */
static const char *leaf_of(CURL *easy)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
		info->num_of_certs < 1)
		return NULL;
	for (const struct curl_slist *s = info->certinfo[0]; s; s = s->next)
		if (!strncmp(s->data, "Cert:", 5))
			return s->data + 5;
	return NULL;
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

int cert_fetch(const char *host, int port, unsigned timeout_ms, struct buf *out, struct err *err)
{
	_cleanup_free_ char *url = xasprintf(
		strchr(host, ':') ? "https://[%s]:%d/" : "https://%s:%d/", host, port);
	char errbuf[CURL_ERROR_SIZE] = "";
	CURL *easy = curl_easy_init();
	const char *leaf;
	CURLcode code;
	int r;

	if (!easy)
		abort();
	curl_easy_setopt(easy, CURLOPT_URL, url);
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
	leaf = r == 0 ? leaf_of(easy) : NULL;
	if (r < 0)
		err_set(err, r, "%s", *errbuf ? errbuf : curl_easy_strerror(code));
	else if (!leaf)
		r = err_set(err, -EBADMSG, "it shows no certificate");
	else
		buf_adds(out, leaf);
	curl_easy_cleanup(easy);
	return r;
}
