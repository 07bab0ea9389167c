/* What every judge uses to say what it found: see judge.h. */
#include "probe/judge.h"

#include "lib/base/quote.h"

static char *_printf_(2, 0) vformat(struct judge *j, const char *fmt, va_list ap)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_vaddf(&text, fmt, ap);
	return arena_strdup(&j->health->arena, buf_str(&text));
}

struct health_result *found(
	struct judge *j, const struct spec_node *n, enum health_state state, const char *fmt, ...)
{
	struct health *h = j->health;
	struct health_result *r;
	va_list ap;

	r = arena_push(&h->arena, h->rows, h->n, h->cap);
	r->id = j->probe->id;
	r->group = j->probe->group;
	r->node = n ? n->name : NULL;
	r->state = state;
	va_start(ap, fmt);
	r->text = vformat(j, fmt, ap);
	va_end(ap);
	return r;
}

void remedy(struct judge *j, struct health_result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	r->remedy = vformat(j, fmt, ap);
	va_end(ap);
}

void subject(struct judge *j, struct health_result *r, const char *raw)
{
	r->subject = shown(j, raw, 80);
}

const char *shown(struct judge *j, const char *raw, size_t max)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t len;

	raw = raw ? raw + strspn(raw, " \t\r\n") : "";
	len = strlen(raw);
	while (len && strchr(" \t\r\n", raw[len - 1]))
		len--;
	escape_text(&text, raw, MIN_OF(len, max), false);
	if (len > max)
		buf_adds(&text, "…");
	return arena_strdup(&j->health->arena, buf_str(&text));
}

const char *duration(struct judge *j, double seconds)
{
	struct arena *arena = &j->health->arena;

	if (seconds >= 1)
		return arena_printf(arena, "%.1fs", seconds);
	return arena_printf(arena, "%.*f ms", seconds < 0.1 ? 1 : 0, seconds * 1000);
}

const char *function_service(struct judge *j, const struct spec_function *fn)
{
	if (j->ev->cluster->faas.engine == ENGINE_OPENFAAS)
		return fn->name;
	return arena_printf(&j->health->arena, "fn_%s", fn->name);
}

bool skip_openfaas(struct judge *j, const struct spec_node *n)
{
	if (j->ev->cluster->faas.engine != ENGINE_OPENFAAS)
		return false;
	found(j, n, HEALTH_SKIP,
		"engine openfaas: its containers hold no program of svarm's to do it with");
	return true;
}

bool skip_unanswered(struct judge *j, const struct node_evidence *e)
{
	if (e->answered)
		return false;
	found(j, e->node, HEALTH_SKIP,
		e->connected ? "the node does not say" : "the node is not reachable");
	return true;
}

bool skip_dockerless(struct judge *j, const struct node_evidence *e)
{
	if (skip_unanswered(j, e))
		return true;
	if (e->answer.docker == DOCKER_ANSWERS)
		return false;
	found(j, e->node, HEALTH_SKIP, "docker does not answer there");
	return true;
}
