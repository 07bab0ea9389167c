/* The list of hosts that callbacks may go to: see allow.h. */
#include "faas/common/allow.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/macro.h"

enum { MAX_HOST = 256 };

struct net {
	int family;
	unsigned char bytes[16];
	unsigned bits;
};

static bool parse_address(const char *text, struct net *ret)
{
	*ret = (struct net){.family = AF_INET, .bits = 32};
	if (inet_pton(AF_INET, text, ret->bytes) == 1)
		return true;
	*ret = (struct net){.family = AF_INET6, .bits = 128};
	return inet_pton(AF_INET6, text, ret->bytes) == 1;
}

static bool parse_net(const char *text, struct net *ret)
{
	char address[MAX_HOST], *slash, *end;
	unsigned long bits;

	snprintf(address, sizeof(address), "%s", text);
	slash = strchr(address, '/');
	if (slash)
		*slash = '\0';
	if (!parse_address(address, ret))
		return false;
	if (!slash)
		return true;
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits > ret->bits)
		return false;
	ret->bits = (unsigned)bits;
	return true;
}

static bool contains(const struct net *n, const struct net *address)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;
	unsigned char mask = (unsigned char)(0xff00 >> rest);

	return n->family == address->family && !memcmp(n->bytes, address->bytes, whole) &&
	       (!rest || !((n->bytes[whole] ^ address->bytes[whole]) & mask));
}

static bool is_name(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_.")];
}

/* The next item of the list at *@p, which is moved behind it; false at the end.  One that is too
 * long comes out as "". */
static bool next_item(const char **p, char ret[MAX_HOST])
{
	size_t n = strcspn(*p, ",");

	if (!**p)
		return false;
	snprintf(ret, MAX_HOST, "%.*s", n < MAX_HOST ? (int)n : 0, *p);
	*p += n + ((*p)[n] == ',');
	return true;
}

int allow_check(const char *list, struct err *err)
{
	char item[MAX_HOST];
	struct net n;

	for (const char *p = list; next_item(&p, item);) {
		const char *name = !strncmp(item, "*.", 2) ? item + 2 : item;

		if (!is_name(name) && !parse_net(item, &n))
			return err_set(err, -EINVAL,
				"'%s' is not a name, *.name, address or network", item);
	}
	return 0;
}

/* The host of @url, without brackets and port. */
static bool host_of(const char *url, char ret[MAX_HOST])
{
	const char *host = strstr(url, "://");
	size_t n;

	if (!host)
		return false;
	host += 3;
	if (*host == '[')
		n = strcspn(++host, "]/?#");
	else
		n = strcspn(host, ":/?#");
	if (!n || n >= MAX_HOST)
		return false;
	memcpy(ret, host, n);
	ret[n] = '\0';
	if (ret[n - 1] == '.') /* the same name, fully qualified */
		ret[n - 1] = '\0';
	return true;
}

static bool matches(const char *item, const char *host)
{
	struct net n, address;
	size_t len = strlen(host), tail;

	if (parse_address(host, &address))
		return parse_net(item, &n) && contains(&n, &address);
	if (strncmp(item, "*.", 2))
		return !strcasecmp(item, host);
	tail = strlen(item) - 1; /* with its dot */
	return len > tail && !strcasecmp(host + len - tail, item + 1);
}

bool allow_url(const char *list, const char *url)
{
	char item[MAX_HOST], host[MAX_HOST];

	if (!*list)
		return true;
	if (!host_of(url, host))
		return false;
	for (const char *p = list; next_item(&p, item);)
		if (matches(item, host))
			return true;
	return false;
}
