/* HTTP Basic authentication: see auth.h. */
#include "faas/gateway/auth.h"

#include "lib/base/base64.h"

/* Compare without stopping early.  Walks the text that came from outside, so that the time tells
 * only what its sender knows. */
static bool same(const struct buf *given, const struct buf *wanted)
{
	const char *w = buf_str(wanted);
	volatile unsigned diff = given->len != wanted->len;

	for (size_t i = 0; i < given->len; i++)
		diff |= (unsigned char)given->data[i] ^
			(unsigned char)w[wanted->len ? i % wanted->len : 0];
	return diff == 0;
}

bool auth_matches(const char *header, const struct buf *user, const struct buf *password)
{
	_cleanup_(buf_wipe) struct buf given = BUF_INIT, wanted = BUF_INIT;

	if (!header || strncasecmp(header, "Basic ", 6) || strlen(header) > 8192)
		return false;
	header += 6 + strspn(header + 6, " ");
	if (!base64_decode(header, &given))
		return false;
	buf_add(&wanted, buf_str(user), user->len);
	buf_addc(&wanted, ':');
	buf_add(&wanted, buf_str(password), password->len);
	return same(&given, &wanted);
}
