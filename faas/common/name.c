/* Words that come from clients: see name.h. */
#include "faas/common/name.h"

#include <string.h>

#include "faas/common/keys.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define ALNUM  LOWER UPPER DIGITS

bool name_is_function(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > NAME_MAX_LEN || s[strspn(s, ALNUM "-_")])
		return false;
	return strchr(ALNUM, s[0]) && strchr(ALNUM, s[n - 1]);
}

bool name_is_secret(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 64 || s[strspn(s, ALNUM "-_.")])
		return false;
	return strchr(ALNUM, s[0]) && strchr(ALNUM, s[n - 1]);
}

bool name_split(const char *s, size_t len, char ret[NAME_MAX_LEN + 1])
{
	const char *dot = memrchr(s, '.', len);
	size_t n = dot ? (size_t)(dot - s) : len;

	if (dot && (len - n - 1 != strlen(FUNCTION_NAMESPACE) ||
			   memcmp(dot + 1, FUNCTION_NAMESPACE, len - n - 1)))
		return false;
	if (n > NAME_MAX_LEN || memchr(s, '\0', n))
		return false;
	memcpy(ret, s, n);
	ret[n] = '\0';
	return name_is_function(ret);
}

bool name_is_callback_url(const char *s)
{
	size_t scheme = 0, host;

	if (!strncasecmp(s, "http://", 7))
		scheme = 7;
	else if (!strncasecmp(s, "https://", 8))
		scheme = 8;
	if (!scheme || strlen(s) > 2048)
		return false;
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
			return false;
	host = strcspn(s + scheme, "/?#");
	if (host == 0 || host > 300 || memchr(s + scheme, '@', host))
		return false;
	/* A host, not just a port. */
	return s[scheme] != ':';
}

bool name_is_queue(const char *s)
{
	return name_is_function(s) && strcmp(s, QUEUE_DEFAULT) != 0;
}

bool name_is_call_id(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 128 && s[strspn(s, ALNUM "-_.:")] == '\0';
}

bool name_is_header(const char *s)
{
	return *s && strlen(s) <= 256 && s[strspn(s, ALNUM "!#$%&'*+-.^_`|~")] == '\0';
}

bool name_is_header_value(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return false;
	return true;
}
