/* Typed values, third part: names of things other programs will read, so each has the alphabet of
 * the program it is for and nothing can be smuggled in.  See values.h. */
#include "lib/spec/values.h"

#include <ctype.h>
#include <stdbool.h>

#include "lib/spec/suggest.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define ALNUM  LOWER UPPER DIGITS

static bool only(const char *s, const char *alphabet)
{
	return s[strspn(s, alphabet)] == '\0';
}

static int keep(const struct value_context *x, const char *s, void *ret)
{
	*(const char **)ret = arena_strdup(x->arena, s);
	return 0;
}

int value_label(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	size_t len = strlen(s), max = x->max ? x->max : 63;

	if (len > max)
		return value_bad(err, s, "is too long: %zu characters, at most %zu", len, max);
	if (!only(s, LOWER DIGITS "-") || !len || s[0] == '-' || s[len - 1] == '-')
		return value_bad(
			err, s, "is not a name: lower-case letters, digits and inner hyphens");
	return keep(x, s, ret);
}

int value_user(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	if (!only(s, ALNUM "_.-") || *s == '-' || *s == '.' || strlen(s) > 32)
		return value_bad(err, s, "is not a user name");
	return keep(x, s, ret);
}

int value_login(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	if (strchr(s, ':'))
		return value_bad(err, s, "holds a ':', which basic authentication cannot carry");
	if (!only(s, ALNUM "_.@+-") || strlen(s) > 64)
		return value_bad(err, s, "is not a user name: letters, digits and _ . @ + -");
	return keep(x, s, ret);
}

/* "a", "a-b", "a_b", "a.b", "a__b": what a repository's parts look like. */
static bool is_path_part(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(LOWER DIGITS "._-", s[i]))
			return false;
	return len && strchr(LOWER DIGITS, s[0]) && strchr(LOWER DIGITS, s[len - 1]);
}

/* The first part is a registry when it looks like a host: has a dot or a port, or is localhost. */
static bool is_registry(const char *s, size_t len)
{
	size_t host = strcspn(s, ":/");

	if (host > len || (!memchr(s, '.', len) && !memchr(s, ':', len) &&
				  !(len == 9 && !strncmp(s, "localhost", 9))))
		return false;
	for (size_t i = 0; i < host; i++)
		if (!strchr(ALNUM ".-", s[i]))
			return false;
	if (!host || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[host - 1]))
		return false;
	if (host == len)
		return true;
	return len - host > 1 && len - host <= 6 && strspn(s + host + 1, DIGITS) == len - host - 1;
}

static bool is_repository(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);

	if (slash && is_registry(s, (size_t)(slash - s))) {
		len -= (size_t)(slash - s) + 1;
		s = slash + 1;
	}
	while ((slash = memchr(s, '/', len))) {
		if (!is_path_part(s, (size_t)(slash - s)))
			return false;
		len -= (size_t)(slash - s) + 1;
		s = slash + 1;
	}
	return is_path_part(s, len);
}

int value_image(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	size_t len = strcspn(s, "@");
	const char *digest = s[len] ? s + len + 1 : NULL, *tag = NULL;

	if (strlen(s) > 255)
		return value_bad(err, s, "is too long for an image");
	if (digest && (strncmp(digest, "sha256:", 7) || strlen(digest) != 71 ||
			      !only(digest + 7, DIGITS "abcdef")))
		return value_bad(err, s, "has no digest of the form sha256: and 64 hex digits");
	for (size_t i = len; i > 0 && s[i - 1] != '/'; i--)
		if (s[i - 1] == ':') {
			tag = s + i;
			break;
		}
	if (tag) {
		size_t n = strspn(tag, ALNUM "_.-");

		if (!n || n > 128 || tag + n != s + len || *tag == '.' || *tag == '-')
			return value_bad(err, s, "has no usable tag behind the ':'");
		len = (size_t)(tag - s) - 1;
	}
	if (!is_repository(s, len)) {
		if (only(s, ALNUM "._-/:@") && !only(s, LOWER DIGITS "._-/:@"))
			return value_bad(err, s, "is not an image: upper-case letters in its name");
		return value_bad(err, s, "is not an image, as in registry.example/name:tag");
	}
	return keep(x, s, ret);
}

