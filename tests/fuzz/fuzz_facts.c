/*
 * Feeds arbitrary text to the facts parser (with it docker's JSON and base64), looks everything up
 * in what came of it, and plans every kind of resource against it: a node may say anything.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/xalloc.h"
#include "lib/node/change.h"
#include "lib/node/pending.h"
#include "lib/node/script.h"
#include "lib/node/undo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Texts for people hold nothing that a terminal would act upon. */
static void check_shown(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			abort();
}

static void check_changes(const struct change_set *set)
{
	size_t owned = 0;

	for (size_t i = 0; i < set->n; i++) {
		check_shown(set->changes[i].name);
		check_shown(set->changes[i].before);
		check_shown(set->changes[i].after);
	}
	for (size_t i = 0; i < set->n_steps; i++) {
		const struct step *s = &set->steps[i];

		check_shown(s->title);
		if (!s->call || s->n_awaits > s->n_frames || s->first + s->n > set->n)
			abort();
		owned += s->n;
	}
	if (owned != set->n)
		abort();
}

static void want_kinds(struct resource_set *want)
{
	struct resource *r;

	resource_add(want, RES_PACKAGE, "nginx", "w");
	r = resource_add(want, RES_FILE, "/f", "w");
	r->file.content = "x";
	r->file.len = 1;
	resource_add(want, RES_DIRECTORY, "/d", "w")->directory.mode = 0755;
	resource_add(want, RES_SYSCTL, "net.core.somaxconn", "w")->sysctl.value = "65535";
	resource_add(want, RES_UNIT, "nginx.service", "w");
	resource_add(want, RES_DAEMON, "/d.json", "w")->daemon.wanted = "{\"a\":{\"b\":1}}";
	r = resource_add(want, RES_SWARM, "swarm", "w");
	r->swarm.address = "10.0.0.1";
	r->swarm.leader = "10.0.0.2";
	r = resource_add(want, RES_LABEL, "svarm.worker", "w");
	r->label.address = "10.0.0.1";
	r->label.node = "n1";
	r->label.value = "true";
	resource_add(want, RES_NETWORK, "svarm", "w");
	r = resource_add(want, RES_IMAGE, "a:1", "w");
	r->image.id = "sha256:1";
	r->image.archive = "/a";
	resource_add(want, RES_SECRET, "pw", "w")->secret.value = "v";
	r = resource_add(want, RES_CONFIG, "c", "w");
	r->config.content = "x";
	r->config.len = 1;
	resource_add(want, RES_STACK, "fn", "w");
	resource_add(want, RES_FUNCTIONS, "functions", "w");
}

/* Each kind alone, because one that refuses ends a diff. */
static void plan(const struct facts *f, struct arena *arena)
{
	struct resource_set want = {.arena = arena}, one = {.arena = arena, .n = 1};

	want_kinds(&want);
	for (size_t i = 0; i < want.n; i++) {
		struct change_set set = {.arena = arena};
		struct err err = ERR_INIT;

		one.items = &want.items[i];
		if (change_diff(&one, f, &set, &err) < 0)
			check_shown(err_msg(&err));
		else
			check_changes(&set);
		err_done(&err);
	}
}

static void undo(const struct facts *f, struct arena *arena)
{
	const char *const images[] = {NULL};

	for (int leader = 0; leader < 2; leader++) {
		struct change_set set = {.arena = arena};
		const struct undo_role role = {.leader = leader, .images = images};

		if (undo_changes(f, &role, &set, NULL) < 0)
			abort();
		change_close(&set, 0);
		pending_changes(f, &set);
		check_changes(&set);
	}
}

static void compile(const struct facts *f, struct arena *arena)
{
	const struct script_role role = {.leader = true, .owner = f->hostname};
	struct change_set set = {.arena = arena};
	struct script script = {0};

	pending_changes(f, &set);
	if (script_compile(&set, &role, arena, &script, NULL) < 0)
		abort();
	script_done(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct facts f = {0};

	if (facts_parse((const char *)data, size, &f, &err) < 0) {
		check_shown(err_msg(&err));
	} else {
		facts_has_image(&f, "a:1", "sha256:1");
		facts_address(&f, "10.0.0.1");
		facts_swarm_node_by_id(&f, "x");
		plan(&f, &arena);
		undo(&f, &arena);
		compile(&f, &arena);
	}
	facts_done(&f);
	arena_done(&arena);
	err_done(&err);
	return 0;
}
