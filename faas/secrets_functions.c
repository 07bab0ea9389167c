/*
 * Secrets that the spec has for functions.  The gateway keeps what clients call NAME as a series of
 * Swarm secrets NAME.1, NAME.2 …, of which the highest number counts; those of the spec join the
 * series, so that faas-cli sees them.  A label holds a hash of the value: when the newest one has
 * another, or none, the spec's value becomes the next number, and the services that use it change.
 */
#include "faas/parts.h"

#include <stdio.h>
#include <string.h>

#include "faas/common/keys.h"
#include "lib/ext/hash.h"

enum {
	MAX_FUNCTION_SECRET = 500 * 1000, /* swarm's limit */
	SHORT_HASH = 16,
	MAX_NUMBER = 9999998,
};

/* ---- what is loaded once ---- */

/* A file or a command that holds one line ends it with a newline that is not meant. */
static void drop_newline(struct buf *value)
{
	const char *nl = value->len ? memchr(value->data, '\n', value->len) : NULL;

	if (nl && nl == value->data + value->len - 1)
		value->data[--value->len] = '\0';
}

int function_secrets_load(const struct cluster *c, struct faas_context *x, struct err *err)
{
	x->secrets = arena_array(&x->arena, struct function_secret, c->faas.n_secrets + 1);
	for (size_t i = 0; i < c->faas.n_secrets; i++) {
		const struct spec_secret *s = &c->faas.secrets[i];
		struct function_secret *to = &x->secrets[x->n_secrets++];
		int r;

		to->name = s->name;
		r = secret_fetch(&s->from, MAX_FUNCTION_SECRET, &to->value, err);
		drop_newline(&to->value);
		if (r >= 0 && !to->value.len)
			r = err_set(err, -EINVAL, "the value is empty");
		if (r < 0)
			return err_wrap(err, "%s:%d: secret '%s'", c->path, s->line, s->name);
	}
	return 0;
}

void function_secrets_wipe(struct faas_context *x)
{
	for (size_t i = 0; i < x->n_secrets; i++)
		buf_wipe(&x->secrets[i].value);
	x->n_secrets = 0;
}

/* ---- what the swarm has ---- */

/* The number behind "NAME."; 0 for one that OpenFaaS made under the name itself; -1: another's. */
static long number_of(const struct fact_secret *s, const char *name)
{
	const size_t n = strlen(name);
	char *end;
	long number;

	if (!s->function)
		return s->openfaas && !strcmp(s->name, name) ? 0 : -1;
	if (strcmp(s->function, name) || strncmp(s->name, name, n) || s->name[n] != '.' ||
		s->name[n + 1] < '1' || s->name[n + 1] > '9')
		return -1;
	number = strtol(s->name + n + 1, &end, 10);
	return *end || number > MAX_NUMBER ? -1 : number;
}

static const struct fact_secret *newest(const struct facts *f, const char *name, long *ret_number)
{
	const struct fact_secret *best = NULL;

	*ret_number = 0;
	for (size_t i = 0; i < f->n_secrets; i++) {
		const long number = number_of(&f->secrets[i], name);

		if (number < 0 || (best && number <= *ret_number))
			continue;
		best = &f->secrets[i];
		*ret_number = number;
	}
	return best;
}

/* ---- wanted ---- */

/* As in secrets.c, @key keeps the hash from confirming a guess. */
static const char *hash_of(const struct function_secret *s, const char *key, struct arena *a)
{
	_cleanup_(buf_wipe) struct buf all = BUF_INIT;
	char hash[SHA256_HEX + 1];

	buf_add(&all, key, strlen(key) + 1);
	buf_add(&all, s->name, strlen(s->name) + 1);
	buf_add(&all, s->value.data, s->value.len);
	sha256_hex(all.data, all.len, hash);
	return arena_printf(a, "%.*s", SHORT_HASH, hash);
}

static void want_one(const struct function_secret *s, const struct facts *f, const char *key,
	struct resource_set *want)
{
	struct arena *a = want->arena;
	const char *hash = hash_of(s, key, a), *name;
	const struct fact_secret *have;
	struct resource *r;
	long number;

	have = newest(f, s->name, &number);
	if (have && have->hash && !strcmp(have->hash, hash))
		name = arena_strdup(a, have->name);
	else
		name = arena_printf(a, "%s.%ld", s->name, number + 1);
	r = resource_add(want, RES_SECRET, name, "functions may read it");
	r->secret.value = arena_memdup(a, buf_str(&s->value), s->value.len + 1);
	r->secret.len = s->value.len;
	r->secret.labels = arena_array(a, const char *, 3);
	r->secret.labels[r->secret.n_labels++] = arena_printf(a, LABEL_SECRET "=%s", s->name);
	r->secret.labels[r->secret.n_labels++] = LABEL_SECRET_OWNER "=openfaas";
	r->secret.labels[r->secret.n_labels++] = arena_printf(a, LABEL_OWN "hash=%s", hash);
}

void function_secrets_want(const struct faas_context *x, const struct facts *f, const char *key,
	struct resource_set *want)
{
	for (size_t i = 0; i < x->n_secrets; i++)
		want_one(&x->secrets[i], f, key, want);
}

const char *function_secret_find(
	const struct resource_set *want, const struct facts *f, const char *name)
{
	const struct fact_secret *have;
	const size_t n = strlen(name);
	long number;

	for (size_t i = 0; i < want->n; i++) {
		const struct resource *r = &want->items[i];

		if (r->kind == RES_SECRET && r->secret.n_labels && !strncmp(r->name, name, n) &&
			r->name[n] == '.' && !strchr(r->name + n + 1, '.'))
			return r->name;
	}
	have = newest(f, name, &number);
	return have ? have->name : NULL;
}
