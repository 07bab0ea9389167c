/*
 * Secrets.  A value comes from one of three places: what the spec refers to, what the leader keeps
 * below /etc/svarm/secrets (0600 root: there the operator reads a generated password), or the
 * kernel's random numbers.  Swarm's secrets cannot be changed, so their names carry the first
 * 12 hex digits of a SHA-256 that depends on the value: a new value is a new secret, and the
 * services that use it change with it.
 */
#include "faas/parts.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/ext/hash.h"

#define FOLDER "/etc/svarm/secrets"

enum {
	MAX_SECRET = 64 * 1024,
	RANDOM_BYTES = 32,
	SHORT_HASH = 12,
};
#define CMD_DEADLINE (30 * USEC_PER_SEC)

static const struct {
	const char *name, *why;
} secrets[N_SECRETS] = {
	[SECRET_USER] = {"basic-auth-user", "who may manage functions"},
	[SECRET_PASSWORD] = {"basic-auth-password", "lets that user manage functions"},
	[SECRET_REDIS] = {"redis-password", "lets gateway and workers use Redis"},
};

/* ---- references ---- */

static int from_env(const char *name, struct buf *ret, struct err *err)
{
	const char *value = getenv(name);

	if (!value)
		return err_set(err, -ENOENT, "the environment has no variable '%s'", name);
	buf_adds(ret, value);
	return 0;
}

/* What a secret can be: one line, because those who read it trim white space or end at it. */
static int check_value(struct buf *value, struct err *err)
{
	if (value->len && value->data[value->len - 1] == '\n')
		value->data[--value->len] = '\0';
	if (!value->len)
		return err_set(err, -EINVAL, "the value is empty");
	if (value->len > MAX_SECRET)
		return err_set(err, -EFBIG, "the value is longer than %d bytes", MAX_SECRET);
	for (size_t i = 0; i < value->len; i++)
		if ((unsigned char)value->data[i] < ' ' || value->data[i] == 0x7f)
			return err_set(err, -EINVAL,
				"the value holds a line break or another control character");
	if (value->data[0] == ' ' || value->data[value->len - 1] == ' ')
		return err_set(err, -EINVAL, "the value begins or ends with a space");
	return 0;
}

int secret_fetch(const struct secret_ref *ref, size_t max, struct buf *ret, struct err *err)
{
	switch (ref->from) {
	case SECRET_NONE: break;
	case SECRET_ENV: return from_env(ref->value, ret, err);
	case SECRET_FILE: return buf_read_file(ret, ref->value, max, err);
	case SECRET_CMD: return command_output(ref->value, CMD_DEADLINE, max, ret, err);
	}
	return err_set(err, -EINVAL, "refers to nothing");
}

int secret_resolve(const struct secret_ref *ref, struct buf *ret, struct err *err)
{
	int r = secret_fetch(ref, MAX_SECRET, ret, err);

	return r < 0 ? r : check_value(ret, err);
}

/* ---- wanted ---- */

static char *secret_path(struct arena *a, enum secret which)
{
	return arena_printf(a, FOLDER "/%s", secrets[which].name);
}

void secrets_ask(struct buf *question)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;

	facts_ask(question, "file", FOLDER);
	for (int i = 0; i < N_SECRETS; i++)
		facts_ask(question, "read", secret_path(&a, i));
}

static int generate(struct buf *ret, struct err *err)
{
	unsigned char bytes[RANDOM_BYTES];
	char hex[2 * RANDOM_BYTES + 1];

	/* Up to 256 bytes come whole or not at all. */
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(err, -errno, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	buf_add(ret, hex, sizeof(hex) - 1);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(hex, sizeof(hex));
	return 0;
}

/* The value @which shall have: given, or kept, or new. */
static int choose(enum secret which, const char *given, size_t given_len, const struct facts *f,
	const char *path, struct buf *ret, struct err *err)
{
	const struct fact_file *kept = facts_file(f, path);

	if (given) {
		buf_add(ret, given, given_len);
		return 0;
	}
	if (kept && kept->type == FILE_REGULAR && kept->content && kept->content_len) {
		/* An operator may have edited it: most editors end it with a newline. */
		buf_add(ret, kept->content, kept->content_len);
		return check_value(ret, err);
	}
	if (kept && kept->type == FILE_REGULAR && !kept->content)
		return err_set(
			err, -EBADMSG, "'%s' is there, but the node did not answer with it", path);
	return generate(ret, err);
}

/*
 * Names stand in plans, logs and `docker secret ls`, where a hash of the value alone would confirm
 * the guess of a weak password.  So @key goes into it: Redis' password, which is random and which
 * nobody sees who does not see the other values too.
 */
static const char *name_of(
	enum secret which, const struct buf *key, const struct buf *value, struct arena *a)
{
	_cleanup_(buf_wipe) struct buf both = BUF_INIT;
	char hash[SHA256_HEX + 1];

	buf_add(&both, key->data, key->len + 1); /* with its NUL, which is in no value */
	buf_add(&both, value->data, value->len);
	sha256_hex(both.data, both.len, hash);
	return arena_printf(a, "svarm-%s-%.*s", secrets[which].name, SHORT_HASH, hash);
}

static const char *add(enum secret which, const struct buf *key, const struct buf *value,
	struct resource_set *want)
{
	const char *path = secret_path(want->arena, which);
	const char *copy = arena_memdup(want->arena, buf_str(value), value->len + 1);
	const char *name = name_of(which, key, value, want->arena);
	struct resource *r;

	r = resource_add(want, RES_FILE, path, secrets[which].why);
	r->file.content = copy;
	r->file.len = value->len;
	r->file.mode = 0600;
	r->file.secret = true;

	r = resource_add(want, RES_SECRET, name, secrets[which].why);
	r->secret.value = copy;
	r->secret.len = value->len;
	return name;
}

struct values {
	struct buf v[N_SECRETS];
};

static void values_wipe(struct values *values)
{
	for (int i = 0; i < N_SECRETS; i++)
		buf_wipe(&values->v[i]);
}

int secrets_want(const struct cluster *c, const struct faas_context *x, const struct facts *f,
	struct resource_set *want, const char *ret_names[N_SECRETS], const char **ret_key,
	struct err *err)
{
	_cleanup_(values_wipe) struct values values = {0};
	const struct {
		const char *value;
		size_t len;
	} given[N_SECRETS] = {
		[SECRET_USER] = {c->faas.user, strlen(c->faas.user)},
		[SECRET_PASSWORD] = {x->has_password ? buf_str(&x->password) : NULL,
			x->password.len},
	};
	struct resource *d;
	int r;

	d = resource_add(want, RES_DIRECTORY, FOLDER, "secrets, for root's eyes");
	d->directory.mode = 0700;
	for (int i = 0; i < N_SECRETS; i++) {
		r = choose(i, given[i].value, given[i].len, f, secret_path(want->arena, i),
			&values.v[i], err);
		if (r < 0)
			return err_wrap(err, "secret '%s'", secrets[i].name);
	}
	for (int i = 0; i < N_SECRETS; i++)
		ret_names[i] = add(i, &values.v[SECRET_REDIS], &values.v[i], want);
	*ret_key = arena_strdup(want->arena, buf_str(&values.v[SECRET_REDIS]));
	return 0;
}
