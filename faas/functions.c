/*
 * What both engines make of a function of the spec: what it must not ask for, its labels, how many
 * of it there shall be, Swarm's names of its secrets.
 */
#include "faas/functions.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "faas/common/keys.h"
#include "lib/base/quote.h"

enum {
	MAX_SERVICE_NAME = 63, /* swarm's */
	/* Seconds between SIGTERM and SIGKILL: as long as a call may take, within reason. */
	GRACE = 30,
	GRACE_MIN = 10,
	GRACE_MAX = 600,
};

/* ---- what a function must not do ---- */

static bool own_label(const struct spec_function *fn, const char *key)
{
	return !strcmp(key, LABEL_FUNCTION) || !strcmp(key, LABEL_MARK) ||
	       !strncmp(key, LABEL_OWN, strlen(LABEL_OWN)) ||
	       !strncmp(key, LABEL_ANNOTATION, strlen(LABEL_ANNOTATION)) ||
	       (fn->timeout && !strcmp(key, LABEL_TIMEOUT));
}

static int check(const struct spec_function *fn, struct err *err)
{
	if (strlen(fn->name) + strlen(FUNCTION_STACK "_") > MAX_SERVICE_NAME)
		return err_set(err, ERR_SPEC, "%s:%d: the name of function '%s' is longer than %zu",
			fn->file, fn->line, fn->name,
			MAX_SERVICE_NAME - strlen(FUNCTION_STACK "_"));
	for (size_t i = 0; i < fn->n_labels; i++)
		if (own_label(fn, fn->labels[i].key))
			return err_set(err, ERR_SPEC, "%s:%d: label '%s' is set by svarm itself",
				fn->file, fn->labels[i].line, fn->labels[i].key);
	for (size_t i = 0; fn->fprocess && i < fn->n_env; i++)
		if (!strcmp(fn->env[i].key, "fprocess"))
			return err_set(err, ERR_SPEC,
				"%s:%d: function '%s' has fprocess twice: as a key of its own, and "
				"in its environment",
				fn->file, fn->env[i].line, fn->name);
	return 0;
}

/*
 * A function of that name that somebody deployed through the gateway or by hand is left alone: it
 * is theirs to remove.  Two services of one name would share its calls.
 */
static int check_free(const struct spec_function *fn, const struct facts *f, struct err *err)
{
	for (size_t i = 0; i < f->n_services; i++) {
		const struct fact_service *s = &f->services[i];
		bool same = !strncmp(s->name, FUNCTION_STACK "_", 3) &&
			    !strcmp(s->name + 3, fn->name);
		_cleanup_buf_ struct buf shown = BUF_INIT;

		/* From a spec; in no stack when the other engine was there. */
		if (s->hash || (s->stack && !strcmp(s->stack, FUNCTION_STACK)))
			continue;
		if (!same && (!s->function || strcasecmp(s->function, fn->name)))
			continue;
		escape_text(&shown, s->name, MIN_OF(strlen(s->name), 100), false);
		return err_set(err, -EEXIST,
			"%s:%d: function '%s' runs already, as service '%s', which did not come "
			"from a spec; remove it first ('svarm fn remove' or 'faas-cli remove'), or "
			"take it out of the spec",
			fn->file, fn->line, fn->name, buf_str(&shown));
	}
	return 0;
}

int function_check(const struct spec_function *fn, const struct facts *f, struct err *err)
{
	int r = check(fn, err);

	return r < 0 ? r : check_free(fn, f, err);
}

/* ---- labels ---- */

struct builder {
	struct arena *arena;
	struct function_labels *labels;
	size_t cap;
};

static void add_label(struct builder *b, const char *key, const char *value)
{
	struct spec_pair *pair = arena_push(b->arena, b->labels->v, b->labels->n, b->cap);

	*pair = (struct spec_pair){.key = key, .value = value};
}

static void add_number(struct builder *b, const char *key, int n)
{
	add_label(b, key, arena_printf(b->arena, "%d", n));
}

static void add_duration(struct builder *b, const char *key, usec_t t)
{
	add_label(
		b, key, arena_printf(b->arena, "%llums", (unsigned long long)(t / USEC_PER_MSEC)));
}

/* min = max is what keeps the number where it is. */
static void add_scale(struct builder *b, const struct spec_scale *scale)
{
	static const char *const types[] = {
		[SPEC_SCALE_RPS] = "rps",
		[SPEC_SCALE_CAPACITY] = "capacity",
		[SPEC_SCALE_CPU] = "cpu",
	};

	if (scale->in_labels)
		return;
	add_number(b, LABEL_SCALE_MIN, scale->min);
	add_number(b, LABEL_SCALE "max", scale->max);
	if (!scale->moves)
		return;
	add_number(b, LABEL_SCALE "factor", scale->factor);
	add_label(b, LABEL_SCALE "type", types[scale->type]);
	add_number(b, LABEL_SCALE "target", scale->target);
	add_label(b, LABEL_SCALE "zero", scale->zero ? "true" : "false");
	if (scale->zero)
		add_duration(b, LABEL_SCALE "zero-duration", scale->zero_after);
}

void function_labels(
	const struct spec_function *fn, struct arena *arena, struct function_labels *ret)
{
	struct builder b = {.arena = arena, .labels = ret};

	*ret = (struct function_labels){0};
	for (size_t i = 0; i < fn->n_labels; i++)
		add_label(&b, fn->labels[i].key, fn->labels[i].value);
	for (size_t i = 0; i < fn->n_annotations; i++)
		add_label(&b, arena_printf(arena, LABEL_ANNOTATION "%s", fn->annotations[i].key),
			fn->annotations[i].value);
	add_scale(&b, &fn->scale);
	if (fn->timeout)
		add_duration(&b, LABEL_TIMEOUT, fn->timeout);
}

/* ---- the rest ---- */

struct function_number function_number(
	const struct spec_function *fn, const struct fact_service *have)
{
	struct function_number n = {
		.now = fn->replicas,
		.min = fn->scale.zero || !fn->replicas ? 0 : fn->scale.min,
		.max = fn->scale.max,
	};

	if (!have || have->replicas < 0)
		return n;
	n.now = MAX_OF(n.min, MIN_OF(n.max, have->replicas));
	return n;
}

unsigned function_grace(const struct spec_function *fn)
{
	usec_t grace = (fn->timeout + USEC_PER_SEC - 1) / USEC_PER_SEC;

	if (!fn->timeout)
		grace = GRACE;
	return (unsigned)MAX_OF((usec_t)GRACE_MIN, MIN_OF(grace, (usec_t)GRACE_MAX));
}

int function_secret(const struct spec_function *fn, const char *name, const struct facts *f,
	const struct resource_set *want, const char **ret_source, struct err *err)
{
	const char *source = function_secret_find(want, f, name);

	if (!source)
		return err_set(err, -ENOENT,
			"%s:%d: function '%s' wants the secret '%s', which is neither in "
			"faas.secrets nor in the swarm; 'faas-cli secret create' makes one",
			fn->file, fn->line, fn->name, name);
	*ret_source = source;
	return 0;
}
