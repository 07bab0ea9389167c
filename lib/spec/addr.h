/* IP addresses as bytes, for what a text comparison cannot tell. */
#pragma once

#include <stdbool.h>

struct addr {
	int family; /* AF_INET or AF_INET6 */
	unsigned char bytes[16];
};

/* False when @s is not an IP address in its usual notation. */
bool addr_parse(struct addr *ret, const char *s);
/* Of a range that is not routed in the internet: RFC 1918, 6598, 3927, 4193. */
bool addr_is_private(const struct addr *a);
