/* What every judge uses to say what it found: see judge.h. */
#include "probe/judge.h"

#include "lib/base/quote.h"

static char *_printf_(2, 0) vformat(struct judge *j, const char *fmt, va_list ap)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_vaddf(&text, fmt, ap);
	return arena_strdup(&j->health->arena, buf_str(&text));
}

/* A probe never says worse than its severity. */
static enum health_state capped(const struct probe *p, enum health_state state)
{
	static const enum health_state worst[] = {
		[HEALTH_INFO] = HEALTH_NOTE,
		[HEALTH_WARNING] = HEALTH_WARN,
		[HEALTH_CRITICAL] = HEALTH_FAIL,
	};

	return state == HEALTH_SKIP ? state : MIN_OF(state, worst[p->severity]);
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
	r->state = capped(j->probe, state);
	r->severity = j->probe->severity;
	r->deadline = j->probe->deadline;
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

bool late(struct judge *j, const struct node_evidence *e, enum answer_section section)
{
	struct health_result *r;

	if (skip_unanswered(j, e))
		return true;
	if (!e->answer.late[section])
		return false;
	r = found(j, e->node, HEALTH_FAIL, "no answer within %d s", j->probe->deadline);
	remedy(j, r,
		"is its disk dead or overloaded? On the node: 'dmesg | tail', 'cat "
		"/proc/pressure/io'");
	return true;
}

const char *amount(struct judge *j, double bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	size_t u = 0;

	while (bytes >= 1000 && u + 1 < ARRAY_SIZE(units)) {
		bytes /= 1000;
		u++;
	}
	return arena_printf(&j->health->arena, "%.*f %s", bytes < 10 && u ? 1 : 0, bytes, units[u]);
}

const char *span(struct judge *j, double seconds)
{
	struct arena *arena = &j->health->arena;

	if (seconds < 120)
		return arena_printf(arena, "%.0f s", seconds);
	if (seconds < 7200)
		return arena_printf(arena, "%.0f min", seconds / 60);
	if (seconds < 2 * 86400)
		return arena_printf(arena, "%.0f h", seconds / 3600);
	return arena_printf(arena, "%.0f days", seconds / 86400);
}
