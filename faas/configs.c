/*
 * Swarm configs: a template rendered and kept in the swarm under a name with the first 12 hex
 * digits of its SHA-256.  New content is a new config, and the service that mounts it changes with
 * the name.
 */
#include "faas/stack.h"

#include "lib/ext/hash.h"

enum { SHORT_HASH = 12 };

int config_want(const char *template, const char *why, const struct template_scope *s,
	struct resource_set *want, const char **ret_name, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const size_t stem = strcspn(template, ".");
	char hash[SHA256_HEX + 1];
	struct resource *r;
	int q;

	q = template_render(template, s, &text, err);
	if (q < 0)
		return q;
	sha256_hex(text.data, text.len, hash);
	r = resource_add(want, RES_CONFIG,
		arena_printf(want->arena, "svarm-%.*s-%.*s", (int)stem, template, SHORT_HASH, hash),
		why);
	r->config.content = arena_memdup(want->arena, buf_str(&text), text.len + 1);
	r->config.len = text.len;
	*ret_name = r->name;
	return 0;
}
