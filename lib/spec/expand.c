/* ${NAME} from the environment: see expand.h. */
#include "lib/spec/expand.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spec/source.h"
#include "lib/spec/values.h"

enum { MAX_NAME = 100, MAX_UNSET = 100 };

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n <= MAX_NAME ? n : 0;
}

/* The environment is as much foreign text as a file. */
static int add_value(struct expansion *x, const char *name, const char *value, struct err *err)
{
	struct source text = {.name = name, .text = value, .len = strlen(value)};
	struct yaml_pos at;

	if (source_check(&text, &at, NULL) < 0)
		return err_set(err, ERR_SPEC, "variable %s is no text", name);
	buf_add(&x->text, value, text.len);
	return 0;
}

static void note_unset(struct expansion *x, const char *name, int line)
{
	if (x->n_unset < MAX_UNSET)
		*arena_push(x->arena, x->unset, x->n_unset, x->cap_unset) = (struct expand_unset){
			arena_strdup(x->arena, name), line};
}

/* Replace what stands between "${" and "}": NAME, NAME-TEXT, NAME:-TEXT and the same with '='. */
static int replace(struct expansion *x, const char *inside, size_t len, int line, struct err *err)
{
	size_t n = name_length(inside), at = n;
	char name[MAX_NAME + 1] = "";
	const char *value;
	bool colon;

	if (!n)
		return err_set(err, ERR_SPEC, "'${' is not followed by the name of a variable");
	memcpy(name, inside, n);
	value = getenv(name);
	colon = inside[at] == ':';
	at += colon;
	if (at < len && (inside[at] == '-' || inside[at] == '=')) {
		if (value && (*value || !colon))
			return add_value(x, name, value, err);
		buf_add(&x->text, inside + at + 1, len - at - 1);
		return 0;
	}
	if (at != len || colon)
		return err_set(err, ERR_SPEC,
			"only ${NAME} and ${NAME:-default} are replaced; write '$${' for a "
			"literal '${'");
	if (!value)
		note_unset(x, name, line);
	return value ? add_value(x, name, value, err) : 0;
}

int expand_text(struct expansion *x, const char *s, int line, struct err *err)
{
	int r = 0;

	buf_clear(&x->text);
	while (*s && r >= 0) {
		size_t plain = strcspn(s, "$"), len;

		buf_add(&x->text, s, plain);
		s += plain;
		if (!strncmp(s, "$${", 3)) {
			buf_adds(&x->text, "${");
			s += 3;
		} else if (!strncmp(s, "${", 2)) {
			len = strcspn(s + 2, "}");
			if (!s[2 + len])
				return err_set(err, ERR_SPEC, "'${' has no '}'");
			r = replace(x, s + 2, len, line, err);
			s += len + 3;
		} else if (*s) {
			buf_addc(&x->text, *s++);
		}
		if (x->total + x->text.len > EXPAND_MAX_BYTES)
			return err_set(
				err, ERR_SPEC, "variables make more than 1 MiB of this file");
	}
	x->total += x->text.len;
	return r;
}

void expansion_done(struct expansion *x)
{
	buf_done(&x->text);
}
