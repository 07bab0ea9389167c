/* URL, address and request of a load run: see target.h. */
#include "probe/load/target.h"

#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "probe/load/header.h"

enum { TRY_MS = 2000 }; /* for one of several addresses to take a connection */

/* "HOST[:PORT]" or "[HOST][:PORT]" of @len bytes. */
static int parse_authority(const char *s, size_t len, const char *usual_port, struct buf *ret_host,
	struct buf *ret_port, struct err *err)
{
	const char *end = s + len, *host_end, *port;
	unsigned long number;

	if (memchr(s, '@', len))
		return err_set(err, -EINVAL, "no user in the URL, please; use a header");
	if (len && *s == '[') {
		host_end = memchr(s++, ']', len);
		port = host_end ? host_end + 1 : NULL;
	} else {
		host_end = memchr(s, ':', len);
		host_end = port = host_end ? host_end : end;
	}
	if (!host_end || host_end == s || (port < end && *port != ':'))
		return err_set(err, -EINVAL, "the URL has no host");
	buf_add(ret_host, s, (size_t)(host_end - s));
	buf_add(ret_port, port + 1, port < end ? (size_t)(end - port - 1) : 0);
	if (!ret_port->len)
		buf_adds(ret_port, usual_port);
	number = strtoul(ret_port->data, NULL, 10);
	if (strspn(ret_port->data, "0123456789") != ret_port->len || !number || number > 65535)
		return err_set(err, -EINVAL, "'%s' is not a port", ret_port->data);
	return 0;
}

int target_parse_url(const char *url, bool *ret_tls, struct buf *ret_host, struct buf *ret_port,
	struct buf *ret_path, struct err *err)
{
	bool tls = !strncasecmp(url, "https://", strlen("https://"));
	const char *s = url + strlen(tls ? "https://" : "http://"), *path;

	if (!tls && strncasecmp(url, "http://", strlen("http://")))
		return err_set(err, -EINVAL, "'%s' does not begin with http:// or https://", url);
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(err, -EINVAL,
				"blanks and control characters do not belong into a URL");
	path = s + strcspn(s, "/?#");
	if (*path != '/')
		buf_addc(ret_path, '/');
	buf_add(ret_path, path, strcspn(path, "#"));
	*ret_tls = tls;
	return parse_authority(s, (size_t)(path - s), tls ? "443" : "80", ret_host, ret_port, err);
}

static bool takes_connections(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(error);
	bool ok = false;

	if (fd < 0)
		return false;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		ok = true;
	else if (errno == EINPROGRESS && poll(&p, 1, TRY_MS) == 1)
		ok = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && !error;
	close(fd);
	return ok;
}

static int resolve(const char *host, const char *port, struct target *ret, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *all,
			*use;
	int r = getaddrinfo(host, port, &hints, &all);

	if (r)
		return err_set(err, -ENOENT, "host '%s': %s", host, gai_strerror(r));
	use = all;
	while (all->ai_next && use && !takes_connections(use))
		use = use->ai_next;
	if (!use)
		use = all; /* nobody is there: the run will say so */
	memcpy(&ret->address, use->ai_addr, use->ai_addrlen);
	ret->address_len = use->ai_addrlen;
	freeaddrinfo(all);
	return 0;
}

static int add_headers(
	const struct target_request *rq, bool *ret_host, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < rq->n_headers; i++) {
		const char *h = rq->headers[i], *wrong;
		size_t at;

		wrong = header_fault(h, strlen(h), &at);
		if (wrong)
			return err_set(err, -EINVAL, "header %zu: %s", i + 1, wrong);
		if (!strncasecmp(h, "Content-Length:", 15) ||
			!strncasecmp(h, "Transfer-Encoding:", 18))
			return err_set(
				err, -EINVAL, "the body's length is not for a header to say");
		*ret_host = *ret_host || !strncasecmp(h, "Host:", 5);
		buf_addf(out, "%s\r\n", h);
	}
	return 0;
}

static int make_request(const char *host, const char *port, const char *path,
	const struct target_request *rq, struct target *ret, struct err *err)
{
	const char *method = rq->method ? rq->method : rq->body ? "POST" : "GET";
	bool has_host = false;
	int r;

	if (!*method || strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen(method))
		return err_set(err, -EINVAL, "'%s' is not a method", method);
	ret->head = !strcmp(method, "HEAD");
	buf_addf(&ret->request, "%s %s HTTP/1.1\r\n", method, path);
	r = add_headers(rq, &has_host, &ret->request, err);
	if (r < 0)
		return r;
	if (!has_host) {
		const char *usual = ret->tls ? "443" : "80";

		buf_addf(&ret->request, strchr(host, ':') ? "Host: [%s]" : "Host: %s", host);
		buf_addf(&ret->request, strcmp(port, usual) ? ":%s\r\n" : "\r\n", port);
	}
	if (rq->fresh)
		buf_adds(&ret->request, "Connection: close\r\n");
	if (rq->body || !strcmp(method, "POST") || !strcmp(method, "PUT") ||
		!strcmp(method, "PATCH"))
		buf_addf(&ret->request, "Content-Length: %zu\r\n", rq->body_len);
	buf_adds(&ret->request, "\r\n");
	buf_add(&ret->request, rq->body, rq->body_len);
	return 0;
}

int target_make(
	const char *url, const struct target_request *rq, struct target *ret, struct err *err)
{
	_cleanup_buf_ struct buf port = BUF_INIT, path = BUF_INIT;
	int r;

	r = target_parse_url(url, &ret->tls, &ret->host, &port, &path, err);
	if (r < 0)
		return r;
	r = make_request(ret->host.data, port.data, path.data, rq, ret, err);
	if (r < 0)
		return r;
	return resolve(ret->host.data, port.data, ret, err);
}

void target_done(struct target *t)
{
	buf_wipe(&t->request); /* may hold a password */
	buf_done(&t->host);
}
