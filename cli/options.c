/* The command line parser and the help made from its tables: see options.h. */
#include "cli/options.h"

#include <limits.h>

#include "lib/base/quote.h"
#include "lib/base/width.h"
#include "lib/base/xalloc.h"
#include "lib/spec/suggest.h"

enum { HELP_INDENT = 28 };

struct parse {
	const struct option_set *sets;
	size_t n_sets;
	int argc;
	char **argv;
	int at; /* next member of argv to look at */
};

bool option_in(const struct option_set *set, const struct option *o)
{
	return !set->bits || (o->bit & set->bits);
}

/* The row named @name (@len bytes), or with letter @letter; its struct in *@ret_values. */
static const struct option *find(
	const struct parse *p, const char *name, size_t len, char letter, void **ret_values)
{
	for (size_t s = 0; s < p->n_sets; s++)
		for (const struct option *o = p->sets[s].options; o && o->name; o++) {
			if (!option_in(&p->sets[s], o))
				continue;
			if (name ? strlen(o->name) != len || memcmp(o->name, name, len) != 0
				 : o->letter != letter)
				continue;
			*ret_values = p->sets[s].values;
			return o;
		}
	return NULL;
}

static const char *nearest(const struct parse *p, const char *name)
{
	_cleanup_free_ const char **words = NULL;
	size_t n = 0, cap = 0;

	for (size_t s = 0; s < p->n_sets; s++)
		for (const struct option *o = p->sets[s].options; o && o->name; o++) {
			if (!option_in(&p->sets[s], o))
				continue;
			xgrow(words, n, cap);
			words[n++] = o->name;
		}
	return suggest(name, words, n);
}

static bool takes_value(const struct option *o)
{
	return o->kind == OPTION_STRING || o->kind == OPTION_NUMBER || o->kind == OPTION_LIST;
}

static int set_number(const struct option *o, int *where, const char *value, struct err *err)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (end == value || *end || errno || n < o->min || n > o->max)
		return err_set(err, -EINVAL, "option '--%s' wants a number from %d to %d, not '%s'",
			o->name, o->min, o->max, value);
	*where = (int)n;
	return 0;
}

static int set_value(const struct option *o, void *values, const char *value, struct err *err)
{
	void *where = (char *)values + o->offset;
	struct option_list *list = where;

	if (value && !*value)
		return err_set(err, -EINVAL, "option '--%s' has an empty value", o->name);
	switch (o->kind) {
	case OPTION_FLAG: *(bool *)where = true; return 0;
	case OPTION_MORE: *(int *)where += *(int *)where < 9; return 0;
	case OPTION_LESS: *(int *)where -= *(int *)where > -9; return 0;
	case OPTION_STRING: *(const char **)where = value; return 0;
	case OPTION_NUMBER: return set_number(o, where, value, err);
	case OPTION_LIST:
		xgrow(list->items, list->n, list->cap);
		list->items[list->n++] = value;
		return 0;
	}
	return 0;
}

static int unknown(const struct parse *p, const char *arg, const char *name, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *near = name ? nearest(p, name) : NULL;

	escape_text(&shown, arg, strlen(arg), false);
	if (near)
		return err_set(err, -EINVAL, "unknown option '%s'; did you mean '--%s'?",
			buf_str(&shown), near);
	return err_set(err, -EINVAL, "unknown option '%s'", buf_str(&shown));
}

static int parse_long(struct parse *p, char *arg, struct err *err)
{
	const char *name = arg + 2, *value = strchr(name, '=');
	_cleanup_free_ char *bare = xstrndup(name, strcspn(name, "="));
	const struct option *o;
	void *values;

	o = find(p, bare, strlen(bare), 0, &values);
	if (!o) {
		_cleanup_free_ char *dashed = xasprintf("--%s", bare);

		return unknown(p, dashed, bare, err);
	}
	if (!takes_value(o) && value)
		return err_set(err, -EINVAL, "option '--%s' takes no value", o->name);
	if (!takes_value(o))
		return set_value(o, values, NULL, err);
	if (!value && o->alone) {
		*(int *)((char *)values + o->offset) = o->alone;
		return 0;
	}
	if (!value && p->at == p->argc)
		return err_set(err, -EINVAL, "option '--%s' needs a value: --%s %s", o->name,
			o->name, o->value);
	return set_value(o, values, value ? value + 1 : p->argv[p->at++], err);
}

static int unknown_letter(const struct parse *p, const char *arg, char letter, struct err *err)
{
	if (arg[2] && nearest(p, arg + 1))
		return unknown(p, arg, arg + 1, err);
	return unknown(p, (char[]){'-', letter, 0}, NULL, err);
}

static int parse_short(struct parse *p, char *arg, struct err *err)
{
	void *unused;

	/* "-json" is a long option short of a dash, not -j with the value "son". */
	if (arg[2] && find(p, arg + 1, strcspn(arg + 1, "="), 0, &unused))
		return unknown(p, arg, arg + 1, err);
	for (char *c = arg + 1; *c; c++) {
		void *values;
		const struct option *o = find(p, NULL, 0, *c, &values);
		int r;

		if (!o)
			return unknown_letter(p, arg, *c, err);
		if (takes_value(o)) {
			if (!c[1] && p->at == p->argc)
				return err_set(err, -EINVAL, "option '-%c' needs a value: -%c %s",
					*c, *c, o->value);
			return set_value(o, values, c[1] ? c + 1 : p->argv[p->at++], err);
		}
		r = set_value(o, values, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct option_set *sets, size_t n_sets, int argc, char **argv,
	bool stop_at_argument, int *ret_n_args, struct err *err)
{
	struct parse p = {.sets = sets, .n_sets = n_sets, .argc = argc, .argv = argv};
	int n_args = 0;

	while (p.at < argc) {
		char *arg = argv[p.at++];
		int r = 0;

		if (!strcmp(arg, "--") && !stop_at_argument)
			break;
		if (arg[0] != '-' || !arg[1]) {
			if (stop_at_argument) {
				*ret_n_args = p.at - 1;
				return 0;
			}
			argv[n_args++] = arg;
			continue;
		}
		r = arg[1] == '-' ? parse_long(&p, arg, err) : parse_short(&p, arg, err);
		if (r < 0)
			return r;
	}
	if (stop_at_argument) {
		*ret_n_args = argc;
		return 0;
	}
	while (p.at < argc)
		argv[n_args++] = argv[p.at++];
	*ret_n_args = n_args;
	return 0;
}

void options_help(const struct option_set *set, struct buf *out)
{
	for (const struct option *o = set->options; o && o->name; o++) {
		_cleanup_buf_ struct buf left = BUF_INIT;

		if (!option_in(set, o))
			continue;
		if (o->letter)
			buf_addf(&left, "  -%c, --%s", o->letter, o->name);
		else
			buf_addf(&left, "      --%s", o->name);
		if (o->value)
			buf_addf(&left, o->alone ? "[=%s]" : " %s", o->value);
		if (left.len + 2 > HELP_INDENT) {
			buf_addc(&left, '\n');
			text_pad(&left, HELP_INDENT);
		} else {
			text_pad(&left, HELP_INDENT - left.len);
		}
		buf_adds(out, left.data);
		text_wrap(out, o->help, HELP_WIDTH, HELP_INDENT, HELP_INDENT);
		buf_addc(out, '\n');
	}
}

void option_list_done(struct option_list *l)
{
	free(l->items);
	*l = (struct option_list){0};
}
