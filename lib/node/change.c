/*
 * From wanted resources and facts to changes and steps.  The order of the resources is kept: it is
 * the order in which the node is brought there.
 */
#include "lib/node/change.h"

#include <assert.h>
#include <stdarg.h>

#include "lib/base/quote.h"
#include "lib/node/kind.h"

const char *change_text(struct arena *a, const char *text)
{
	struct buf b = BUF_INIT;
	const char *s;

	if (!text)
		return NULL;
	escape_text(&b, text, strlen(text), false);
	s = arena_strdup(a, buf_str(&b));
	buf_done(&b);
	return s;
}

struct change *change_add(struct change_set *set, enum change_action action,
	const struct resource *r, const char *before, const char *after)
{
	struct change *c = arena_push(set->arena, set->changes, set->n, set->cap);

	c->action = action;
	c->kind = r->kind;
	c->name = change_text(set->arena, r->name);
	c->why = r->why;
	c->before = change_text(set->arena, before);
	c->after = change_text(set->arena, after);
	return c;
}

struct step *step_add(struct change_set *set, usec_t timeout, const char *title_fmt, ...)
{
	struct step *s = arena_push(set->arena, set->steps, set->n_steps, set->cap_steps);
	_cleanup_buf_ struct buf title = BUF_INIT;
	va_list ap;

	va_start(ap, title_fmt);
	buf_vaddf(&title, title_fmt, ap);
	va_end(ap);
	s->title = change_text(set->arena, buf_str(&title));
	s->timeout = timeout;
	s->first = set->n;
	return s;
}

void step_call(struct change_set *set, struct step *s, const char *function, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *arg;
	va_list ap;

	buf_adds(&b, function);
	va_start(ap, function);
	while ((arg = va_arg(ap, const char *))) {
		buf_addc(&b, ' ');
		quote_sh(&b, arg);
	}
	va_end(ap);
	s->call = arena_strdup(set->arena, buf_str(&b));
}

void step_call_list(struct change_set *set, struct step *s, const char *function, const char *first,
	const char *const *args, size_t n)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, function);
	if (first) {
		buf_addc(&b, ' ');
		quote_sh(&b, first);
	}
	for (size_t i = 0; i < n; i++) {
		buf_addc(&b, ' ');
		quote_sh(&b, args[i]);
	}
	s->call = arena_strdup(set->arena, buf_str(&b));
}

static struct frame *frame_add(struct change_set *set, struct step *s)
{
	return arena_push(set->arena, s->frames, s->n_frames, s->cap_frames);
}

void step_data(struct change_set *set, struct step *s, const char *data, size_t len, bool secret)
{
	*frame_add(set, s) = (struct frame){FRAME_DATA, data, len, secret};
}

void step_file(struct change_set *set, struct step *s, const char *path)
{
	*frame_add(set, s) = (struct frame){FRAME_FILE, path, 0, false};
}

void step_await(struct change_set *set, struct step *s, const char *promise)
{
	assert(s->n_awaits == s->n_frames);
	s->n_awaits++;
	*frame_add(set, s) = (struct frame){FRAME_PROMISE, promise, 0, false};
}

void step_promise(struct change_set *set, struct step *s, const char *promise)
{
	*frame_add(set, s) = (struct frame){FRAME_PROMISE, promise, 0, true};
}

/* How many resources from @i on are of one kind that wants to see them together. */
static size_t run_length(const struct resource_set *want, size_t i)
{
	size_t n = 1;

	if (!kind_of(want->items[i].kind)->merge)
		return 1;
	while (i + n < want->n && want->items[i + n].kind == want->items[i].kind)
		n++;
	return n;
}

/* A step counts the changes that were added since it began. */
void change_close(struct change_set *set, size_t first_step)
{
	for (size_t i = first_step; i < set->n_steps; i++) {
		size_t end = i + 1 < set->n_steps ? set->steps[i + 1].first : set->n;

		set->steps[i].n = end - set->steps[i].first;
	}
}

int change_diff(const struct resource_set *want, const struct facts *facts, struct change_set *ret,
	struct err *err)
{
	size_t first_step = ret->n_steps, n;
	int r;

	for (size_t i = 0; i < want->n; i += n) {
		const struct resource *res = &want->items[i];

		n = run_length(want, i);
		r = kind_of(res->kind)->diff(res, n, facts, ret, err);
		if (r < 0)
			return err_wrap(err, "%s '%s'", kind_of(res->kind)->name, res->name);
	}
	change_close(ret, first_step);
	return 0;
}
