/* Typed values, second part: addresses, host names, host keys.  See values.h. */
#include "lib/spec/values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>

#include "lib/spec/addr.h"

bool addr_parse(struct addr *ret, const char *s)
{
	struct addr a = {.family = AF_INET};

	if (inet_pton(AF_INET, s, a.bytes) != 1) {
		a.family = AF_INET6;
		if (inet_pton(AF_INET6, s, a.bytes) != 1)
			return false;
	}
	*ret = a;
	return true;
}

static bool all_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* Why no node can have this address; NULL when one can. */
static const char *addr_special(const struct addr *a)
{
	const unsigned char *p = a->bytes;

	if (a->family == AF_INET) {
		if (p[0] == 0)
			return "is the unspecified address";
		if (p[0] >= 224 && p[0] < 240)
			return "is a multicast address";
		return p[0] >= 240 ? "is a reserved address" : NULL;
	}
	if (all_zero(p, 16))
		return "is the unspecified address";
	if (p[0] == 0xff)
		return "is a multicast address";
	if (all_zero(p, 10) && p[10] == 0xff && p[11] == 0xff)
		return "is an IPv4 address in IPv6 clothes; write it as IPv4";
	if (p[0] == 0xfe && (p[1] & 0xc0) == 0x80)
		return "is a link-local address, which means nothing without a link";
	return NULL;
}

static bool addr_loopback(const struct addr *a)
{
	if (a->family == AF_INET)
		return a->bytes[0] == 127;
	return all_zero(a->bytes, 15) && a->bytes[15] == 1;
}

bool addr_is_private(const struct addr *a)
{
	const unsigned char *p = a->bytes;

	if (a->family == AF_INET6)
		return (p[0] & 0xfe) == 0xfc;
	return p[0] == 10 || (p[0] == 172 && (p[1] & 0xf0) == 16) || (p[0] == 192 && p[1] == 168) ||
	       (p[0] == 100 && (p[1] & 0xc0) == 64) || (p[0] == 169 && p[1] == 254);
}

static const char *addr_text(const struct value_context *x, const struct addr *a)
{
	char text[INET6_ADDRSTRLEN];

	return arena_strdup(x->arena, inet_ntop(a->family, a->bytes, text, sizeof(text)));
}

int value_private(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	const char *why;
	struct addr a;

	if (strchr(s, '/'))
		return value_bad(err, s, "is a network; write the node's own address");
	if (!addr_parse(&a, s))
		return value_bad(err, s, "is not an IP address");
	why = addr_loopback(&a) ? "is a loopback address: no other node can reach it"
				: addr_special(&a);
	if (why)
		return value_bad(err, s, "%s", why);
	*(const char **)ret = addr_text(x, &a);
	return 0;
}

/* RFC 1123: labels of letters, digits and inner hyphens. */
static bool is_host_name(const char *s)
{
	size_t label = 0;

	if (strlen(s) > 253)
		return false;
	for (const char *p = s;; p++) {
		if (*p == '.' || !*p) {
			if (label == 0 || label > 63 || p[-1] == '-')
				return false;
			label = 0;
			if (!*p)
				return true;
			continue;
		}
		if (!isalnum((unsigned char)*p) && (*p != '-' || label == 0))
			return false;
		label++;
	}
}

static int address_wrong(const char *s, struct err *err)
{
	const char *colon = strchr(s, ':');

	if (strchr(s, '@'))
		return value_bad(err, s, "holds a user; give it as 'user: NAME'");
	if (strstr(s, "://"))
		return value_bad(err, s, "is a URL; write just the host");
	if (*s == '[')
		return value_bad(err, s, "has brackets; write the IPv6 address alone");
	if (strchr(s, '/'))
		return value_bad(err, s, "is a network; write the node's own address");
	if (colon && !strchr(colon + 1, ':'))
		return value_bad(err, s, "holds a port; give it as 'port: NUMBER'");
	if (s[strspn(s, "0123456789abcdefABCDEF.:")] == '\0' && strpbrk(s, ".:"))
		return value_bad(err, s, "is not an IP address");
	return value_bad(err, s, "is neither an IP address nor a host name");
}

int value_address(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	const char *last = strrchr(s, '.');
	const char *why;
	struct addr a;

	if (addr_parse(&a, s)) {
		why = addr_special(&a);
		if (why)
			return value_bad(err, s, "%s", why);
		*(const char **)ret = addr_text(x, &a);
		return 0;
	}
	/* A name whose last label is a number would be an IPv4 address gone wrong. */
	last = last ? last + 1 : s;
	if (!is_host_name(s) || last[strspn(last, "0123456789")] == '\0')
		return address_wrong(s, err);
	*(const char **)ret = arena_strdup(x->arena, s);
	return 0;
}

int value_host_key(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	static const char prefix[] = "SHA256:";
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = s + sizeof(prefix) - 1;
	size_t n;

	if (!strncmp(s, "MD5:", 4))
		return value_bad(err, s,
			"is an MD5 fingerprint; take the SHA256 one (ssh-keygen -lf KEY.pub)");
	if (!strncmp(s, "ssh-", 4) || !strncmp(s, "ecdsa-", 6))
		return value_bad(
			err, s, "is a whole key; write its fingerprint (ssh-keygen -lf KEY.pub)");
	if (strncmp(s, prefix, sizeof(prefix) - 1))
		return value_bad(err, s, "is not a host key fingerprint; it begins with 'SHA256:'");
	n = strspn(p, digits);
	if (n != 43 || (p[n] && strcmp(p + n, "=")))
		return value_bad(err, s,
			"is not a host key fingerprint: 43 base64 characters follow 'SHA256:'");
	*(const char **)ret = arena_strndup(x->arena, s, sizeof(prefix) - 1 + n);
	return 0;
}
