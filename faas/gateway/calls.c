/* Counters of calls through Redis: see calls.h. */
#include "faas/gateway/calls.h"

#include <sys/random.h>

#include "faas/common/board.h"
#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "lib/base/xalloc.h"

void calls_name_gateway(char ret[CALLS_GATEWAY_LEN + 1])
{
	uint64_t n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		abort();
	snprintf(ret, CALLS_GATEWAY_LEN + 1, "%016llx", (unsigned long long)n);
}

static struct load_counts counts_of(const struct plane_function *f)
{
	struct load_counts c = {.started = f->started, .last_ms = f->last_ms};

	c.finished = f->started > f->inflight ? f->started - f->inflight : 0;
	for (size_t i = 0; i < f->codes_n; i++)
		c.micros += f->codes[i].micros;
	return c;
}

void calls_add_own(const struct plane_sample *s, const char *gateway, struct load *l)
{
	load_add_gateway(l, gateway);
	for (size_t i = 0; i < s->functions_n; i++) {
		struct load_counts c = counts_of(&s->functions[i]);

		load_add(l, gateway, s->functions[i].name, &c);
	}
}

int calls_publish(struct redis *r, const char *gateway, const struct plane_sample *s,
	long expire_ms, struct err *err)
{
	_cleanup_free_ char *key = xasprintf(KEY_CALLS "%s", gateway);
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct board_note *notes = arena_array(&a, struct board_note, s->functions_n + 1);

	/* So that a gateway that nobody has called yet is known to be there. */
	notes[s->functions_n] = (struct board_note){"", ""};
	for (size_t i = 0; i < s->functions_n; i++) {
		_cleanup_buf_ struct buf value = BUF_INIT;
		struct load_counts c = counts_of(&s->functions[i]);

		load_counts_print(&c, &value);
		notes[i] = (struct board_note){
			s->functions[i].name, arena_strdup(&a, buf_str(&value))};
	}
	return board_pin(r, key, notes, s->functions_n + 1, expire_ms, err);
}

static void add_gateway(void *arg, const char *gateway, const redisReply *hash)
{
	struct load *l = arg;
	struct board_note note;
	struct load_counts c;
	size_t len;

	if (strlen(gateway) != CALLS_GATEWAY_LEN || gateway[strspn(gateway, "0123456789abcdef")])
		return;
	load_add_gateway(l, gateway);
	for (size_t i = 0; board_note_at(hash, i, &note, &len); i++)
		if (name_is_function(note.name) && load_counts_parse(note.value, len, &c))
			load_add(l, gateway, note.name, &c);
}

int calls_collect(struct redis *r, struct load *l, struct err *err)
{
	return board_read(r, KEY_CALLS, add_gateway, l, err);
}
