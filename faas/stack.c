/*
 * The compose files.  Every scalar that comes from the spec is written as a quoted YAML string
 * whose dollar signs are doubled (compose would interpolate them from the operator's environment).
 *
 * Each service carries the hash of its own lines as a label, so that the next run sees from the
 * leader's answer alone which services differ.  A file is rendered twice: with a placeholder to
 * compute the hashes, and with the hashes.
 */
#include "faas/stack.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/ext/hash.h"

#define PLACEHOLDER "0000000000000000"

/* ---- scalars ---- */

static unsigned code_point(const unsigned char *s, size_t *ret_len)
{
	static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned c = s[0] & first[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	*ret_len = n;
	return c;
}

/* Characters that are JSON as they are, but not YAML (C1 controls, non-characters), or that YAML
 * takes for line breaks or a byte order mark. */
static bool needs_escape(unsigned c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

void stack_quote(struct buf *out, const char *s)
{
	_cleanup_buf_ struct buf json = BUF_INIT;
	size_t n;

	quote_json(&json, s); /* valid UTF-8 from here on */
	for (const unsigned char *p = (unsigned char *)json.data; *p; p += n) {
		const unsigned c = code_point(p, &n);

		if (c == '$')
			buf_adds(out, "$$");
		else if (needs_escape(c))
			buf_addf(out, "\\u%04x", c);
		else
			buf_add(out, p, n);
	}
}

void stack_set(struct template_scope *s, const char *name, const char *value)
{
	_cleanup_buf_ struct buf quoted = BUF_INIT;

	stack_quote(&quoted, value);
	template_set(s, name, "%s", buf_str(&quoted));
}

void stack_set_number(struct template_scope *s, const char *name, uint64_t value)
{
	template_set(s, name, "\"%llu\"", (unsigned long long)value);
}

void stack_add_pair(struct template_scope *s, const char *list, const char *key, const char *value)
{
	struct template_scope *row = template_row(s, list);

	stack_set(row, "key", key);
	stack_set(row, "value", value);
}

/* An empty list, or one with a single row: the template's "if". */
void stack_set_if(struct template_scope *s, const char *list, bool yes)
{
	template_list(s, list);
	if (yes)
		template_row(s, list);
}

/* ---- hashes ---- */

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static bool is_key_line(const char *line, const char *key)
{
	const size_t n = strlen(key);

	return !strncmp(line, "  ", 2) && !strncmp(line + 2, key, n) &&
	       !strncmp(line + 2 + n, ":\n", 2);
}

/* Does @line begin something that is no longer part of a service's section? */
static bool ends_section(const char *line)
{
	if (line[0] == '\n')
		return false;
	if (line[0] != ' ' || line[1] != ' ')
		return true;
	return line[2] != ' ' && line[2] != '#' && line[2] != '\n';
}

int stack_section_hash(const char *text, const char *key, char ret[17], struct err *err)
{
	const char *from = strncmp(text, "services:\n", 10) ? strstr(text, "\nservices:\n") : text;
	char hash[SHA256_HEX + 1];
	const char *to;

	while (from && *from && !is_key_line(from, key))
		from = next_line(from);
	if (!from || !*from)
		return err_set(err, -EINVAL, "the compose file has no service %s", key);
	to = next_line(from);
	while (*to && !ends_section(to))
		to = next_line(to);
	sha256_hex(from, (size_t)(to - from), hash);
	memcpy(ret, hash, 16);
	ret[16] = '\0';
	return 0;
}

/* Render @template with all hashes in place. */
static int render(const char *template, const struct template_scope *s,
	struct stack_section *sections, size_t n, struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf draft = BUF_INIT;
	int r;

	for (size_t i = 0; i < n; i++)
		template_set(sections[i].scope, sections[i].variable, PLACEHOLDER);
	r = template_render(template, s, &draft, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		r = stack_section_hash(buf_str(&draft), sections[i].key, sections[i].hash, err);
		if (r < 0)
			return err_wrap(err, "%s", template);
	}
	for (size_t i = 0; i < n; i++) {
		template_set(sections[i].scope, sections[i].variable, "%s", sections[i].hash);
		if (sections[i].kept)
			template_set(sections[i].scope, "replicas", "%s", sections[i].kept);
	}
	return template_render(template, s, out, err);
}

/* ---- the resource ---- */

/* A stack waits until every node has its images. */
const char **stack_promises(const struct cluster *c, struct arena *a, size_t *ret_n)
{
	const struct spec_node *leader = cluster_leader(c);
	const char **promises = arena_array(a, const char *, c->n_nodes);

	*ret_n = 0;
	for (size_t i = 0; i < c->n_nodes; i++)
		if (&c->nodes[i] != leader)
			promises[(*ret_n)++] = faas_ready_promise(a, &c->nodes[i]);
	return promises;
}

int stack_add(const struct cluster *c, const struct stack_file *file, struct resource_set *want,
	struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct arena *a = want->arena;
	struct resource *r;
	int q;

	q = render(file->template, file->scope, file->sections, file->n_sections, &text, err);
	if (q < 0)
		return q;
	r = resource_add(want, RES_STACK, file->stack, file->why);
	r->stack.content = arena_memdup(a, buf_str(&text), text.len + 1);
	r->stack.len = text.len;
	r->stack.services = arena_array(a, struct stack_service, file->n_sections + 1);
	r->stack.n_services = file->n_sections;
	for (size_t i = 0; i < file->n_sections; i++)
		r->stack.services[i] = (struct stack_service){
			.name = arena_strdup(a, file->sections[i].name),
			.hash = arena_strdup(a, file->sections[i].hash),
			.image = arena_strdup(a, file->sections[i].image),
			.replicas = file->sections[i].replicas,
			.min = file->sections[i].min,
			.max = file->sections[i].max,
		};
	r->stack.promises = stack_promises(c, a, &r->stack.n_promises);
	return 0;
}
