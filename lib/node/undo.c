/* What `svarm down` does on a node: see undo.h. */
#include "lib/node/undo.h"

#include "lib/base/quote.h"
#include "lib/node/script.h"

#define STATE "/var/lib/svarm/"

enum { UNDO_TIMEOUT_S = 300 };

void undo_ask(struct buf *question)
{
	facts_ask(question, "file", STATE "swarm");
	facts_ask(question, "file", STATE "original");
	facts_ask(question, "read", STATE "packages");
	facts_ask(question, "read", STATE "enabled");
	facts_ask(question, "read", STATE "created");
	facts_ask(question, "read", STATE "sysctl");
	facts_ask(question, "unit", "nginx.service");
}

/* A step that is one change: "remove NAME". */
static struct step *add(struct change_set *set, enum resource_kind kind, const char *name,
	const char *before, const char *title)
{
	struct resource r = {.kind = kind, .name = arena_strdup(set->arena, name)};
	struct step *s = step_add(set, UNDO_TIMEOUT_S * USEC_PER_SEC, "%s", title);

	change_add(set, CHANGE_REMOVE, &r, before, NULL);
	return s;
}

/* One call with the lines of a state file as arguments; a package's or unit's name only. */
static const char *call_with_lines(
	struct change_set *set, const char *function, const struct fact_file *f)
{
	_cleanup_buf_ struct buf call = BUF_INIT;
	char *copy = arena_strndup(set->arena, f->content, f->content_len), *line;

	buf_adds(&call, function);
	while ((line = strsep(&copy, "\n"))) {
		if (!*line || line[0] == '-')
			continue;
		buf_addc(&call, ' ');
		quote_sh(&call, line);
	}
	return arena_strdup(set->arena, buf_str(&call));
}

static bool has_lines(const struct fact_file *f)
{
	return f && f->type == FILE_REGULAR && f->content && f->content_len;
}

static bool has_line(const struct fact_file *f, const char *wanted, struct arena *arena)
{
	char *copy, *line;

	if (!has_lines(f))
		return false;
	copy = arena_strndup(arena, f->content, f->content_len);
	while ((line = strsep(&copy, "\n")))
		if (!strcmp(line, wanted))
			return true;
	return false;
}

/* Always on a leader with a swarm, even with nothing left in it: the others wait for its "emptied"
 * before they leave. */
static void undo_services(const struct facts *facts, struct change_set *ret)
{
	struct step *s;

	if (facts->swarm != SWARM_ACTIVE || !facts->swarm_manager)
		return;
	s = add(ret, RES_STACK, "svarm, fn", "deployed",
		"remove the services, network and secrets");
	step_call(ret, s, "cluster_empty", "fn", "svarm", NULL);
}

static void undo_swarm(
	const struct facts *facts, const struct undo_role *role, struct change_set *ret)
{
	const struct fact_file *joined = facts_file(facts, STATE "swarm");
	struct step *s;

	if (facts->swarm != SWARM_ACTIVE || !joined || joined->type != FILE_REGULAR)
		return;
	s = add(ret, RES_SWARM, "swarm", facts->swarm_manager ? "manager" : "worker",
		"leave the swarm");
	step_call(ret, s, "swarm_leave", facts->swarm_manager ? "manager" : "worker", NULL);
	/* The others leave while there is somebody to tell; the leader goes last. */
	step_await(ret, s, role->leader ? PROMISE_ALL_DONE : "emptied");
}

static void undo_images(const struct undo_role *role, struct change_set *ret)
{
	_cleanup_buf_ struct buf call = BUF_INIT;
	struct step *s;

	buf_adds(&call, "images_remove");
	for (const char *const *tag = role->images; tag && *tag; tag++) {
		buf_addc(&call, ' ');
		quote_sh(&call, *tag);
	}
	s = add(ret, RES_IMAGE, "svarm/*", "loaded", "remove images and volumes");
	s->call = arena_strdup(ret->arena, buf_str(&call));
}

static void undo_packages(const struct facts *facts, struct change_set *ret)
{
	const struct fact_file *f = facts_file(facts, STATE "packages");
	struct step *s;

	if (!has_lines(f))
		return;
	s = add(ret, RES_PACKAGE, "those svarm installed", "installed", "remove packages");
	s->call = call_with_lines(ret, "packages_purge", f);
}

static void undo_files(const struct facts *facts, struct change_set *ret)
{
	const struct fact_file *original = facts_file(facts, STATE "original");
	struct step *s;

	if (!has_lines(facts_file(facts, STATE "created")) &&
		(!original || original->type != FILE_DIRECTORY))
		return;
	s = add(ret, RES_FILE, "those svarm wrote", "written", "give back the original files");
	step_call(ret, s, "files_restore", NULL);
}

static void undo_sysctl(const struct facts *facts, struct change_set *ret)
{
	struct step *s;

	if (!has_lines(facts_file(facts, STATE "sysctl")))
		return;
	s = add(ret, RES_SYSCTL, "kernel settings", "set", "give back the kernel settings");
	step_call(ret, s, "sysctl_restore", NULL);
}

/* An nginx that ran before svarm came runs on, with its own configuration. */
static void reload_kept(const struct facts *facts, struct change_set *ret)
{
	const struct fact_unit *nginx = facts_unit(facts, "nginx.service");
	struct step *s;

	if (!nginx || !nginx->active ||
		has_line(facts_file(facts, STATE "packages"), "nginx", ret->arena))
		return;
	s = step_add(ret, UNDO_TIMEOUT_S * USEC_PER_SEC, "reload nginx.service");
	step_call(ret, s, "unit_reload", "nginx.service", NULL);
}

int undo_changes(const struct facts *facts, const struct undo_role *role, struct change_set *ret,
	struct err *err)
{
	const struct fact_file *enabled = facts_file(facts, STATE "enabled");
	const struct fact_file *packages = facts_file(facts, STATE "packages");
	bool docker_stays = facts->docker_running && !has_line(packages, "docker.io", ret->arena) &&
			    !has_line(packages, "docker-ce", ret->arena);
	struct step *s;

	if (role->leader)
		undo_services(facts, ret);
	undo_swarm(facts, role, ret);
	if (docker_stays && ret->n_steps)
		undo_images(role, ret);
	if (has_lines(enabled)) {
		s = add(ret, RES_UNIT, "those svarm started", "enabled", "stop services");
		s->call = call_with_lines(ret, "units_down", enabled);
	}
	undo_files(facts, ret);
	undo_sysctl(facts, ret);
	undo_packages(facts, ret);
	if (!ret->n_steps)
		return 0;
	reload_kept(facts, ret);
	s = step_add(ret, UNDO_TIMEOUT_S * USEC_PER_SEC, "forget");
	step_call(ret, s, "state_forget", NULL);
	return 0;
}