/* Swarm's own name is this, a dot and a number of up to seven digits; it takes 64 characters. */
int value_secret_name(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	size_t len = strlen(s);

	if (len > 56)
		return value_bad(err, s, "is too long: %zu characters, at most 56", len);
	if (!len || !only(s, ALNUM "_.-") || !isalnum((unsigned char)s[0]) ||
		!isalnum((unsigned char)s[len - 1]))
		return value_bad(
			err, s, "is not the name of a secret: letters, digits and inner . _ -");
	if (!strncmp(s, "svarm-", 6))
		return value_bad(err, s, "is not for functions: svarm's own begin with 'svarm-'");
	return keep(x, s, ret);
}

int value_constraint(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	size_t key = strspn(s, ALNUM "._-");
	const char *op = s + key + strspn(s + key, " ");
	const char *value = op + 2;

	if ((strncmp(s, "node.", 5) && strncmp(s, "engine.", 7)) ||
		(strncmp(op, "==", 2) && strncmp(op, "!=", 2)))
		return value_bad(err, s, "is not a constraint, as in node.labels.zone==a");
	value += strspn(value, " ");
	if (!*value || !only(value, ALNUM "._:/ -"))
		return value_bad(err, s, "compares with nothing usable");
	return keep(x, s, ret);
}

int value_server_name(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	const char *p = s;

	if (strlen(s) > 1000)
		return value_bad(err, s, "is too long");
	while (*p) {
		size_t n = strcspn(p, " ");

		if (n > 253 || strspn(p, ALNUM ".*_-") < n || *p == '-')
			return value_bad(
				err, s, "is not a server name, as in functions.your-domain.no");
		p += n;
		p += strspn(p, " ");
	}
	if (!s[strspn(s, " ")])
		return value_bad(err, s, "is not a server name, as in functions.your-domain.no");
	return keep(x, s, ret);
}

static int sysctl_root(const char *s, struct err *err)
{
	static const char *const roots[] = {"net", "vm", "fs", "kernel", "user", "dev", "abi",
		"crypto", "debug", "sunrpc", "xen"};
	char root[16] = "";
	const char *near;
	size_t n = strcspn(s, ".");

	if (n < sizeof(root))
		memcpy(root, s, n);
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (!strcmp(root, roots[i]))
			return 0;
	near = suggest(root, roots, ARRAY_SIZE(roots));
	if (near)
		return value_bad(
			err, s, "is not a kernel setting; did you mean '%s%.100s'?", near, s + n);
	return value_bad(err, s, "is not a kernel setting, as in net.core.somaxconn");
}

int value_sysctl_key(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	bool dot = false, fine = *s && strlen(s) <= 200;

	for (const char *p = s; *p && fine; p++) {
		dot = dot || *p == '.';
		fine = strchr(ALNUM "_-", *p) ||
		       (*p == '.' && p > s && p[-1] != '.' && p[1] && p[1] != '-');
	}
	if (!fine || !dot || *s == '-')
		return value_bad(err, s, "is not a kernel setting, as in net.core.somaxconn");
	if (sysctl_root(s, err) < 0)
		return ERR_SPEC;
	return keep(x, s, ret);
}

int value_sysctl(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	_cleanup_buf_ struct buf value = BUF_INIT;

	if (!only(s, ALNUM " ._,-") || strlen(s) > 1000)
		return value_bad(
			err, s, "is not a kernel setting's value: letters, digits, . _ , -");
	for (const char *p = s + strspn(s, " "); *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (value.len)
			buf_addc(&value, ' ');
		buf_add(&value, p, n);
		p += n;
	}
	if (!value.len || (*value.data == '-' && !isdigit((unsigned char)value.data[1])))
		return value_bad(err, s, "is not a kernel setting's value");
	return keep(x, buf_str(&value), ret);
}

int value_env_key(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	if (!*s || !only(s, ALNUM "_.-") || isdigit((unsigned char)*s) || *s == '-' || *s == '.' ||
		strlen(s) > 200)
		return value_bad(err, s,
			"is not an environment variable: letters, digits and '_', no digit first");
	return keep(x, s, ret);
}

int value_label_key(const struct value_context *x, const char *s, void *ret, struct err *err)
{
	size_t len = strlen(s);

	if (!len || !only(s, ALNUM "_./-") || !isalnum((unsigned char)s[0]) ||
		!isalnum((unsigned char)s[len - 1]) || len > 200)
		return value_bad(err, s, "is not a label: letters, digits and inner . _ / -");
	if (!strncmp(s, "com.docker.", 11) || !strcmp(s, "com.openfaas.function"))
		return value_bad(err, s, "is a label that svarm or docker sets");
	return keep(x, s, ret);
}
